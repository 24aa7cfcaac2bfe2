//! rotate_org_key: a new key is minted, proved by a request and delivered before the old one is revoked. What an
//! earlier call began is gone on with.

mod earlier;
mod place;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LIST_KEYS;
use super::fresh::{self, Fresh};
use super::lifetime;
use super::list::{OrgKey, Tokens, fetch_org_keys, find};
use crate::deliveries::{Delivery, Instead};
use crate::failure::{Changed, Code, Failure};
use crate::secrets::Sink;
use crate::tools::ids::{KeyId, KeyName, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use place::{Place, check};

/// Longer than a request takes: what is still under way with the old key then was let in long ago.
const UNDER_WAY: Duration = Duration::from_secs(35);
/// Other processes look at the file each second, and then try the key.
const NOTICED: Duration = Duration::from_secs(3);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateOrgKey {
    /// The old key's id, or its eight-character prefix.
    key: KeyRef,
    /// Where the new key goes, as for mint_org_key, but not `drop`. Leave it out for this server's own key, unless
    /// that comes from its environment.
    sink: Option<Sink>,
    /// Default: the old key's.
    name: Option<KeyName>,
}

#[derive(Serialize, JsonSchema)]
pub struct RotatedKey {
    id: KeyId,
    prefix: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sink: Option<String>,
    /// Where the new key is now. Absent where an earlier call delivered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// The old key, which opens nothing any more.
    revoked: KeyId,
    /// It was this server's own.
    own: bool,
    /// What is left for the operator to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

impl Act for RotateOrgKey {
    type Answer = RotatedKey;

    /// Which keys there were; and what can't be rotated nobody is asked about.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        let seen = keys.iter().map(|key| Value::from(key.prefix.as_str())).collect();
        let old = find(&self.key, keys)?;
        if call.server.deliveries.instead_of(old.id.as_str()).await?.is_none() {
            check(self.sink.as_ref(), &old, call)?;
        }
        Ok(Some(seen))
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        let live: Vec<KeyId> = keys.iter().map(|key| key.id.clone()).collect();
        let old = find(&self.key, keys)?;
        if let Some(begun) = call.server.deliveries.instead_of(old.id.as_str()).await?
            && let Some(answer) = earlier::delivered(&begun, &old, &live, call).await?
        {
            let end = End { delivery: call.server.deliveries.of(&begun), old, own: false };
            return end.after(answer, call).await;
        }
        self.begin(old, call).await
    }
}

impl RotateOrgKey {
    async fn begin(self, old: OrgKey, call: &Invocation) -> Result<RotatedKey, Failure> {
        check(self.sink.as_ref(), &old, call)?;
        let own = call.server.keys.is_own(&old.prefix);
        let name = self.name.as_ref().map(KeyName::as_str).or(old.name.as_deref()).unwrap_or("rotated").to_owned();
        let place = Place::prove(self.sink.as_ref(), &name, call).await?;
        let instead = Instead { id: old.id.to_string(), key_file: place.key_file(call) };
        let in_file = instead.key_file.is_some();
        call.progress.step(0, Some(3), "minting the new key");
        let key = Fresh::mint(&name, Some(instead), call).await?;
        if let Err(failure) = prove(&key, call).await {
            return Err(key.take_back(failure, call).await);
        }
        // A server doesn't lock itself out: its own key has no end.
        if !own && let Err(failure) = lifetime::pass_on(&old.id, &key.mark(&name), call).await {
            return Err(key.take_back(failure, call).await);
        }
        call.progress.step(1, Some(3), "delivering the new key");
        let location = match place.take(&key, call).await {
            Ok(location) => location,
            Err(failure) => return Err(key.take_back(failure, call).await),
        };
        let answer = RotatedKey {
            id: key.id.clone(),
            prefix: key.secret.prefix(),
            name,
            sink: self.sink.as_ref().map(ToString::to_string),
            left: (own && !in_file).then(|| only_here(&location)),
            location: Some(location),
            revoked: old.id.clone(),
            own,
        };
        let end = End { delivery: key.delivery.clone(), old, own };
        if in_file {
            // It is in use: what can't be written down now, the next start finds in the file.
            end.delivery.delivered().await.map_err(|failure| end.is_left(failure))?;
        } else {
            let key = key.note_delivered(call).await?;
            if own {
                call.server.keys.adopt(key.secret.shared(), Some(key.id.to_string()))?;
            }
        }
        end.after(answer, call).await
    }
}

fn only_here(location: &str) -> String {
    format!(
        "This process uses the new key already. Before it starts again, give it the one in {location}; others that \
         were given the old key have no access any more."
    )
}

/// Whether the tenant takes the new key: before that, nobody does without the old one.
async fn prove(key: &Fresh, call: &Invocation) -> Result<(), Failure> {
    let listed: Tokens = call.tenant.ask(&LIST_KEYS).presenting(&key.secret).regardless().fetch().await?;
    match listed.tokens.iter().any(|one| one.id == key.id) {
        true => Ok(()),
        false => Err(Failure::new(Code::UnexpectedAnswer, "the tenant doesn't list the key that it has just minted")),
    }
}

/// All that is left once the new key is where it belongs.
struct End {
    delivery: Delivery,
    old: OrgKey,
    own: bool,
}

impl End {
    async fn after(self, answer: RotatedKey, call: &Invocation) -> Result<RotatedKey, Failure> {
        call.progress.step(2, Some(3), "revoking the old key");
        if self.own {
            // Of this process's requests none is refused, and other processes have read the new one by then.
            tokio::join!(call.server.keys.at_rest(UNDER_WAY), tokio::time::sleep(NOTICED));
        }
        fresh::revoke(&self.old.id, call).await.map_err(|failure| self.is_left(failure))?;
        call.has_revoked(self.old.mark());
        if let Err(failure) = self.delivery.old_is_gone().await {
            tracing::warn!(%failure, "a key that is gone still stands as being replaced");
        }
        Ok(answer)
    }

    fn is_left(&self, failure: Failure) -> Failure {
        failure.changed(Changed::Yes).next(format!(
            "The new key is in its place and the old one, {}, still works: call rotate_org_key again with the old \
             key's id, which revokes it and mints nothing.",
            self.old.id
        ))
    }
}
