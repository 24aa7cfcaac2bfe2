//! What an earlier call for the same key left. A value can't be had again: what didn't arrive is revoked.

use super::RotatedKey;
use crate::deliveries::{Made, Standing, Step};
use crate::failure::{Code, Failure};
use crate::journal::entry::KeyMark;
use crate::tools::ids::KeyId;
use crate::tools::invocation::Invocation;
use crate::tools::keys::orphans::{self, Orphans};
use crate::tools::keys::{OrgKey, fresh};

/// Where its key arrived and lives, what there is to tell of it; else nothing of it is left now.
pub(super) async fn delivered(
    begun: &Standing,
    old: &OrgKey,
    live: &[KeyId],
    call: &Invocation,
) -> Result<Option<RotatedKey>, Failure> {
    if !begun.over {
        let busy = "another call is rotating this key";
        return Err(Failure::new(Code::Conflict, busy).next("Call again in a minute."));
    }
    let delivery = call.server.deliveries.of(begun);
    match &begun.step {
        Step::Delivered(made) | Step::Minted(made) if !live.contains(&id(made)?) => {}
        Step::Delivered(made) => return answer(made, begun, old).map(Some),
        Step::Minted(made) if begun.is_in_place(&call.server.keys) => {
            delivery.delivered().await?;
            return answer(made, begun, old).map(Some);
        }
        Step::Minted(made) => {
            let id = id(made)?;
            fresh::revoke(&id, call).await?;
            let (prefix, name) = (made.prefix.clone(), begun.name().to_owned());
            call.has_revoked(KeyMark { id: id.to_string(), prefix, name });
        }
        Step::Minting => {
            let new = |key: &OrgKey| !begun.seen.contains(&key.prefix);
            if let Orphans::Unclear(next) = orphans::revoke(begun.name(), call, new).await? {
                let unclear = "an earlier call may have minted a key for this one";
                return Err(Failure::new(Code::OutcomeUnknown, unclear).next(next));
            }
        }
    }
    delivery.is_gone().await.map(|()| None)
}

fn answer(made: &Made, begun: &Standing, old: &OrgKey) -> Result<RotatedKey, Failure> {
    Ok(RotatedKey {
        id: id(made)?,
        prefix: made.prefix.clone(),
        name: begun.name().to_owned(),
        sink: None,
        location: None,
        revoked: old.id.clone(),
        own: false,
        left: None,
    })
}

fn id(made: &Made) -> Result<KeyId, Failure> {
    let id = made.id.clone().and_then(|id| KeyId::try_from(id).ok());
    id.ok_or_else(|| Failure::new(Code::Internal, "the id of a key on its way isn't known"))
}
