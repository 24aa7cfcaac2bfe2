//! The one thread a process that writes: group commit without a wait window.
//!
//! It takes what has gathered while the last commit was under way. Work that somebody waits for is
//! committed at once; work that nobody waits for gathers for a moment, so that a thousand reads don't
//! become a thousand transactions.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{BUSY, schema};
use crate::failure::{Code, Failure};

/// A write that stalls longer than this is refused: a mutation doesn't wait for a sick disk.
const STALL: Duration = Duration::from_secs(2);
/// How long work that nobody waits for may gather.
const GATHER: Duration = Duration::from_millis(50);
const QUEUE: usize = 8192;
const BATCH: usize = 1024;

/// One change, run inside the writer's transaction.
pub type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

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

pub(super) struct Writer {
    queue: SyncSender<Job>,
    healthy: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(path: PathBuf) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let healthy = Arc::new(AtomicBool::new(true));
        let thread = Thread { path, jobs, healthy: Arc::clone(&healthy) };
        let started = std::thread::Builder::new().name("store".into()).spawn(move || thread.run());
        if let Err(error) = started {
            tracing::error!(%error, "the store's thread didn't start");
            healthy.store(false, Ordering::Relaxed);
        }
        Self { queue, healthy }
    }

    pub(super) async fn write(&self, durability: Durability, work: Work) -> Result<(), Failure> {
        let (done, committed) = oneshot::channel();
        let job = Job { work, waiting: Some((durability, done)) };
        if self.queue.try_send(job).is_err() {
            return Err(unavailable("the queue of the store is full or closed"));
        }
        match tokio::time::timeout(STALL, committed).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(unavailable(&error)),
            Ok(Err(_)) => Err(unavailable("the store's thread is gone")),
            Err(_) => Err(unavailable("a write stalled for 2 s")),
        }
    }

    pub(super) fn write_later(&self, work: Work) -> bool {
        self.queue.try_send(Job { work, waiting: None }).is_ok()
    }

    pub(super) fn healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }
}

fn unavailable(detail: &str) -> Failure {
    Failure::new(Code::JournalUnavailable, "the journal doesn't take entries").operator(detail)
}

struct Thread {
    path: PathBuf,
    jobs: Receiver<Job>,
    healthy: Arc<AtomicBool>,
}

impl Thread {
    fn run(self) {
        let mut connection = None;
        while let Some(batch) = self.gather() {
            let result = commit(&mut connection, &self.path, batch);
            if let Err(error) = &result {
                tracing::error!(%error, "the journal doesn't take entries: mutations are refused");
                // A fresh connection next time: a file that was replaced or a disk that was mended.
                connection = None;
            }
            self.healthy.store(result.is_ok(), Ordering::Relaxed);
        }
    }

    /// What is to be committed next; nothing when every sender is gone.
    fn gather(&self) -> Option<Vec<Job>> {
        let first = self.jobs.recv().ok()?;
        let until = Instant::now() + GATHER;
        let mut awaited = first.waiting.is_some();
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let patience = if awaited { Duration::ZERO } else { until.saturating_duration_since(Instant::now()) };
            match self.jobs.recv_timeout(patience) {
                Ok(job) => {
                    awaited |= job.waiting.is_some();
                    batch.push(job);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(batch)
    }
}

fn commit(connection: &mut Option<Connection>, path: &Path, batch: Vec<Job>) -> rusqlite::Result<()> {
    let synced = batch.iter().any(|job| matches!(job.waiting, Some((Durability::Synced, _))));
    let (work, waiting): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.waiting)).unzip();
    let result = transact(connection, path, work, synced);
    let told = result.as_ref().map(|&()| ()).map_err(ToString::to_string);
    for (_, done) in waiting.into_iter().flatten() {
        // Nobody listens any more when the call was given up: the entry stands all the same.
        let _ = done.send(told.clone());
    }
    result
}

fn transact(connection: &mut Option<Connection>, path: &Path, work: Vec<Work>, synced: bool) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(open(path)?),
    };
    connection.execute_batch(if synced { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" })?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in work {
        step(&change)?;
    }
    change.commit()
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

fn open(path: &Path) -> rusqlite::Result<Connection> {
    make_private(path);
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}
