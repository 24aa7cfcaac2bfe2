//! list_org_keys, mint_org_key, revoke_key.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{LIST_KEYS, MINT_KEY, REVOKE_KEY};
use crate::backend::Tenant;
use crate::failure::{Changed, Code, Failure};
use crate::journal::entry::IntentDetail;
use crate::secrets::{Credential, Sink};
use crate::tools::ids::{KeyId, KeyName, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::tool::{Act, Earlier};

/// An org key as the tenant lists it. Optional fields are left out where they are empty.
#[derive(Clone, Debug, Deserialize)]
pub struct OrgKey {
    pub id: KeyId,
    pub prefix: String,
    pub name: Option<String>,
    pub created_by: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl OrgKey {
    /// Days since it was last used; since it was minted, where it never was.
    pub fn idle_days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.last_used_at.unwrap_or(self.created_at)).num_days()
    }

    /// The prefix of the key that minted it, where a key did.
    pub fn minted_by(&self) -> Option<&str> {
        self.created_by.as_deref().and_then(|by| by.strip_prefix("org-token:"))
    }
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<OrgKey>,
}

/// Every live key, newest first, as the tenant has them.
pub async fn fetch_org_keys(tenant: &Tenant) -> Result<Vec<OrgKey>, Failure> {
    let listed: Tokens = tenant.ask(&LIST_KEYS).fetch().await?;
    Ok(listed.tokens)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOrgKeys {}

#[derive(Serialize, JsonSchema)]
pub struct KeyLine {
    id: KeyId,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `org-token:PREFIX`, `session` or `admin-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    created_at: DateTime<Utc>,
    /// Absent: never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
    age_days: i64,
    /// Since the last use, or since it was minted.
    idle_days: i64,
    /// This server's own key.
    own: bool,
    /// Who had this server mint it, where the journal still knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    minted_by: Option<Maker>,
}

#[derive(Serialize, JsonSchema)]
struct Maker {
    caller: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    /// `SUBJECT (ISSUER)`
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
}

impl List for ListOrgKeys {
    type Item = KeyLine;
    const MOST: u32 = 500;

    fn mark(line: &KeyLine) -> String {
        line.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<KeyLine>, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        // The list is worth having without the journal, too.
        let mut makers =
            call.server.journal.minters(keys.iter().map(|key| key.id.to_string())).await.unwrap_or_default();
        Ok(keys.into_iter().map(|key| line(makers.remove(key.id.as_str()), key, call)).collect())
    }
}

fn line(intent: Option<IntentDetail>, key: OrgKey, call: &Invocation) -> KeyLine {
    KeyLine {
        minted_by: intent.map(|intent| Maker {
            caller: intent.caller,
            grant: intent.grant,
            person: intent.person.map(|person| format!("{} ({})", person.subject, person.issuer)),
        }),
        age_days: (call.now - key.created_at).num_days(),
        idle_days: key.idle_days(call.now),
        own: call.server.is_own_key(&key.prefix),
        id: key.id,
        prefix: key.prefix,
        name: key.name,
        created_by: key.created_by,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MintOrgKey {
    /// Says what the key is for; 1 to 100 bytes.
    name: KeyName,
    /// Where the key goes: `file[:NAME]` on the server, `env_file:FILE#VARIABLE`, `keyring:NAME`,
    /// `workspace_secret:ID/NAME`, `global_secret:NAME` or `command:NAME`.
    #[serde(default)]
    sink: Sink,
}

#[derive(Serialize, JsonSchema)]
pub struct MintedKey {
    id: KeyId,
    prefix: String,
    name: String,
    sink: String,
    /// Where the key is now.
    location: String,
}

#[derive(Deserialize)]
struct Minted {
    id: KeyId,
    auth_token: Credential,
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
        let location = match place.deliver(&minted.auth_token).await {
            Ok(delivered) => delivered.location,
            Err(failure) => return Err(take_back(&minted.id, failure, call).await),
        };
        Ok(MintedKey {
            prefix: minted.auth_token.prefix(),
            id: minted.id,
            name: self.name.to_string(),
            sink: self.sink.to_string(),
            location,
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
async fn take_back(id: &KeyId, failure: Failure, call: &Invocation) -> Failure {
    let revoked = call.tenant.ask(&REVOKE_KEY).part("key", id).received().await;
    let next = match revoked {
        Ok(_) => "The new key was revoked at once; mend the sink and mint again.".to_owned(),
        Err(_) => format!("The new key {id} could not be revoked either: revoke it with revoke_key."),
    };
    failure.changed(Changed::Yes).next(next)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeKey {
    /// The key's id, or its eight-character prefix.
    key: KeyRef,
    /// Revoke it even if it is the key that this server works with, which ends its access.
    #[serde(default)]
    including_own: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct RevokedKey {
    revoked: KeyId,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    own: bool,
}

impl Act for RevokeKey {
    type Answer = RevokedKey;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let key = self.find(fetch_org_keys(&call.tenant).await?)?;
        let own = call.server.is_own_key(&key.prefix);
        if own && !self.including_own {
            return Err(Failure::new(
                Code::Conflict,
                format!("{} is the key that this server works with; revoking it ends its access", key.prefix),
            )
            .next("If that is really wanted, call again with `including_own: true`."));
        }
        call.tenant.ask(&REVOKE_KEY).part("key", &key.id).received().await?;
        Ok(RevokedKey { revoked: key.id, prefix: key.prefix, name: key.name, own })
    }
}

impl RevokeKey {
    fn find(&self, keys: Vec<OrgKey>) -> Result<OrgKey, Failure> {
        let wanted = self.key.as_str();
        let mut found = keys.into_iter().filter(|key| key.id.as_str() == wanted || key.prefix == wanted);
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Failure::new(Code::Conflict, format!("several keys are listed as {wanted}"))
                .next("Name the key by its id.")),
            (None, _) => Err(Failure::new(Code::NotFound, format!("no live org key is {wanted}"))
                .next("It may be revoked already; look at list_org_keys.")),
        }
    }
}
