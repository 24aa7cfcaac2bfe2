//! revoke_key_tree: a key and everything that it minted. The root goes first, so that it mints no more; then
//! the deepest, and no key before those below it: a list names only who minted a key, so whatever is left
//! when something stops us is still linked to the root's prefix. It is listed anew until nothing is left.
//! This server's own key goes last, and only if that is said.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::REVOKE_KEY;
use super::lineage::{Tree, below};
use super::list::{OrgKey, fetch_org_keys};
use crate::failure::{Changed, Code, Failure};
use crate::fence;
use crate::tools::ids::{KeyId, KeyRef};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// How many outcomes one answer names; the counts say the rest.
const NAMED: usize = 200;
/// How many of those that are left a failure names.
const LEFT: usize = 20;
/// Whoever mints faster than we revoke isn't met by going on.
const ROUNDS: usize = 20;
/// An answer that was lost is asked for once more.
const TRIES: u32 = 2;

const REVOKED: &str = "revoked";
const GONE: &str = "gone_already";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeKeyTree {
    /// The root's id or prefix; the prefix of a key that is gone stands for what it minted.
    key: KeyRef,
    /// Go on where this server's own key is among them; it goes last, which ends its access.
    #[serde(default)]
    including_own: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct TreeRevoked {
    /// The root's prefix.
    root: String,
    revoked: usize,
    /// Somebody else was quicker.
    gone_already: usize,
    /// The first 200, in the order of revoking.
    outcomes: Vec<KeyOutcome>,
}

#[derive(Serialize, JsonSchema)]
struct KeyOutcome {
    id: KeyId,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `revoked` or `gone_already`.
    outcome: &'static str,
    /// It was minted while the tree was being revoked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    new: bool,
}

impl Act for RevokeKeyTree {
    type Answer = TreeRevoked;

    /// The tree as it is now: what a person agrees to, and what is revoked, must be no more.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let tree = Tree::find(&fetch_org_keys(&call.tenant).await?, self.key.as_str())?;
        self.spares_own(&tree.keys, call)?;
        Ok(Some(json!(tree.ids())))
    }

    async fn act(self, call: &Invocation) -> Result<TreeRevoked, Failure> {
        let tree = Tree::find(&fetch_org_keys(&call.tenant).await?, self.key.as_str())?;
        self.spares_own(&tree.keys, call)?;
        let seen: BTreeSet<&str> =
            call.seen.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
        if tree.keys.iter().any(|key| !seen.contains(key.id.as_str())) {
            return Err(Failure::new(Code::Conflict, "the tree has grown since it was shown")
                .next("Call again: it is shown as it is now."));
        }
        let mut felling = Felling::new(&tree, seen);
        let stopped = felling.run(call).await.err();
        felling.told(stopped)
    }
}

impl RevokeKeyTree {
    fn spares_own(&self, keys: &[OrgKey], call: &Invocation) -> Result<(), Failure> {
        let own = keys.iter().find(|key| call.server.is_own_key(&key.prefix));
        match own.filter(|_| !self.including_own) {
            None => Ok(()),
            Some(own) => Err(Failure::new(
                Code::Conflict,
                format!(
                    "{} is among them, the key that this server works with; revoking it ends its access",
                    own.prefix
                ),
            )
            .next(
                "Rotate it first, or revoke the keys that are meant one by one. If all of them are: call again with \
                 `including_own: true`.",
            )),
        }
    }
}

/// A tree on its way down.
struct Felling<'s> {
    root: String,
    seen: BTreeSet<&'s str>,
    /// Of keys that belong to it, live or gone.
    prefixes: BTreeSet<String>,
    done: Vec<KeyOutcome>,
    /// By the key's id: what stands in the way of those that aren't done.
    failed: BTreeMap<String, Trouble>,
}

struct Trouble {
    key: OrgKey,
    tries: u32,
    failure: Failure,
}

impl<'s> Felling<'s> {
    fn new(tree: &Tree, seen: BTreeSet<&'s str>) -> Self {
        Self {
            root: tree.prefix.clone(),
            seen,
            prefixes: BTreeSet::from([tree.prefix.clone()]),
            done: Vec::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Until nothing of it is left, or nothing more can be done.
    async fn run(&mut self, call: &Invocation) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let keys: Vec<OrgKey> = fetch_org_keys(&call.tenant).await?;
            let mut live: Vec<&OrgKey> = below(&keys, &mut self.prefixes);
            self.settle_vanished(&live, call);
            live.retain(|key| self.failed.get(key.id.as_str()).is_none_or(|trouble| trouble.tries < TRIES));
            let (own, others): (Vec<&OrgKey>, Vec<&OrgKey>) =
                live.into_iter().partition(|key| call.server.is_own_key(&key.prefix));
            let next = match (others.is_empty(), self.failed.is_empty()) {
                (true, true) if own.is_empty() => return Ok(()),
                (true, true) => own,
                (true, false) => return Ok(()),
                (false, _) => others,
            };
            let is_own = next.first().is_some_and(|key| call.server.is_own_key(&key.prefix));
            let before = self.done.len();
            self.round(next, call).await?;
            let may_yet = self.failed.values().any(|trouble| trouble.tries < TRIES);
            // Without our own key nothing can be listed any more.
            if is_own || (self.done.len() == before && !may_yet) {
                return Ok(());
            }
        }
        Err(Failure::new(Code::Conflict, "keys of this tree go on minting others"))
    }

