//! Where state lives: one SQLite file in the data directory, safe for several processes.
//!
//! Writes go through one thread a process, which commits whatever has gathered as one transaction,
//! so that many waiting calls share one durable write. The journal, grants and consents live here, and what
//! else must survive a restart.

mod change;
mod schema;
mod writer;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

pub use change::{Change, Tip};
use writer::Writer;
pub use writer::{Durability, Work};

use crate::failure::{Code, Failure};

/// Another process may hold the file while it commits.
const BUSY: Duration = Duration::from_secs(2);

/// What has a meaning of its own in SQLite's addresses.
const IN_ADDRESS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    writer: Writer,
    looking: Mutex<Option<Connection>>,
}

impl Store {
    /// Never fails: a file that can't be opened makes every write fail, and reads of the tenant go on.
    pub fn open(directory: &Path) -> Self {
        let path = directory.join("state.db");
        let writer = Writer::start(path.clone());
        Self(Arc::new(Inner { path, writer, looking: Mutex::default() }))
    }

    /// Returns when the work has been committed as `durability` says.
    pub async fn write(&self, durability: Durability, work: Work) -> Result<(), Failure> {
        self.0.writer.write(durability, work).await
    }

    /// The same for work that finds something out.
    pub async fn change<T: Send + 'static>(
        &self,
        durability: Durability,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.transact(durability, |transaction| change(transaction)).await
    }

    /// The same for work that adds to a chain.
    pub async fn transact<T: Send + 'static>(
        &self,
        durability: Durability,
        change: impl FnOnce(&Change<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (told, found) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Nobody listens any more when the wait was given up: the change stands all the same.
            let _ = told.send(change(connection)?);
            Ok(())
        });
        self.write(durability, work).await?;
        found.await.map_err(|_| unreadable("a change that was committed said nothing"))
    }

    /// Hands the work over and goes on. What is dropped, because the queue is full or the disk doesn't
    /// take it, is counted.
    pub fn write_later(&self, work: Work) {
        self.0.writer.write_later(work);
    }

    /// How much of what nobody waited for was dropped since the start.
    pub fn lost(&self) -> u64 {
        self.0.writer.lost()
    }

    /// Returns when everything handed over before has been committed.
    pub async fn flush(&self) -> Result<(), Failure> {
        self.write(Durability::Written, Box::new(|_| Ok(()))).await
    }

    /// Whether the last thing the writer tried worked.
    pub fn healthy(&self) -> bool {
        self.0.writer.healthy()
    }

    /// A small query at once, on a connection that is kept: for what must be known before every call and
    /// may be changed by another process at any time.
    pub fn look<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        let mut kept = self.0.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match kept.take() {
            Some(open) => open,
            None => reading(&self.0.path).map_err(|error| unreadable(&error.to_string()))?,
        };
        // A connection that failed is opened anew the next time.
        let found = query(&connection).map_err(|error| unreadable(&error.to_string()))?;
        *kept = Some(connection);
        Ok(found)
    }

    /// Runs a query on a connection of its own, off the runtime's threads.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.0.path.clone();
        let answer = tokio::task::spawn_blocking(move || query(&reading(&path)?));
        match answer.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(unreadable(&error.to_string())),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

/// To look at a directory's state without ever changing it.
pub fn open_to_read(directory: &Path) -> rusqlite::Result<Connection> {
    reading(&directory.join("state.db"))
}

/// The same, and not even the log beside the database is made where no process keeps one. What a process writes that
/// starts meanwhile may be seen half: whoever finds something wrong looks again.
pub fn open_without_trace(directory: &Path) -> rusqlite::Result<Connection> {
    let path = directory.join("state.db");
    // On other systems a path is no part of an address.
    if cfg!(not(unix)) || directory.join("state.db-wal").exists() {
        return reading(&path);
    }
    let address = format!("file:{}?immutable=1", utf8_percent_encode(&path.to_string_lossy(), IN_ADDRESS));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address, flags)
}

/// Whether a file's tables are older than this version's, the same or newer.
pub fn age_of_tables(connection: &Connection) -> rusqlite::Result<Ordering> {
    schema::compare(connection)
}

fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn unreadable(detail: &str) -> Failure {
    Failure::new(Code::JournalUnavailable, "the state in the data directory can't be read")
        .next("Ask the operator to look at the data directory.")
        .operator(detail)
}
