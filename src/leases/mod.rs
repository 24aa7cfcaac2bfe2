//! Org keys that end. The tenant's keys live until somebody revokes them; one that was minted with
//! `expires_in` has a row here before anybody gets it, and a serving process revokes it when its time has
//! come: on the same road as every call, by one of several processes, again and again until it is done.

pub mod runner;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::failure::Failure;
use crate::journal::entry::KeyMark;
use crate::store::{Durability, Store};
pub use table::{Ended, end};

/// How long one process has for one try. Longer than a try takes: who died with it holds it no longer.
pub const CLAIM: TimeDelta = TimeDelta::seconds(45);

/// A key whose time has come, for one process to revoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub key: KeyMark,
    pub until: DateTime<Utc>,
    /// How often it was tried, this one included.
    pub tries: u32,
}

/// For whom, and by which call, a lease is begun.
pub struct Holder {
    pub tenant: String,
    pub invocation: Uuid,
    pub caller: String,
}

#[derive(Clone)]
pub struct Leases {
    store: Store,
    news: Arc<Notify>,
}

impl Leases {
    pub fn new(store: Store) -> Self {
        Self { store, news: Arc::default() }
    }

    /// Returns when the tables are there.
    pub async fn ready(&self) -> Result<(), Failure> {
        self.store.flush().await
    }

    /// Durable when it returns: whatever happens from now on, the key will be revoked.
    pub async fn begin(&self, holder: Holder, key: KeyMark, until: DateTime<Utc>) -> Result<(), Failure> {
        let begun = move |connection: &rusqlite::Connection| table::begin(connection, &holder, &key, until);
        self.store.change(Durability::Synced, begun).await?;
        self.news.notify_one();
        Ok(())
    }

    /// When each key ends that has an end, by the key's id.
    pub fn running(&self, tenant: &str) -> Result<HashMap<String, DateTime<Utc>>, Failure> {
        self.store.look(|connection| table::running(connection, tenant))
    }

    /// When the next one is to be revoked, as far as this process may know: others may have it in hand.
    pub fn next(&self, tenant: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Failure> {
        self.store.look(|connection| table::next(connection, tenant, now))
    }

    /// One whose time has come, which no other process takes before `CLAIM` is over.
    pub async fn claim(&self, tenant: &str, now: DateTime<Utc>) -> Result<Option<Lease>, Failure> {
        let tenant = tenant.to_owned();
        self.store.change(Durability::Written, move |connection| table::claim(connection, &tenant, now)).await
    }

    /// It didn't work; nobody tries before then.
    pub async fn postpone(&self, tenant: &str, lease: &Lease, not_before: DateTime<Utc>) -> Result<(), Failure> {
        let (tenant, id) = (tenant.to_owned(), lease.key.id.clone());
        let put_off = move |connection: &rusqlite::Connection| table::postpone(connection, &tenant, &id, not_before);
        self.store.change(Durability::Written, put_off).await
    }

    /// Somebody else revoked it.
    pub async fn gone(&self, tenant: &str, lease: &Lease, now: DateTime<Utc>) -> Result<(), Failure> {
        let (tenant, id) = (tenant.to_owned(), lease.key.id.clone());
        let over = move |connection: &rusqlite::Connection| table::gone(connection, &tenant, &id, now);
        self.store.change(Durability::Written, over).await
    }

    /// Returns when this process has begun one.
    pub async fn begun(&self) {
        self.news.notified().await;
    }
}
