//! rotate_org_key: a new key is minted, proved by a request and delivered before the old one is revoked. What was
//! begun is gone on with: a new key that didn't arrive is revoked and minted again, after one that did only the
//! old one's end is left to do.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LIST_KEYS;
use super::fresh::{self, Fresh, Orphans};
use super::list::{OrgKey, Tokens, fetch_org_keys, find};
use crate::backend::Draft;
use crate::deliveries::{Delivery, Instead, Made, Standing, Step};
use crate::failure::{Changed, Code, Failure};
use crate::secrets::Sink;
use crate::secrets::sink::Proved;
use crate::tools::ids::{KeyId, KeyName, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// Longer than a request takes: what is still under way with the old key then was let in long ago.
const UNDER_WAY: Duration = Duration::from_secs(35);
/// Other processes look at the file each second, and then try the key.
const NOTICED: Duration = Duration::from_secs(3);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateOrgKey {
    /// The old key's id, or its eight-character prefix.
    key: KeyRef,
    /// Where the new key goes: `file`, or `file:NAME` in the server's directory for credentials. Leave it out for
    /// this server's own key, unless that comes from its environment.
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

/// Where the new key goes.
enum Place {
    Sink(Proved),
    /// The file that this server reads its key from.
    KeyFile(Draft, String),
}

impl Act for RotateOrgKey {
    type Answer = RotatedKey;

    /// Which keys there were; and what can't be rotated nobody is asked about.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        let seen = keys.iter().map(|key| Value::from(key.prefix.as_str())).collect();
        let old = find(&self.key, keys)?;
        if call.server.deliveries.instead_of(old.id.as_str()).await?.is_none() {
            self.needs(&old, call)?;
        }
        Ok(Some(seen))
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let old = find(&self.key, fetch_org_keys(&call.tenant).await?)?;
        let begun = call.server.deliveries.instead_of(old.id.as_str()).await?;
        if let Some(begun) = begun
            && let Some(made) = gone_on_with(&begun, call).await?
        {
            let answer = delivered_before(made, &begun, &old)?;
            let delivery = call.server.deliveries.of(&begun);
            return End { delivery, old, own: false }.after(answer, call).await;
        }
        self.begin(old, call).await
    }
}

impl RotateOrgKey {
    /// Whether this key needs, or can have, a sink.
    fn needs(&self, old: &OrgKey, call: &Invocation) -> Result<(), Failure> {
        let file = call.server.keys.file().filter(|_| call.server.keys.is_own(&old.prefix));
        match (file, &self.sink) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            (Some(file), Some(_)) => Err(Failure::invalid(format!(
                "this server reads its own key from {} and the new one goes there: leave out `sink`",
                file.path().display()
            ))),
            (None, None) if call.server.keys.is_own(&old.prefix) => Err(Failure::new(
                Code::PreconditionFailed,
                "this server was given its key in its environment, where it can't put another",
            )
            .next(
                "Ask the operator to start it with MOLECULE_ORG_TOKEN_FILE; or name a `sink` that they take the new \
                 key from before this server starts again.",
            )),
            (None, None) => Err(Failure::invalid("`sink`: say where the new key goes, such as `file:NAME`")),
        }
    }

    async fn begin(self, old: OrgKey, call: &Invocation) -> Result<RotatedKey, Failure> {
        self.needs(&old, call)?;
        let own = call.server.keys.is_own(&old.prefix);
        let name = self.name.as_ref().map(KeyName::as_str).or(old.name.as_deref()).unwrap_or("rotated").to_owned();
        let place = self.prove_place(&name, call).await?;
        let key_file = match &place {
            Place::KeyFile(..) => call.server.keys.file().map(|file| file.path().to_owned()),
            Place::Sink(_) => None,
        };
        let instead = Instead { id: old.id.to_string(), key_file };
        let key = Fresh::mint(&name, Some(instead), call).await?;
        if let Err(failure) = prove(&key, call).await {
            return Err(key.take_back(failure, call).await);
        }
        let secret = Arc::new(SecretString::from(key.secret.expose()));
        let id = Some(key.id.to_string());
        let location = match place {
            Place::Sink(place) => match place.deliver(&key.secret).await {
                Ok(delivered) => delivered.location,
                Err(failure) => return Err(key.take_back(failure, call).await),
            },
            Place::KeyFile(draft, location) => {
                if let Err(failure) = call.server.keys.succeed(draft, Arc::clone(&secret), id.clone()).await {
                    return Err(key.take_back(failure, call).await);
                }
                location
            }
        };
        let answer = RotatedKey {
            id: key.id.clone(),
            prefix: key.secret.prefix(),
            name,
            sink: self.sink.as_ref().map(ToString::to_string),
            location: Some(location),
            revoked: old.id.clone(),
            own,
            left: None,
        };
        if own && self.sink.is_none() {
            // It is in use: what can't be written down now, the next start finds in the file.
            let end = End { delivery: key.delivery.clone(), old, own };
            key.delivery.delivered().await.map_err(|failure| end.is_left(failure))?;
            return end.after(answer, call).await;
        }
        let key = key.is_delivered(call).await?;
        if own {
            call.server.keys.adopt(secret, id)?;
        }
        End { delivery: key.delivery, old, own }.after(answer, call).await
    }

    async fn prove_place(&self, name: &str, call: &Invocation) -> Result<Place, Failure> {
        if let Some(sink) = &self.sink {
            return Ok(Place::Sink(sink.prove(&call.places(), name).await?));
        }
        let file = call.server.keys.file().ok_or_else(|| Failure::invalid("`sink`: say where the new key goes"))?;
        let draft = file.prepare().map_err(|error| {
            Failure::new(
                Code::PreconditionFailed,
                "the file that this server reads its key from can't be replaced; nothing was minted",
            )
            .next("Ask the operator to let this server write to it and to its directory.")
            .operator(format!("{}: {error}", file.path().display()))
        })?;
        Ok(Place::KeyFile(draft, file.path().display().to_string()))
    }
}

