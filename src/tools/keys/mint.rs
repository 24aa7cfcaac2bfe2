//! mint_org_key: the place is proved writable, the key is minted and delivered, and one that reaches nobody
//! is revoked.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lifetime::{self, Lifetime};
use super::list::{OrgKey, Tokens, fetch_org_keys};
use super::{LIST_KEYS, MINT_KEY, REVOKE_KEY};
use crate::failure::{Changed, Failure};
use crate::secrets::{Credential, Sink};
use crate::tools::ids::{KeyId, KeyName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::{Act, Earlier};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MintOrgKey {
    /// Says what the key is for; 1 to 100 bytes.
    name: KeyName,
    /// Where the key goes: `file`, or `file:NAME` in the server's directory for credentials.
    #[serde(default)]
    sink: Sink,
    /// How long it lives: `90s`, `30m`, `12h`, `7d`, `4w`; this server revokes it then. Absent: for good.
    expires_in: Option<Lifetime>,
}

#[derive(Serialize, JsonSchema)]
pub struct MintedKey {
    id: KeyId,
    prefix: String,
    name: String,
    sink: String,
    /// The file on the server that holds the key.
    location: String,
    /// When this server revokes it; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
pub(super) struct Minted {
    pub(super) id: KeyId,
    pub(super) auth_token: Credential,
}

impl Act for MintOrgKey {
    type Answer = MintedKey;

    /// Which keys there were, so that one more can be told from them.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        Ok(Some(keys.into_iter().map(|key| Value::from(key.prefix)).collect()))
    }

    /// A key whose value reached nobody is no use: it goes, and another is minted.
    async fn made_before(&self, call: &Invocation, since: DateTime<Utc>) -> Result<Earlier<MintedKey>, Failure> {
        // The tenant's clock isn't ours.
        let since = since - TimeDelta::minutes(1);
        let orphans = self.orphans(call, |key| key.created_at >= since).await?;
        Ok(match revoke_the_only(&orphans, call).await? {
            Orphans::None | Orphans::Revoked(_) => Earlier::Nothing,
            Orphans::Several => Earlier::CantTell(several(&orphans)),
        })
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let place = self.sink.prove(&call.places(), self.name.as_str()).await?;
        let minted: Result<Minted, Failure> =
            call.tenant.ask(&MINT_KEY).body(&json!({ "name": self.name })).fetch().await;
        let minted = match minted {
            Ok(minted) => minted,
            Err(failure) if failure.has_changed() == Changed::No => return Err(failure),
            Err(failure) => return Err(self.found_out(failure, call).await),
        };
        call.made(&minted.id);
        let expires = match lifetime::lease(&minted, self.name.as_str(), self.expires_in, call).await {
            Ok(expires) => expires,
            Err(failure) => return Err(take_back(&minted, self.name.as_str(), failure, call).await),
        };
        let location = match place.deliver(&minted.auth_token).await {
            Ok(delivered) => delivered.location,
            Err(failure) => return Err(take_back(&minted, self.name.as_str(), failure, call).await),
        };
        Ok(MintedKey {
            prefix: minted.auth_token.prefix(),
            id: minted.id,
            name: self.name.to_string(),
            sink: self.sink.to_string(),
            location,
            expires,
        })
    }
}

/// Keys that nobody can hold, because the answer that carried them was lost.
enum Orphans {
    None,
    Revoked(String),
    Several,
}

/// One is ours for certain, and goes. Of several at most one can be: none of them is touched.
async fn revoke_the_only(orphans: &[OrgKey], call: &Invocation) -> Result<Orphans, Failure> {
    match orphans {
        [] => Ok(Orphans::None),
        [one] => {
            call.tenant.ask(&REVOKE_KEY).part("key", &one.id).regardless().received().await?;
            Ok(Orphans::Revoked(one.prefix.clone()))
        }
        _ => Ok(Orphans::Several),
    }
}

fn several(orphans: &[OrgKey]) -> String {
    let prefixes: Vec<&str> = orphans.iter().map(|key| key.prefix.as_str()).collect();
    format!("One of {} may be it, and nobody holds it: revoke that one, then mint again.", prefixes.join(", "))
}

impl MintOrgKey {
    /// Keys of this name that this server minted, never used, and that came about so.
    async fn orphans(&self, call: &Invocation, so: impl Fn(&OrgKey) -> bool) -> Result<Vec<OrgKey>, Failure> {
        let listed: Tokens = call.tenant.ask(&LIST_KEYS).regardless().fetch().await?;
        let ours = |key: &OrgKey| {
            let by_us = key.minted_by().is_some_and(|prefix| call.server.is_own_key(prefix));
            by_us && key.name.as_deref() == Some(self.name.as_str()) && key.last_used_at.is_none()
        };
        Ok(listed.tokens.into_iter().filter(|key| ours(key) && so(key)).collect())
    }

    /// Whether there is a key now is unclear, and its value is gone in any case.
    async fn found_out(&self, failure: Failure, call: &Invocation) -> Failure {
        let before: Vec<&str> =
            call.seen.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
        let orphans = self.orphans(call, |key| !before.contains(&key.prefix.as_str())).await.unwrap_or_default();
        match revoke_the_only(&orphans, call).await {
            Ok(Orphans::Revoked(prefix)) => failure
                .confirmed(Changed::No)
                .next(format!("The key {prefix} that came of it was found and revoked; mint again.")),
            Ok(Orphans::Several) => failure.next(several(&orphans)),
            Ok(Orphans::None) | Err(_) => failure.next(format!(
                "If list_org_keys shows a new key \"{}\", nobody holds it: revoke it by its id, then mint again.",
                self.name
            )),
        }
    }
}

/// A key that reached nobody must not live.
async fn take_back(minted: &Minted, name: &str, failure: Failure, call: &Invocation) -> Failure {
    let id = &minted.id;
    let revoked = call.tenant.ask(&REVOKE_KEY).part("key", id).received().await;
    if revoked.is_ok() {
        call.has_revoked(lifetime::mark(minted, name));
    }
    let next = match revoked {
        Ok(_) => "The new key was revoked at once; mend the sink and mint again.".to_owned(),
        Err(_) => format!("The new key {id} could not be revoked either: revoke it with revoke_key."),
    };
    failure.changed(Changed::Yes).next(next)
}
