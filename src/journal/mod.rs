//! What was asked, allowed and done: two entries an invocation, an intent and an outcome.
//!
//! The intent of anything but a read is on the disk before a byte goes to the tenant; without it the
//! call is refused. Entries are only ever added. An intent whose process died without an outcome gets
//! one that says *unknown*.

pub mod entry;
mod made;
mod process;
pub mod query;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::failure::Failure;
use crate::store::{Durability, Store, Work};
use entry::{Intent, Outcome};
use process::Process;

#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    store: Store,
    process: Process,
    /// Entries that nobody waited for and that were dropped because the store couldn't keep up.
    lost: AtomicU64,
}

impl Journal {
    pub fn open(store: Store, directory: &Path) -> Self {
        let process = Process::register(directory, &store);
        Self(Arc::new(Inner { store, process, lost: AtomicU64::new(0) }))
    }

    /// Writes down what is about to be done. For anything but a read it returns once that is durable.
    pub async fn intend(&self, intent: Intent) -> Result<(), Failure> {
        let waits = !intent.effect.is_read();
        let work = self.insert(intent.row());
        if !waits {
            self.put_later(work);
            return Ok(());
        }
        self.0.store.write(Durability::Synced, work).await
    }

    /// Writes down how it went. It survives this process; an intent that outlives its outcome in a
    /// power failure says *unknown*, which is true.
    pub async fn conclude(&self, outcome: Outcome) -> Result<(), Failure> {
        if outcome.effect.is_read() {
            self.conclude_later(outcome);
            return Ok(());
        }
        let work = self.insert(outcome.row());
        self.0.store.write(Durability::Written, work).await
    }

    /// An outcome that nobody waits for.
    pub fn conclude_later(&self, outcome: Outcome) {
        let work = self.insert(outcome.row());
        self.put_later(work);
    }

    /// A call that never set out: both entries, and nobody waits for them.
    pub fn note(&self, intent: Intent, outcome: Outcome) {
        let work = self.insert(intent.row());
        self.put_later(work);
        self.conclude_later(outcome);
    }

    fn put_later(&self, work: Work) {
        if !self.0.store.write_later(work) {
            let lost = self.0.lost.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(lost, "the journal can't keep up: entries that nobody waits for are lost");
        }
    }

    fn insert(&self, row: entry::Row) -> Work {
        let process = self.0.process.id();
        Box::new(move |connection: &Connection| row.insert(connection, &process))
    }

    /// Whether mutations can be written down, as far as is known.
    pub fn healthy(&self) -> bool {
        self.0.store.healthy()
    }

    /// How many entries were dropped since the start, none of them of a mutation that was sent.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    pub async fn flush(&self) -> Result<(), Failure> {
        self.0.store.flush().await
    }

    pub async fn query(&self, query: query::Query) -> Result<query::Found, Failure> {
        // What this process has said before must be there to be found.
        self.flush().await?;
        self.0.store.read(move |connection| query.run(connection)).await
    }
}
