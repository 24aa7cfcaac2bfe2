//! Where state lives: one SQLite file in the data directory, safe for several processes.
//!
//! Writes go through one thread a process, which commits whatever has gathered as one transaction,
//! so that many waiting calls share one durable write. Used by the journal; what else must survive a
//! restart comes here too.

mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use writer::Writer;
pub use writer::{Durability, Work};

use crate::failure::{Code, Failure};

/// Another process may hold the file while it commits.
const BUSY: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    writer: Writer,
}

impl Store {
    /// Never fails: a file that can't be opened makes every write fail, and reads of the tenant go on.
    pub fn open(directory: &Path) -> Self {
        let path = directory.join("state.db");
        let writer = Writer::start(path.clone());
        Self(Arc::new(Inner { path, writer }))
    }

    /// Returns when the work has been committed as `durability` says.
    pub async fn write(&self, durability: Durability, work: Work) -> Result<(), Failure> {
        self.0.writer.write(durability, work).await
    }

    /// Hands the work over and goes on. False when the queue is full and it was dropped.
    pub fn write_later(&self, work: Work) -> bool {
        self.0.writer.write_later(work)
    }

    /// Returns when everything handed over before has been committed.
    pub async fn flush(&self) -> Result<(), Failure> {
        self.write(Durability::Written, Box::new(|_| Ok(()))).await
    }

    /// Whether the last thing the writer tried worked.
    pub fn healthy(&self) -> bool {
        self.0.writer.healthy()
    }

    /// Runs a query on a connection of its own, off the runtime's threads.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.0.path.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY)?;
            query(&connection)
        });
        match answer.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(unreadable(&error.to_string())),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

fn unreadable(detail: &str) -> Failure {
    Failure::new(Code::JournalUnavailable, "the state in the data directory can't be read")
        .next("Ask the operator to look at the data directory.")
        .operator(detail)
}
