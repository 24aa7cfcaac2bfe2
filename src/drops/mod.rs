//! One-time pages. A new credential waits on one until a person reveals it, once; a secret value that a call
//! wants is typed into one, and the same call made again uses it, once. The link opens nothing by itself:
//! whoever uses the page also brings a code that this server told its operator, or the owner's bearer.
//!
//! `secrets` makes them, the HTTP doors show them, `cli` revokes what nobody revealed in time. Rows in the
//! store are sealed under a key that the store doesn't hold.

mod code;
mod page;
mod reserved;
mod seal;
mod table;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::failure::{Code, Failure};
use crate::secrets::Credential;
use crate::store::{Durability, Store};

pub use code::OneTimeCode;
pub use page::{Brought, Kind, Link, Page, Purpose, Standing, Tried, Unheld, Wanted, Wants};
pub use reserved::Reserved;
use seal::Seal;

/// How long a page waits for its person.
pub const HOLDS: TimeDelta = TimeDelta::minutes(15);
/// Wrong codes or bearers that close a page.
const TRIES: u32 = 5;
/// Between two looks at a page that somebody waits for; another process may be the one that shows it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How pages are shown by this process.
pub trait Shows: Send + Sync {
    fn wants(&self) -> Wants;

    /// Has them shown until then at least; says below which address.
    fn show<'a>(&'a self, drops: &'a Drops, until: DateTime<Utc>) -> BoxFuture<'a, Result<String, Failure>>;
}

#[derive(Clone)]
pub struct Drops(Arc<Inner>);

struct Inner {
    store: Store,
    seal: Seal,
    /// Tells the operator what no answer may carry.
    tell: Box<dyn Fn(&str) + Send + Sync>,
    shows: OnceLock<Arc<dyn Shows>>,
    /// Pages that this process made.
    here: Mutex<Vec<String>>,
}

