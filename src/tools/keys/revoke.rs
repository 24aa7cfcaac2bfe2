//! revoke_key: found by id or prefix, and never this server's own by accident.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::REVOKE_KEY;
use super::list::{fetch_org_keys, find};
use crate::failure::{Code, Failure};
use crate::tools::ids::{KeyId, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

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
        let key = find(&self.key, fetch_org_keys(&call.tenant).await?)?;
        let own = call.server.is_own_key(&key.prefix);
        if own && !self.including_own {
            return Err(Failure::new(
                Code::Conflict,
                format!("{} is the key that this server works with; revoking it ends its access", key.prefix),
            )
            .next("If that is really wanted, call again with `including_own: true`."));
        }
        call.tenant.ask(&REVOKE_KEY).part("key", &key.id).received().await?;
        call.has_revoked(key.mark());
        Ok(RevokedKey { revoked: key.id, prefix: key.prefix, name: key.name, own })
    }
}
