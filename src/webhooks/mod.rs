//! What happens to org keys, told to whoever the operator named in the policy file: minted, rotated,
//! revoked, their lease over. An event is written down in the transaction that writes down the outcome, so
//! that none is lost and none invented, and is sent until it is taken: docs/webhooks.md.

pub mod endpoint;
pub mod event;
mod outbox;
mod secret;
pub mod sender;
pub mod signature;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

pub use endpoint::Endpoint;
pub use event::{Kind, Notice};
pub use outbox::{Standing, Waiting, put, standing};
pub use secret::SecretPlace;

use crate::failure::Failure;
use crate::store::{Durability, Store};

#[derive(Clone)]
pub struct Outbox {
    store: Store,
    news: Arc<Notify>,
}

impl Outbox {
    pub fn new(store: Store) -> Self {
        Self { store, news: Arc::default() }
    }

    /// Something was put in by this process.
    pub fn noticed(&self) {
        self.news.notify_one();
    }

    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// How many wait for an endpoint to take them, and how many were given up.
    pub fn standing(&self, tenant: &str) -> Result<Standing, Failure> {
        self.store.look(|connection| standing(connection, tenant))
    }

    /// For a look at whether anything is to be sent at all.
    pub fn is_due(&self, tenant: &str, now: DateTime<Utc>) -> Result<bool, Failure> {
        self.store.look(|connection| outbox::is_due(connection, tenant, now))
    }

    /// The oldest of an endpoint that is due, which no other process takes for a while.
    pub async fn claim(&self, tenant: &str, now: DateTime<Utc>) -> Result<Option<Waiting>, Failure> {
        let tenant = tenant.to_owned();
        self.store.change(Durability::Written, move |rows| outbox::claim(rows, &tenant, now)).await
    }

    pub async fn taken(&self, one: &Waiting) -> Result<(), Failure> {
        let one = one.clone();
        self.store.change(Durability::Written, move |rows| outbox::taken(rows, &one)).await
    }

    pub async fn postpone(&self, one: &Waiting, not_before: DateTime<Utc>) -> Result<(), Failure> {
        let one = one.clone();
        self.store.change(Durability::Written, move |rows| outbox::postpone(rows, &one, not_before)).await
    }

    /// It stays, so that somebody sees it.
    pub async fn give_up(&self, one: &Waiting, now: DateTime<Utc>) -> Result<(), Failure> {
        let one = one.clone();
        self.store.change(Durability::Written, move |rows| outbox::give_up(rows, &one, now)).await
    }
}
