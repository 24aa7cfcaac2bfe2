//! When checkpoints are made: every 1,000 entries, 5 s after the first entry that none covers, and at an
//! orderly end. Root and signature are worked out beside the writer's thread, which only adds a row.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::chain::{Count, Hash};
use super::checkpoint::{self, Checkpoint};
use super::key::{PublicKey, SigningKey};
use super::merkle::Frontier;
use super::transfer::Line;
use crate::anchor::{Anchor, Sending};
use crate::failure::{Code, Failure};
use crate::store::{Durability, Store};

const ENTRIES: u64 = 1000;
const PAUSE: Duration = Duration::from_secs(5);
/// How long an orderly end waits for the anchor.
const FAREWELL: Duration = Duration::from_millis(300);

pub(super) struct Keeper {
    store: Store,
    tenant: Arc<str>,
    directory: PathBuf,
    key: OnceLock<SigningKey>,
    anchor: OnceLock<Sending>,
    news: Arc<News>,
    /// One at a time.
    at_work: Mutex<()>,
    _until: DropGuard,
}

/// Entries since this process last began a checkpoint.
#[derive(Default)]
struct News {
    count: AtomicU64,
    first: Notify,
    enough: Notify,
}

impl Keeper {
    /// Outside of a runtime there is no timer; checkpoints are then made where one is asked for.
    pub(super) fn start(store: Store, tenant: Arc<str>, directory: PathBuf) -> Arc<Self> {
        let until = CancellationToken::new();
        let keeper = Arc::new(Self {
            store,
            tenant,
            directory,
            key: OnceLock::new(),
            anchor: OnceLock::new(),
            news: Arc::default(),
            at_work: Mutex::default(),
            _until: until.clone().drop_guard(),
        });
        if let Ok(runtime) = Handle::try_current() {
            let kept = keep(Arc::downgrade(&keeper), Arc::clone(&keeper.news));
            runtime.spawn(async move { until.run_until_cancelled(kept).await });
        }
        keeper
    }

    pub(super) fn anchored(&self, anchor: Anchor) {
        self.anchor.get_or_init(|| Sending::start(anchor));
    }

    /// An entry has been handed to the store.
    pub(super) fn noticed(&self) {
        match self.news.count.fetch_add(1, Ordering::Relaxed) + 1 {
            1 => self.news.first.notify_one(),
            ENTRIES => self.news.enough.notify_one(),
            _ => {}
        }
    }

    /// Covers what no checkpoint covers yet. None if there is nothing.
    pub(super) async fn checkpoint(&self) -> Result<Option<Checkpoint>, Failure> {
        let _turn = self.at_work.lock().await;
        self.news.count.store(0, Ordering::Relaxed);
        // What was handed over before must be there to be covered.
        self.store.flush().await?;
        let tenant = Arc::clone(&self.tenant);
        let Some(next) = self.store.read(move |connection| next(connection, &tenant)).await? else {
            return Ok(None);
        };
        let next = next.map_err(broken)?;
        let signed = Checkpoint::sign(&self.tenant, next.number, &next.frontier, next.head, self.key()?);
        let row = signed.clone();
        // Synced, and with it all that it covers: whoever keeps it elsewhere will find that here.
        let inserted =
            self.store.change(Durability::Synced, move |connection| checkpoint::insert(connection, &row)).await?;
        if !inserted {
            // Another process was faster; what its checkpoint doesn't cover comes with the next.
            self.news.first.notify_one();
            return Ok(None);
        }
        let signed = signed.without_frontier();
        if let Some(anchor) = self.anchor.get() {
            anchor.put(Line::Checkpoint(signed.clone()).to_string());
        }
        Ok(Some(signed))
    }

    /// At an orderly end.
    pub(super) async fn finish(&self) -> Result<(), Failure> {
        if self.news.count.load(Ordering::Relaxed) > 0 {
            self.checkpoint().await?;
        }
        if let Some(anchor) = self.anchor.get() {
            anchor.settle(FAREWELL).await;
        }
        Ok(())
    }

    /// None where nothing was ever signed here.
    pub(super) fn public_key(&self) -> Result<Option<PublicKey>, Failure> {
        match self.key.get() {
            Some(key) => Ok(Some(key.public())),
            None => Ok(SigningKey::find(&self.directory)?.map(|key| key.public())),
        }
    }

    fn key(&self) -> Result<&SigningKey, Failure> {
        match self.key.get() {
            Some(key) => Ok(key),
            None => {
                let key = SigningKey::open(&self.directory)?;
                Ok(self.key.get_or_init(|| key))
            }
        }
    }
}

async fn keep(keeper: Weak<Keeper>, news: Arc<News>) {
    loop {
        news.first.notified().await;
        // Nobody comes this far twice in 5 s but for a thousand entries.
        let _ = timeout(PAUSE, news.enough.notified()).await;
        let Some(keeper) = keeper.upgrade() else { return };
        if let Err(failure) = keeper.checkpoint().await {
            let detail = failure.for_operator();
            tracing::error!(%failure, detail, "the journal has no new checkpoint; it is tried again");
            news.first.notify_one();
        }
    }
}

struct Next {
    number: u64,
    frontier: Frontier,
    head: Hash,
}

/// What the next checkpoint says, where there are entries for one. The inner error: these entries can't
/// be vouched for.
fn next(connection: &Connection, tenant: &str) -> rusqlite::Result<Option<Result<Next, String>>> {
    const SQL: &str = "SELECT position, hash FROM journal WHERE tenant = ?1 AND position > ?2 ORDER BY position";
    let (number, mut frontier, mut head) = match checkpoint::last(connection, tenant)? {
        None => (1, Frontier::default(), Hash::NONE),
        Some(last) => match last.whole_frontier() {
            Some(frontier) => (last.number + 1, frontier, last.head),
            None => return Ok(Some(Err(format!("checkpoint {} isn't as it was signed", last.number)))),
        },
    };
    let begun = frontier.count();
    let mut entries = connection.prepare(SQL)?;
    let mut entries = entries.query((tenant, Count(begun)))?;
    while let Some(entry) = entries.next()? {
        let position = entry.get::<_, Count>(0)?.0;
        if position != frontier.count() + 1 {
            return Ok(Some(Err(format!("the entry at position {} is missing", frontier.count() + 1))));
        }
        head = entry.get(1)?;
        frontier.add(&head);
    }
    let news = frontier.count() > begun;
    Ok(news.then_some(Ok(Next { number, frontier, head })))
}

fn broken(detail: String) -> Failure {
    Failure::new(Code::JournalUnavailable, "the journal's chain is broken: it gets no more checkpoints")
        .next("Ask the operator to run `molecule-org-mcp journal verify`.")
        .operator(detail)
}
