//! What was asked, allowed and done: two entries an invocation, an intent and an outcome.
//!
//! The intent of anything but a read is on the disk before a byte goes to the tenant; without it the
//! call is refused. Entries are only ever added, each chained to the one before, and signed checkpoints
//! say what the chain was. An intent whose process died without an outcome gets one that says *unknown*.

mod before;
mod chain;
mod checkpoint;
pub mod entry;
pub mod export;
mod keeper;
mod key;
mod made;
mod merkle;
mod process;
pub mod prune;
pub mod query;
pub mod resolve;
mod transfer;
mod usage;
pub mod verify;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use crate::anchor::Anchor;
use crate::failure::Failure;
use crate::store::{Change, Durability, Store, Work};
pub use chain::Hash;
pub use checkpoint::{Checkpoint, Pruning};
use entry::{FoundDetail, Intent, Outcome, Row};
use keeper::Keeper;
pub use key::{PublicKey, SigningKey};
use process::Process;
pub use process::census;
use resolve::{Finding, UnclearMint};
pub use transfer::{Entry, Line};

/// Every tenant's newest checkpoint in a directory, made where entries came after the last.
pub async fn checkpoints_now(store: &Store, directory: &Path) -> Result<Vec<Checkpoint>, Failure> {
    let mut checkpoints = Vec::new();
    store.flush().await?;
    for tenant in store.read(export::tenants).await? {
        Keeper::start(store.clone(), tenant.as_str().into(), directory.to_owned()).checkpoint().await?;
        let last = store.read(move |connection| checkpoint::last(connection, &tenant)).await?;
        checkpoints.extend(last.map(Checkpoint::without_frontier));
    }
    Ok(checkpoints)
}

#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    store: Store,
    process: Process,
    keeper: Arc<Keeper>,
}

impl Journal {
    /// Of this tenant; several may have theirs in one directory.
    pub fn open(store: Store, directory: &Path, tenant: &str) -> Self {
        let process = Process::register(directory, &store, tenant);
        let keeper = Keeper::start(store.clone(), process.scribe().tenant, directory.to_owned());
        Self(Arc::new(Inner { store, process, keeper }))
    }

    /// From now on each checkpoint is kept there, too.
    pub fn anchored(&self, anchor: Anchor) {
        self.0.keeper.anchored(anchor);
    }

    /// Writes down what is about to be done. For anything but a read it returns once that is durable.
    pub async fn intend(&self, intent: Intent) -> Result<(), Failure> {
        let waits = !intent.effect.is_read();
        let work = intent.row(self.0.process.scribe()).work();
        self.0.keeper.noticed();
        if !waits {
            self.0.store.write_later(work);
            return Ok(());
        }
        self.0.store.write(Durability::Synced, work).await
    }

