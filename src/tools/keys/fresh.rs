//! A new org key on its way, for mint_org_key and rotate_org_key: each step is durable before the next is taken,
//! and what can't arrive is revoked.

use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::list::OrgKey;
use super::orphans::{self, Orphans};
use super::{MINT_KEY, REVOKE_KEY};
use crate::deliveries::{Delivery, Instead, Made, Parcel, What};
use crate::failure::{Changed, Code, Failure};
use crate::journal::entry::KeyMark;
use crate::secrets::Credential;
use crate::tools::ids::KeyId;
use crate::tools::invocation::Invocation;

pub(super) struct Fresh {
    pub id: KeyId,
    pub secret: Credential,
    pub delivery: Delivery,
}

#[derive(Deserialize)]
struct Minted {
    id: KeyId,
    auth_token: Credential,
}

impl Fresh {
    /// `instead` of another key, or besides all others.
    pub async fn mint(name: &str, instead: Option<Instead>, call: &Invocation) -> Result<Self, Failure> {
        let delivery = begin(name, instead, call).await?;
        let minted: Result<Minted, Failure> = call.tenant.ask(&MINT_KEY).body(&json!({ "name": name })).fetch().await;
        let Minted { id, auth_token: secret } = match minted {
            Ok(minted) => minted,
            Err(failure) if failure.has_changed() == Changed::No => {
                forget(&delivery).await;
                return Err(failure);
            }
            Err(failure) => return Err(found_out(name, failure, &delivery, call).await),
        };
        call.made(&id);
        let noted = delivery.minted(Made { id: Some(id.to_string()), prefix: secret.prefix() }).await;
        let key = Self { id, secret, delivery };
        match noted {
            Ok(()) => Ok(key),
            Err(failure) => Err(key.take_back(failure, call).await),
        }
    }

    pub fn mark(&self, name: &str) -> KeyMark {
        KeyMark { id: self.id.to_string(), prefix: self.secret.prefix(), name: name.to_owned() }
    }

    /// Whoever it is for has it. What can't be written down would be revoked at the next start, and is at once.
    pub async fn note_delivered(self, call: &Invocation) -> Result<Self, Failure> {
        match self.delivery.delivered().await {
            Ok(()) => Ok(self),
            Err(failure) => Err(self.take_back(failure, call).await),
        }
    }

    /// A key that reached nobody must not live.
    pub async fn take_back(self, failure: Failure, call: &Invocation) -> Failure {
        let next = match revoke(&self.id, call).await {
            Ok(()) => {
                forget(&self.delivery).await;
                call.has_revoked(self.mark(""));
                "The new key was revoked at once; mend what was in the way and call again.".to_owned()
            }
            Err(_) => format!(
                "The new key {} could not be revoked either: revoke it with revoke_key. A serving process \
                 tries again by itself.",
                self.id
            ),
        };
        failure.changed(Changed::Yes).next(next)
    }
}

/// Also when the caller has gone.
pub(super) async fn revoke(id: &KeyId, call: &Invocation) -> Result<(), Failure> {
    match call.tenant.ask(&REVOKE_KEY).part("key", id).regardless().received().await {
        Err(failure) if failure.code() == Code::NotFound => Ok(()),
        revoked => revoked.map(|_| ()),
    }
}

async fn begin(name: &str, instead: Option<Instead>, call: &Invocation) -> Result<Delivery, Failure> {
    let parcel = Parcel {
        invocation: call.id,
        what: What::OrgKey { name: name.to_owned(), instead },
        minter: call.server.keys.tag().to_string(),
        seen: seen(call).iter().map(|prefix| (*prefix).to_owned()).collect(),
        at: Utc::now(),
    };
    let begun = call.server.deliveries.begin(parcel).await?;
    begun.ok_or_else(|| {
        Failure::new(Code::Conflict, "another call is rotating this key").next("Call again in a minute.")
    })
}

/// If this can't be written down, the next start finds that nothing is there.
async fn forget(delivery: &Delivery) {
    if let Err(failure) = delivery.is_gone().await {
        tracing::warn!(%failure, "a key that is gone still stands as being on its way");
    }
}

/// The prefixes that the tool saw before its intent was written down.
fn seen(call: &Invocation) -> Vec<&str> {
    call.seen.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
}

/// Whether there is a key now is unclear, and its value is gone in any case.
async fn found_out(name: &str, failure: Failure, delivery: &Delivery, call: &Invocation) -> Failure {
    let before = seen(call);
    let new = |key: &OrgKey| !before.contains(&key.prefix.as_str());
    match orphans::revoke(name, call, new).await {
        Ok(Orphans::Revoked(prefix)) => {
            forget(delivery).await;
            failure
                .confirmed(Changed::No)
                .next(format!("The key {prefix} that came of it was found and revoked; mint again."))
        }
        Ok(Orphans::Unclear(next)) => failure.next(next),
        Ok(Orphans::None) | Err(_) => failure.next(format!(
            "If list_org_keys shows a new key \"{name}\", nobody holds it: revoke it by its id, then mint again."
        )),
    }
}