    /// Keys in the order in which they were minted.
    async fn round(&mut self, keys: Vec<&OrgKey>, call: &Invocation) -> Result<(), Failure> {
        let total = u32::try_from(self.done.len() + keys.len()).ok();
        let (root, rest): (Vec<&OrgKey>, Vec<&OrgKey>) = keys.into_iter().partition(|key| key.prefix == self.root);
        // Who minted a key that is still there.
        let failed: Vec<OrgKey> = self.failed.values().map(|trouble| trouble.key.clone()).collect();
        let mut kept: BTreeSet<&str> = failed.iter().filter_map(OrgKey::minted_by).collect();
        for key in root.into_iter().chain(rest.into_iter().rev()) {
            if key.prefix == self.root || !kept.contains(key.prefix.as_str()) {
                self.revoke(key, call).await?;
            }
            let is_there = self.failed.contains_key(key.id.as_str()) || kept.contains(key.prefix.as_str());
            kept.extend(key.minted_by().filter(|_| is_there));
            let done = u32::try_from(self.done.len()).unwrap_or(u32::MAX);
            call.progress.step(done, total, format!("key {}", key.prefix));
        }
        Ok(())
    }

    /// Fails only where trying the others is no use.
    async fn revoke(&mut self, key: &OrgKey, call: &Invocation) -> Result<(), Failure> {
        if call.tenant.is_cancelled() {
            return Err(Failure::new(Code::Cancelled, "the caller cancelled"));
        }
        // Whole or not at all: the caller may go between two keys.
        let answer = call.tenant.ask(&REVOKE_KEY).part("key", &key.id).regardless().received().await;
        let outcome = match answer {
            Ok(_) => REVOKED,
            Err(failure) if failure.code() == Code::NotFound => GONE,
            Err(failure) => {
                let tries = self.failed.get(key.id.as_str()).map_or(0, |trouble| trouble.tries);
                // Only an answer that was lost is worth another try.
                let tries = if failure.code() == Code::OutcomeUnknown { tries + 1 } else { TRIES };
                let trouble = Trouble { key: key.clone(), tries, failure: failure.clone() };
                self.failed.insert(key.id.to_string(), trouble);
                return if is_everybodys(failure.code()) { Err(failure) } else { Ok(()) };
            }
        };
        self.failed.remove(key.id.as_str());
        self.note(key, outcome, call);
        Ok(())
    }

    /// What isn't listed any more was revoked after all, where the answer was lost.
    fn settle_vanished(&mut self, live: &[&OrgKey], call: &Invocation) {
        let is_live = |key: &OrgKey| live.iter().any(|one| one.id == key.id);
        let (left, vanished): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.failed).into_iter().partition(|(_, trouble)| is_live(&trouble.key));
        self.failed = left;
        for trouble in vanished.into_values() {
            let unclear = trouble.failure.code() == Code::OutcomeUnknown;
            self.note(&trouble.key, if unclear { REVOKED } else { GONE }, call);
        }
    }

    fn note(&mut self, key: &OrgKey, outcome: &'static str, call: &Invocation) {
        if outcome == REVOKED {
            call.has_revoked(key.mark());
        }
        self.done.push(KeyOutcome {
            id: key.id.clone(),
            prefix: key.prefix.clone(),
            name: key.name.clone(),
            outcome,
            new: !self.seen.contains(key.id.as_str()),
        });
    }

    fn told(mut self, stopped: Option<Failure>) -> Result<TreeRevoked, Failure> {
        let count = |outcome: &str| self.done.iter().filter(|one| one.outcome == outcome).count();
        let (revoked, gone_already) = (count(REVOKED), count(GONE));
        let first = stopped.or_else(|| self.failed.values().next().map(|trouble| trouble.failure.clone()));
        let Some(first) = first else {
            self.done.truncate(NAMED);
            return Ok(TreeRevoked { root: self.root, revoked, gone_already, outcomes: self.done });
        };
        let whys = self.failed.values().take(LEFT);
        let whys: Vec<String> = whys.map(|one| format!("{} ({})", one.key.prefix, one.failure.message())).collect();
        let failed = if whys.is_empty() { String::new() } else { format!("; failed: {}", whys.join(", ")) };
        let message = format!("{}; {revoked} revoked, {gone_already} gone already{failed}", first.message());
        let changed = if revoked > 0 { Changed::Yes } else { first.has_changed() };
        Err(Failure::new(first.code(), message).changed(changed).next(format!(
            "Call revoke_key_tree again with `key: \"{}\"`, the root's prefix: it goes on with what is left.",
            fence::line(&self.root)
        )))
    }
}

/// What will meet the next key as well.
fn is_everybodys(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::TenantUnreachable
            | Code::TenantTimeout
            | Code::RateLimited
            | Code::Unauthenticated
            | Code::ForbiddenByTenant
    )
}
