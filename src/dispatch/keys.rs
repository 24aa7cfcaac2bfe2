//! What a call did to org keys, in the transaction that writes down its outcome: leases end, and what whoever the policy names is to be told waits in the outbox.

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::journal::entry::{KeyMark, Outcome};
use crate::leases;
use crate::tools::invocation::Invocation;
use crate::transport::caller::Caller;
use crate::webhooks::event::{self, Happened};
use crate::webhooks::{self, Endpoint, Kind, Notice};

/// The keys that a call revoked, as they may be named: what the tenant calls them might hold our own.
pub(super) fn revoked(call: &Invocation) -> Vec<KeyMark> {
    let revoked = call.revoked();
    if revoked.is_empty() {
        return revoked;
    }
    let shown = call.tenant.without_key(Ok(json!(revoked))).unwrap_or_default();
    serde_json::from_value(shown).unwrap_or_default()
}

pub(super) struct KeyChanges {
    happened: Vec<Happened>,
    tenant: String,
    invocation: Uuid,
    caller: Caller,
    endpoints: Vec<(String, Endpoint)>,
    now: DateTime<Utc>,
}

impl KeyChanges {
    /// None for nearly every call.
    pub(super) fn of(call: &Invocation, outcome: &Outcome, result: &Result<Value, Failure>) -> Option<Self> {
        let happened = event::of(&outcome.tool, &outcome.detail, result.as_ref().ok());
        if happened.is_empty() {
            return None;
        }
        let endpoints = &call.rules.webhooks;
        Some(Self {
            happened,
            tenant: call.server.tenant.clone(),
            invocation: call.id,
            caller: call.caller.clone(),
            endpoints: endpoints.iter().map(|(name, one)| (name.clone(), one.clone())).collect(),
            now: outcome.at,
        })
    }

    pub(super) fn settle(self, connection: &Connection) -> rusqlite::Result<()> {
        for (number, mut one) in self.happened.into_iter().enumerate() {
            match (one.kind, &one.replaces) {
                // The new key's began before anybody got it.
                (Kind::Rotated, Some(old)) => {
                    leases::end(connection, &self.tenant, &old.id, self.now)?;
                }
                (Kind::Revoked, _) => {
                    let ended = leases::end(connection, &self.tenant, &one.key.id, self.now)?;
                    let over = ended.filter(|ended| self.caller.is_itself() && ended.late_seconds >= 0);
                    if let Some(ended) = over {
                        (one.kind, one.late_seconds) = (Kind::LeaseExpired, Some(ended.late_seconds));
                    }
                }
                _ => {}
            }
            let wanted = self.endpoints.iter().filter(|(_, endpoint)| endpoint.events.contains(&one.kind));
            let wanted: Vec<String> = wanted.map(|(name, _)| name.clone()).collect();
            let notice = Notice::new(one, number, self.invocation, &self.caller, &self.tenant, self.now);
            webhooks::put(connection, &self.tenant, &notice, &wanted, self.now)?;
        }
        Ok(())
    }
}
