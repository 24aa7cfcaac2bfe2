//! mint_org_key: the place is proved writable, the key is minted and delivered, and one that reaches nobody
//! is revoked.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fresh::Fresh;
use super::lifetime::{self, Lifetime};
use super::list::fetch_org_keys;
use super::orphans::{self, Orphans};
use crate::failure::Failure;
use crate::secrets::Sink;
use crate::tools::ids::{KeyId, KeyName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::{Act, Earlier};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MintOrgKey {
    /// Says what the key is for; 1 to 100 bytes.
    name: KeyName,
    /// Where the key goes: `file[:NAME]` on the server, `env_file:FILE#VARIABLE`, `keyring:NAME`,
    /// `workspace_secret:ID/NAME`, `global_secret:NAME`, `command:NAME`, or `drop`: a page that shows it once.
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
    /// Where the key is now.
    location: String,
    /// When this server revokes it; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
}

impl Act for MintOrgKey {
    type Answer = MintedKey;

    /// Which keys there were, so that one more can be told from them.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.sink.may(&call.places(), self.name.as_str()).await?;
        let keys = fetch_org_keys(&call.tenant).await?;
        Ok(Some(keys.into_iter().map(|key| Value::from(key.prefix)).collect()))
    }

    /// A key whose value reached nobody is no use: it goes, and another is minted. One that arrived stays.
    async fn made_before(&self, call: &Invocation, since: DateTime<Utc>) -> Result<Earlier<MintedKey>, Failure> {
        // The tenant's clock isn't ours.
        let since = since - TimeDelta::minutes(1);
        if let Some(prefix) = orphans::arrived(self.name.as_str(), since, call).await? {
            return Ok(Earlier::CantTell(format!("The key {prefix} was minted and delivered: use it, or revoke it.")));
        }
        Ok(match orphans::revoke(self.name.as_str(), call, |key| key.created_at >= since).await? {
            Orphans::None | Orphans::Revoked(_) => Earlier::Nothing,
            Orphans::Unclear(next) => Earlier::CantTell(next),
        })
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let place = self.sink.prove(&call.places(), self.name.as_str()).await?;
        let key = Fresh::mint(self.name.as_str(), None, call).await?;
        let expires = match lifetime::lease(&key.mark(self.name.as_str()), self.expires_in, call).await {
            Ok(expires) => expires,
            Err(failure) => return Err(key.take_back(failure, call).await),
        };
        let location = match place.until(expires).deliver(&key.secret).await {
            Ok(delivered) => delivered.location,
            Err(failure) => return Err(key.take_back(failure, call).await),
        };
        let key = key.note_delivered(call).await?;
        Ok(MintedKey {
            prefix: key.secret.prefix(),
            id: key.id,
            name: self.name.to_string(),
            sink: self.sink.to_string(),
            location,
            expires,
        })
    }
}