    /// The same, together with a change of somebody else's: both are durable, or neither.
    pub async fn intend_with<T: Send + 'static>(
        &self,
        intent: Intent,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let row = intent.row(self.0.process.scribe());
        self.0.keeper.noticed();
        let both = move |transaction: &Change<'_>| row.append(transaction).and_then(|()| change(transaction));
        self.0.store.transact(Durability::Synced, both).await
    }

    /// Writes *unknown* behind what processes left open that died since this one started.
    pub async fn close_what_died(&self) -> Result<(), Failure> {
        self.0.store.write(Durability::Written, self.0.process.closing()).await
    }

    /// Writes down how it went. It survives this process; an intent that outlives its outcome in a
    /// power failure says *unknown*, which is true.
    pub async fn conclude(&self, outcome: Outcome) -> Result<(), Failure> {
        if outcome.effect.is_read() {
            self.conclude_later(outcome);
            return Ok(());
        }
        let work = outcome.row(self.0.process.scribe()).work();
        self.0.keeper.noticed();
        self.0.store.write(Durability::Written, work).await
    }

    /// The same, together with a change of somebody else's.
    pub async fn conclude_with(
        &self,
        outcome: Outcome,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Failure> {
        let row = outcome.row(self.0.process.scribe());
        self.0.keeper.noticed();
        let both = move |transaction: &Change<'_>| row.append(transaction).and_then(|()| change(transaction));
        self.0.store.transact(Durability::Written, both).await
    }

    /// An outcome that nobody waits for.
    pub fn conclude_later(&self, outcome: Outcome) {
        let work = outcome.row(self.0.process.scribe()).work();
        self.0.keeper.noticed();
        self.0.store.write_later(work);
    }

    /// A call that never set out: both entries, and nobody waits for them.
    pub fn note(&self, intent: Intent, outcome: Outcome) {
        self.0.keeper.noticed();
        self.0.store.write_later(intent.row(self.0.process.scribe()).work());
        self.conclude_later(outcome);
    }

    /// Whether mutations can be written down, as far as is known.
    pub fn healthy(&self) -> bool {
        self.0.store.healthy()
    }

    /// How many entries were lost since the start: of reads and refusals, and of outcomes that a sick disk
    /// didn't take; never the intent of a mutation that was sent.
    pub fn lost(&self) -> u64 {
        self.0.store.lost()
    }

    /// Everything handed over before is written, and a checkpoint covers it.
    pub async fn flush(&self) -> Result<(), Failure> {
        self.0.store.flush().await?;
        if let Err(failure) = self.0.keeper.finish().await {
            // The entries are there all the same.
            let detail = failure.for_operator();
            tracing::error!(%failure, detail, "the journal has no new checkpoint");
        }
        Ok(())
    }

    /// A checkpoint of what no other covers yet; none if there is nothing.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Failure> {
        self.0.keeper.checkpoint().await
    }

    /// What this tenant's entries say.
    pub async fn query(&self, query: query::Query) -> Result<query::Found, Failure> {
        // What this process has said before must be there to be found.
        self.0.store.flush().await?;
        let query = query::Query { tenant: Some(self.0.process.scribe().tenant.to_string()), ..query };
        self.0.store.read(move |connection| query.run(connection)).await
    }

    /// Keys that were being minted when a process died, and that nobody has looked up yet.
    pub async fn unresolved_mints(&self) -> Result<Vec<UnclearMint>, Failure> {
        self.0.store.flush().await?;
        let tenant = self.0.process.scribe().tenant;
        self.0.store.read(move |connection| resolve::unresolved(connection, &tenant)).await
    }

    /// Writes down what became of an invocation whose outcome wasn't known, once: another process may have looked
    /// at the same time.
    pub async fn resolved(&self, invocation: &str, finding: &Finding) -> Result<(), Failure> {
        let (result, candidates) = (finding.as_str().to_owned(), finding.candidates());
        let (scribe, invocation) = (self.0.process.scribe(), invocation.to_owned());
        self.0.keeper.noticed();
        let work: Work = Box::new(move |change| {
            let Some((tool, effect, key_prefix)) = resolve::open(change, &invocation)? else { return Ok(()) };
            let row = Row {
                scribe,
                invocation,
                kind: "found",
                at: entry::stamp(Utc::now()),
                tool,
                effect,
                key_prefix,
                result: Some(result),
                body: entry::json(&FoundDetail { candidates }),
            };
            row.append(change)
        });
        self.0.store.write(Durability::Synced, work).await
    }

    /// Ids of what this tenant's invocations since then are known to have made.
    pub async fn made_since(&self, since: DateTime<Utc>) -> Result<BTreeSet<String>, Failure> {
        self.0.store.flush().await?;
        let (tenant, since) = (self.0.process.scribe().tenant, entry::stamp(since));
        self.0.store.read(move |connection| resolve::made(connection, &tenant, &since)).await
    }

    /// Whether this tenant's chain is whole, as far as this data directory's own key can tell.
    pub async fn verify(&self) -> Result<verify::Chain, Failure> {
        self.0.store.flush().await?;
        let key = self.0.keeper.public_key()?;
        let tenant = self.0.process.scribe().tenant;
        self.0.store.read(move |connection| verify::database::one(connection, &tenant, key)).await
    }

    /// The grant under which a tool made what the tenant knows by this id; none where nobody did, or without one.
    pub async fn maker(&self, tool: &'static str, id: &str) -> Result<Option<String>, Failure> {
        self.flush().await?;
        let id = id.to_owned();
        self.0.store.read(move |connection| query::maker(connection, tool, &id)).await
    }
}
