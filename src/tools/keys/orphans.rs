//! Keys that nobody can hold, because the answer that carried them was lost: found by what is known of them, and
//! revoked where that is one for certain. For mint_org_key and rotate_org_key.

use chrono::{DateTime, Utc};

use super::list::{OrgKey, Tokens};
use super::{LIST_KEYS, fresh};
use crate::deliveries::{Standing, Step, What};
use crate::failure::Failure;
use crate::tools::invocation::Invocation;

pub(super) enum Orphans {
    None,
    /// By its prefix.
    Revoked(String),
    /// None was touched; what to do about it.
    Unclear(String),
}

/// Revokes the key of this name that this server minted, that was never used, of which no call knows, and that came
/// about so. Of several at most one is ours, and another call may be minting one right now: then none is touched.
pub(super) async fn revoke(name: &str, call: &Invocation, so: impl Fn(&OrgKey) -> bool) -> Result<Orphans, Failure> {
    // First: of what is in this list and another call's, what is asked next knows.
    let listed: Tokens = call.tenant.ask(&LIST_KEYS).regardless().fetch().await?;
    let alike = alike(name, call).await?;
    let known: Vec<&str> = alike.iter().filter_map(Standing::made).map(|it| it.prefix.as_str()).collect();
    let ours = |key: &OrgKey| {
        let by_us = key.minted_by().is_some_and(|prefix| call.server.keys.was_own(prefix));
        let nobodys = key.last_used_at.is_none() && !known.contains(&key.prefix.as_str());
        by_us && key.name.as_deref() == Some(name) && nobodys
    };
    let orphans: Vec<OrgKey> = listed.tokens.into_iter().filter(|key| ours(key) && so(key)).collect();
    match orphans.as_slice() {
        [] => Ok(Orphans::None),
        [one] if alike.iter().any(|other| is_minting(other, call)) => {
            let next = format!("{} may be it, or that of another call; call again once that one is over.", one.prefix);
            Ok(Orphans::Unclear(next))
        }
        [one] => {
            fresh::revoke(&one.id, call).await?;
            call.has_revoked(one.mark());
            Ok(Orphans::Revoked(one.prefix.clone()))
        }
        several => {
            let prefixes: Vec<&str> = several.iter().map(|key| key.prefix.as_str()).collect();
            let prefixes = prefixes.join(", ");
            let next = format!("One of {prefixes} may be it, and nobody holds it: revoke that one, then mint again.");
            Ok(Orphans::Unclear(next))
        }
    }
}

/// Another call, which doesn't know its key yet.
fn is_minting(other: &Standing, call: &Invocation) -> bool {
    !other.over && other.step == Step::Minting && other.invocation != call.id.to_string()
}

/// The prefix of a key of this name that was delivered since then.
pub(super) async fn arrived(name: &str, since: DateTime<Utc>, call: &Invocation) -> Result<Option<String>, Failure> {
    let alike = alike(name, call).await?.into_iter().filter(|one| one.at >= since);
    let delivered = |one: Standing| match one.step {
        Step::Delivered(made) => Some(made.prefix),
        Step::Minting | Step::Minted(_) => None,
    };
    Ok(alike.rev().find_map(delivered))
}

/// All that is known of keys of this name on their way.
async fn alike(name: &str, call: &Invocation) -> Result<Vec<Standing>, Failure> {
    call.server.deliveries.alike(&What::OrgKey { name: name.to_owned(), instead: None }).await
}