impl Drops {
    pub fn new(store: Store, secret: [u8; 64], tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            store,
            seal: Seal::new(secret),
            tell: Box::new(tell),
            shows: OnceLock::new(),
            here: Mutex::default(),
        }))
    }

    /// The first door says how.
    pub fn shown_by(&self, shows: Arc<dyn Shows>) {
        let _ = self.0.shows.set(shows);
    }

    /// A page that can be shown and a row that can be written, for a credential that isn't there yet.
    pub async fn reserve(&self, purpose: Purpose, now: DateTime<Utc>) -> Result<Reserved, Failure> {
        let draft = self.draft(Kind::Sink, purpose, now).await?;
        let reserved = Reserved { drops: self.clone(), link: draft.link, id: draft.row.id.clone(), code: draft.code };
        self.0.store.change(Durability::Written, move |rows| table::put(rows, &draft.row, now)).await?;
        Ok(reserved)
    }

    /// A page that asks for a value: the one that waits or is filled, where there is one that can be used.
    pub async fn ask(&self, purpose: Purpose, now: DateTime<Utc>) -> Result<Wanted, Failure> {
        let found = purpose.clone();
        let found = self.0.store.change(Durability::Written, move |rows| table::find(rows, &found, now)).await?;
        if let Some(page) = &found
            && page.standing == Standing::Filled
        {
            return Ok(Wanted::Filled);
        }
        // Only the process that shows a page told its code, so a page of another's is no use here.
        if let Some(page) = found
            && self.is_here(&page.id)
        {
            let base = self.shows()?.show(self, page.until).await?;
            return Ok(Wanted::Waits(Link { url: format!("{base}{}", page.id), until: page.until, wants: page.wants }));
        }
        let draft = self.draft(Kind::Source, purpose, now).await?;
        let (row, link) = (draft.row, draft.link);
        self.lock_here().push(row.id.clone());
        self.0.store.change(Durability::Written, move |rows| table::put(rows, &row, now)).await?;
        self.tell_code(draft.code.as_ref(), &link);
        Ok(Wanted::Waits(link))
    }

    /// The value that a person typed in for this; it works once.
    pub async fn take(&self, purpose: Purpose, now: DateTime<Utc>) -> Result<Option<Credential>, Failure> {
        let taken = self.0.store.change(Durability::Synced, move |rows| table::take(rows, &purpose, now)).await?;
        taken.map(|(id, sealed)| self.0.seal.open(&id, &sealed)).transpose()
    }

    pub fn look(&self, id: &str, now: DateTime<Utc>) -> Result<Option<Page>, Failure> {
        self.0.store.look(|rows| table::get(rows, id, now))
    }

    /// Shows what waits on a page. Of many who try it at once, one gets it.
    pub async fn reveal(
        &self,
        id: &str,
        brought: Brought<'_>,
        now: DateTime<Utc>,
    ) -> Result<Tried<Credential>, Failure> {
        let (row, proof) = (id.to_owned(), self.proof(id, &brought));
        let tried = self.0.store.change(Durability::Synced, move |rows| table::reveal(rows, &row, &proof, now)).await?;
        Ok(match tried {
            Tried::Done(sealed) => match self.0.seal.open(id, &sealed) {
                Ok(credential) => Tried::Done(credential),
                Err(failure) => return Err(self.lost(id, now, failure).await),
            },
            Tried::Wrong { left } => Tried::Wrong { left },
            Tried::Gone => Tried::Gone,
        })
    }

    /// What can't be opened any more reaches nobody, and is to be revoked.
    async fn lost(&self, id: &str, now: DateTime<Utc>, failure: Failure) -> Failure {
        let id = id.to_owned();
        let marked = self.0.store.change(Durability::Written, move |rows| table::lost(rows, &id, now)).await;
        marked.err().unwrap_or(failure)
    }

    /// Takes a value in.
    pub async fn fill(
        &self,
        id: &str,
        brought: Brought<'_>,
        value: &Credential,
        now: DateTime<Utc>,
    ) -> Result<Tried<()>, Failure> {
        let (row, proof, sealed) = (id.to_owned(), self.proof(id, &brought), self.0.seal.close(id, value)?);
        self.0.store.change(Durability::Written, move |rows| table::fill(rows, &row, &proof, &sealed, now)).await
    }

    /// When a page's person is done with it, or its time is over.
    pub async fn settled(&self, id: &str) -> Result<Standing, Failure> {
        loop {
            match self.look(id, Utc::now())?.map(|page| page.standing) {
                Some(Standing::Waiting) => tokio::time::sleep(BETWEEN_LOOKS).await,
                standing => return Ok(standing.unwrap_or(Standing::Gone)),
            }
        }
    }

    /// Pages of this process on which a credential still waits.
    pub fn waiting_here(&self) -> Result<Vec<Page>, Failure> {
        let mut waiting = Vec::new();
        let here = self.lock_here().clone();
        for id in here {
            let page = self.look(&id, Utc::now())?;
            waiting.extend(page.filter(|page| page.kind == Kind::Sink && page.standing == Standing::Waiting));
        }
        Ok(waiting)
    }

    /// Takes a page away before its time.
    pub async fn close(&self, id: &str, now: DateTime<Utc>) -> Result<(), Failure> {
        let id = id.to_owned();
        self.0.store.change(Durability::Written, move |rows| table::close(rows, &id, now)).await
    }

    /// When the next page of this tenant is over, or what was on it should be revoked.
    pub fn next_end(&self, tenant: &str) -> Option<DateTime<Utc>> {
        self.0.store.look(|rows| table::next_end(rows, tenant)).ok().flatten()
    }

    /// Empties pages that are over, and hands out what has to be revoked. What isn't revoked within a minute
    /// is handed out again.
    pub async fn unheld(&self, tenant: &str, now: DateTime<Utc>) -> Result<Vec<Unheld>, Failure> {
        let tenant = tenant.to_owned();
        self.0.store.change(Durability::Written, move |rows| table::unheld(rows, &tenant, now)).await
    }

    pub async fn revoked(&self, id: &str) -> Result<(), Failure> {
        let id = id.to_owned();
        self.0.store.change(Durability::Written, move |rows| table::revoked(rows, &id)).await
    }

    fn shows(&self) -> Result<Arc<dyn Shows>, Failure> {
        self.0.shows.get().cloned().ok_or_else(|| {
            Failure::new(Code::PreconditionFailed, "this process can't show one-time pages")
                .next("Name another place; `file` always works.")
        })
    }

    async fn draft(&self, kind: Kind, purpose: Purpose, now: DateTime<Utc>) -> Result<Draft, Failure> {
        let shows = self.shows()?;
        let (id, until, wants) = (code::new_id()?, now + HOLDS, shows.wants());
        let url = format!("{}{id}", shows.show(self, until).await?);
        let code = match wants {
            Wants::Code => Some(OneTimeCode::new()?),
            Wants::Bearer => None,
        };
        let proof = code.as_ref().map(|code| self.0.seal.mac(&id, code));
        Ok(Draft { row: table::Row { id, kind, purpose, proof, until }, link: Link { url, until, wants }, code })
    }

    fn proof(&self, id: &str, brought: &Brought<'_>) -> table::Proof {
        match brought {
            Brought::Code(typed) => table::Proof::Code(self.0.seal.mac(id, &OneTimeCode::typed(typed))),
            Brought::Bearer(good) => table::Proof::Bearer(*good),
        }
    }

    fn tell_code(&self, code: Option<&OneTimeCode>, link: &Link) {
        if let Some(code) = code {
            let until = link.until.format("%H:%M:%S UTC");
            (self.0.tell)(&format!("one-time page {} until {until}, code: {code}", link.url));
        }
    }

    fn is_here(&self, id: &str) -> bool {
        self.lock_here().iter().any(|here| here == id)
    }

    fn lock_here(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Draft {
    row: table::Row,
    link: Link,
    code: Option<OneTimeCode>,
}
