//! The one thread a process that writes: group commit without a wait window.
//!
//! It takes what has gathered while the last commit was under way. Work that somebody waits for is
//! committed at once; work that nobody waits for gathers for a moment without waking the thread, so
//! that a thousand reads become neither a thousand transactions nor a thousand switches of thread.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::oneshot;

use super::change::Change;
use super::{BUSY, schema};
use crate::failure::{Code, Failure};

/// A write that stalls longer than this is refused: a mutation doesn't wait for a sick disk.
const STALL: Duration = Duration::from_secs(2);
/// How long work that nobody waits for may gather.
const GATHER: Duration = Duration::from_millis(50);
/// Jobs that may wait for the disk; more are refused.
const MOST: usize = 8192;
/// Jobs that end the gathering.
const BATCH: usize = 1024;

/// One change, run inside the writer's transaction.
pub type Work = Box<dyn FnOnce(&Change<'_>) -> rusqlite::Result<()> + Send>;

/// How much a waiting caller wants to be sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Committed: survives this process.
    Written,
    /// Committed and synced: survives the machine.
    Synced,
}

type Done = oneshot::Sender<Result<(), String>>;

struct Job {
    work: Work,
    waiting: Option<(Durability, Done)>,
}

pub(super) struct Writer(Arc<Shared>);

/// What callers and the thread share.
struct Shared {
    queue: Mutex<Queue>,
    news: Condvar,
    healthy: AtomicBool,
    /// Work that nobody waited for and that wasn't done.
    lost: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    /// Somebody waits for one of them.
    awaited: bool,
    closed: bool,
}

impl Writer {
    pub(super) fn start(path: PathBuf) -> Self {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            news: Condvar::new(),
            healthy: AtomicBool::new(true),
            lost: AtomicU64::new(0),
        });
        let thread = Thread { path, shared: Arc::clone(&shared) };
        let started = std::thread::Builder::new().name("store".into()).spawn(move || thread.run());
        if let Err(error) = started {
            tracing::error!(%error, "the store's thread didn't start");
            shared.healthy.store(false, Ordering::Relaxed);
            shared.lock().closed = true;
        }
        Self(shared)
    }

    pub(super) async fn write(&self, durability: Durability, work: Work) -> Result<(), Failure> {
        let (done, committed) = oneshot::channel();
        if !self.0.put(Job { work, waiting: Some((durability, done)) }) {
            return Err(unavailable("the queue of the store is full or closed"));
        }
        match tokio::time::timeout(STALL, committed).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(unavailable(&error)),
            Ok(Err(_)) => Err(unavailable("the store's thread is gone")),
            Err(_) => {
                self.0.healthy.store(false, Ordering::Relaxed);
                Err(unavailable("a write stalled for 2 s"))
            }
        }
    }

    pub(super) fn write_later(&self, work: Work) {
        if !self.0.put(Job { work, waiting: None }) {
            self.0.lose(1, "it can't keep up");
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    pub(super) fn healthy(&self) -> bool {
        self.0.healthy.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    /// The thread commits what is left and ends.
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.news.notify_one();
    }
}

impl Shared {
    /// A caller that panicked left nothing half done: a job is in the queue or it isn't.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Job) -> bool {
        let mut queue = self.lock();
        if queue.closed || queue.jobs.len() >= MOST {
            return false;
        }
        let first = queue.jobs.is_empty();
        queue.awaited |= job.waiting.is_some();
        queue.jobs.push(job);
        // Between the first and the gathering's end only somebody who waits is news.
        if first || queue.awaited {
            self.news.notify_one();
        }
        true
    }

    fn lose(&self, count: u64, why: &str) {
        if count > 0 {
            let lost = self.lost.fetch_add(count, Ordering::Relaxed) + count;
            tracing::error!(lost, why, "the journal loses entries that nobody waits for");
        }
    }

    /// What is to be committed next; nothing when the store was dropped and all is done.
    fn gather(&self) -> Option<Vec<Job>> {
        let mut queue = self.lock();
        while queue.jobs.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GATHER;
        while !queue.awaited && !queue.closed && queue.jobs.len() < BATCH {
            let patience = until.saturating_duration_since(Instant::now());
            if patience.is_zero() {
                break;
            }
            queue = self.news.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.awaited = false;
        Some(std::mem::take(&mut queue.jobs))
    }
}

fn unavailable(detail: &str) -> Failure {
    Failure::new(Code::JournalUnavailable, "the journal doesn't take entries").operator(detail)
}

struct Thread {
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Thread {
    fn run(self) {
        let mut connection = None;
        while let Some(batch) = self.shared.gather() {
            let synced = batch.iter().any(|job| matches!(job.waiting, Some((Durability::Synced, _))));
            let (work, waiting): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.waiting)).unzip();
            let result = transact(&mut connection, &self.path, work, synced);
            // Before anybody is told: whoever is refused finds the journal unwell.
            self.shared.healthy.store(result.is_ok(), Ordering::Relaxed);
            if let Err(error) = &result {
                tracing::error!(%error, "the journal doesn't take entries: mutations are refused");
                self.shared.lose(waiting.iter().filter(|one| one.is_none()).count() as u64, "it doesn't take entries");
                // A fresh connection next time: a file that was replaced or a disk that was mended.
                connection = None;
            }
            let told = result.map_err(|error| error.to_string());
            for (_, done) in waiting.into_iter().flatten() {
                // Nobody listens any more when the call was given up: the entry stands all the same.
                let _ = done.send(told.clone());
            }
        }
    }
}

fn transact(connection: &mut Option<Connection>, path: &Path, work: Vec<Work>, synced: bool) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(open(path)?),
    };
    connection.execute_batch(if synced { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" })?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let change = Change::new(&transaction);
    for step in work {
        step(&change)?;
    }
    transaction.commit()
}

/// The file is its owner's alone, whatever the directory allows; SQLite gives its side files the
/// same rights.
fn make_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What is wrong with the place is found, and told, by opening the database.
    let _ = options.open(path);
}

/// Several processes may begin with one file, and SQLite doesn't wait for everything by itself: turning
/// its write-ahead log on is refused at once while another process is at it.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let until = Instant::now() + BUSY;
    loop {
        match open_once(path) {
            Err(error) if is_busy(&error) && Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            opened => return opened,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn open_once(path: &Path) -> rusqlite::Result<Connection> {
    make_private(path);
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}