/// What there is to tell of a key that an earlier call delivered.
fn delivered_before(made: Made, begun: &Standing, old: &OrgKey) -> Result<RotatedKey, Failure> {
    let id = made.id.and_then(|id| KeyId::try_from(id).ok());
    Ok(RotatedKey {
        id: id.ok_or_else(|| Failure::new(Code::Internal, "the new key's id isn't known"))?,
        prefix: made.prefix,
        name: begun.name().to_owned(),
        sink: None,
        location: None,
        revoked: old.id.clone(),
        own: false,
        left: None,
    })
}

/// What an earlier call left. Where its key arrived, that one; else nothing of it is left now.
async fn gone_on_with(begun: &Standing, call: &Invocation) -> Result<Option<Made>, Failure> {
    if !begun.over {
        let busy = "another call is rotating this key";
        return Err(Failure::new(Code::Conflict, busy).next("Call again in a minute."));
    }
    let delivery = call.server.deliveries.of(begun);
    match &begun.step {
        Step::Delivered(made) => return Ok(Some(made.clone())),
        Step::Minted(made) if call.server.keys.is_own(&made.prefix) => {
            delivery.delivered().await?;
            return Ok(Some(made.clone()));
        }
        Step::Minted(made) => {
            if let Some(Ok(id)) = made.id.clone().map(KeyId::try_from) {
                fresh::revoke(&id, call).await?;
            }
        }
        Step::Minting => {
            let orphans = fresh::orphans(begun.name(), call, |key| !begun.seen.contains(&key.prefix)).await?;
            if matches!(fresh::revoke_the_only(&orphans, call).await?, Orphans::Several) {
                return Err(Failure::new(Code::OutcomeUnknown, "an earlier call may have minted a key for this one")
                    .next(fresh::several(&orphans)));
            }
        }
    }
    delivery.is_gone().await.map(|()| None)
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
        if self.own {
            // Of this process's requests none is refused, and other processes have read the new one by then.
            let keys = &call.server.keys;
            tokio::join!(keys.at_rest(UNDER_WAY), tokio::time::sleep(NOTICED));
        }
        fresh::revoke(&self.old.id, call).await.map_err(|failure| self.is_left(failure))?;
        call.has_revoked(self.old.mark());
        if let Err(failure) = self.delivery.old_is_gone().await {
            tracing::warn!(%failure, "a key that is gone still stands as being replaced");
        }
        let left = match (&answer.sink, &answer.location) {
            (Some(_), Some(location)) if self.own => Some(format!(
                "This process uses the new key already. Before it starts again, give it the one in {location}; others \
                 that were given the old key have no access any more."
            )),
            _ => None,
        };
        Ok(RotatedKey { own: self.own, left, ..answer })
    }

    fn is_left(&self, failure: Failure) -> Failure {
        failure.changed(Changed::Yes).next(format!(
            "The new key is in its place and the old one, {}, still works: call rotate_org_key again with the old \
             key's id, which revokes it and mints nothing.",
            self.old.id
        ))
    }
}
