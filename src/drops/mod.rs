//! One-time pages. A new credential waits on one until a person reveals it, once; a secret value that a call
//! wants is typed into one, and the same call made again uses it, once. The link opens nothing by itself:
//! whoever uses the page also brings a code that this server told its operator, or the owner's bearer.
//!
//! `secrets` makes them, the HTTP doors show them, `cli` revokes what nobody revealed in time. Rows in the
//! store are sealed under a key that the store doesn't hold.

mod code;
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
use seal::Seal;

/// How long a page waits for its person.
pub const HOLDS: TimeDelta = TimeDelta::minutes(15);
/// Wrong codes or bearers that close a page.
const TRIES: u32 = 5;
/// Between two looks at a page that somebody waits for; another process may be the one that shows it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Which call a page is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    pub tenant: String,
    /// `Caller::identity`.
    pub caller: String,
    pub tool: String,
    /// What the credential is called, or what the value is for.
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It shows a credential.
    Sink,
    /// It asks for a value.
    Source,
}

/// What whoever uses a page has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Code,
    Bearer,
}

/// What they brought.
pub enum Brought<'a> {
    Code(&'a str),
    /// Whether it is the owner's.
    Bearer(bool),
}

/// A page as whoever has its link may see it.
#[derive(Clone, Debug)]
pub struct Page {
    pub id: String,
    pub kind: Kind,
    pub purpose: Purpose,
    /// The first characters of what waits on it.
    pub prefix: Option<String>,
    pub wants: Wants,
    pub until: DateTime<Utc>,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// For a person.
    Waiting,
    /// A value was typed in and isn't used yet.
    Filled,
    /// Used, or over.
    Gone,
}

/// What became of an attempt to use a page.
#[derive(Debug)]
pub enum Tried<T> {
    Done(T),
    Wrong { left: u32 },
    Gone,
}

/// Where a page is, in words that may be told to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub until: DateTime<Utc>,
    wants: Wants,
}

impl Link {
    pub fn text(&self) -> String {
        let until = self.until.format("%Y-%m-%dT%H:%M:%SZ");
        let with = match self.wants {
            Wants::Code => "the code on the server's stderr",
            Wants::Bearer => "the owner's bearer",
        };
        format!("{} (a page for a person, once, until {until}, with {with})", self.url)
    }

    /// The id of the page at an address.
    pub fn id_in(url: &str) -> &str {
        url.rsplit('/').next().unwrap_or_default()
    }
}

/// A credential that nobody revealed in time, and that therefore nobody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheld {
    pub id: String,
    pub prefix: String,
    /// It is a token of this workspace; otherwise an org key.
    pub workspace: Option<String>,
}

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
    /// Pages of this process that hold a credential.
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

    pub async fn look(&self, id: &str, now: DateTime<Utc>) -> Result<Option<Page>, Failure> {
        let id = id.to_owned();
        self.0.store.read(move |rows| table::get(rows, &id, now)).await
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
            Tried::Done(sealed) => Tried::Done(self.0.seal.open(id, &sealed)?),
            Tried::Wrong { left } => Tried::Wrong { left },
            Tried::Gone => Tried::Gone,
        })
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
            match self.look(id, Utc::now()).await?.map(|page| page.standing) {
                Some(Standing::Waiting) => tokio::time::sleep(BETWEEN_LOOKS).await,
                standing => return Ok(standing.unwrap_or(Standing::Gone)),
            }
        }
    }

    /// Pages of this process on which a credential still waits.
    pub async fn waiting_here(&self) -> Result<Vec<Page>, Failure> {
        let mut waiting = Vec::new();
        let here = self.lock_here().clone();
        for id in here {
            let page = self.look(&id, Utc::now()).await?;
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

/// Where a call's wanted value stands.
#[derive(Debug)]
pub enum Wanted {
    Filled,
    Waits(Link),
}

struct Draft {
    row: table::Row,
    link: Link,
    code: Option<OneTimeCode>,
}

/// A page that waits for its credential. Dropped unused, it leaves nothing behind.
pub struct Reserved {
    drops: Drops,
    id: String,
    link: Link,
    code: Option<OneTimeCode>,
}

impl Reserved {
    /// Puts a credential on the page. If nobody reveals it, it will be revoked as a token of `workspace`, or
    /// as an org key.
    pub async fn hold(
        &self,
        credential: &Credential,
        workspace: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Link, Failure> {
        let link = Link { until: now + HOLDS, ..self.link.clone() };
        // The minting took its time: the page lasts from now on.
        self.drops.shows()?.show(&self.drops, link.until).await?;
        let held = table::Held {
            id: self.id.clone(),
            sealed: self.drops.0.seal.close(&self.id, credential)?,
            prefix: credential.prefix(),
            workspace,
            until: link.until,
        };
        let is_there = self.drops.0.store.change(Durability::Synced, move |rows| table::hold(rows, &held)).await?;
        if !is_there {
            return Err(Failure::new(Code::Internal, "the one-time page was gone before the credential came")
                .next("Mint again."));
        }
        self.drops.lock_here().push(self.id.clone());
        self.drops.tell_code(self.code.as_ref(), &link);
        Ok(link)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let id = std::mem::take(&mut self.id);
        self.drops.0.store.write_later(Box::new(move |rows| table::forget_reserved(rows, &id)));
    }
}
