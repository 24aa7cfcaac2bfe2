//! The live org keys as the tenant lists them, and list_org_keys.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LIST_KEYS;
use crate::backend::Tenant;
use crate::failure::{Code, Failure};
use crate::journal::entry::{IntentDetail, KeyMark};
use crate::tools::ids::{KeyId, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;

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

    /// As journal and webhooks name it.
    pub fn mark(&self) -> KeyMark {
        let name = self.name.clone().unwrap_or_default();
        KeyMark { id: self.id.to_string(), prefix: self.prefix.clone(), name }
    }

    /// The prefix of the key that minted it, where a key did.
    pub fn minted_by(&self) -> Option<&str> {
        self.created_by.as_deref().and_then(|by| by.strip_prefix("org-token:"))
    }
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<OrgKey>,
}

/// Every live key, newest first, as the tenant has them.
pub async fn fetch_org_keys(tenant: &Tenant) -> Result<Vec<OrgKey>, Failure> {
    let listed: Tokens = tenant.ask(&LIST_KEYS).fetch().await?;
    Ok(listed.tokens)
}

/// The one that is meant by an id or prefix.
pub(super) fn find(wanted: &KeyRef, keys: Vec<OrgKey>) -> Result<OrgKey, Failure> {
    let wanted = wanted.as_str();
    let mut found = keys.into_iter().filter(|key| key.id.as_str() == wanted || key.prefix == wanted);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(Failure::new(Code::Conflict, format!("several keys are listed as {wanted}"))
            .next("Name the key by its id.")),
        (None, _) => Err(Failure::new(Code::NotFound, format!("no live org key is {wanted}"))
            .next("It may be revoked already; look at list_org_keys.")),
    }
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
    /// When this server revokes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
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
        let leases = call.server.leases.running(&call.server.tenant).unwrap_or_default();
        let line = |key: OrgKey| {
            let (intent, expires) = (makers.remove(key.id.as_str()), leases.get(key.id.as_str()).copied());
            line(intent, expires, key, call)
        };
        Ok(keys.into_iter().map(line).collect())
    }
}

fn line(intent: Option<IntentDetail>, expires: Option<DateTime<Utc>>, key: OrgKey, call: &Invocation) -> KeyLine {
    KeyLine {
        expires,
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
