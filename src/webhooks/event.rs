//! What happened to org keys in a call, worked out from how it ended; and what a receiver is told of it.
//! Nothing here is secret: keys by id, prefix and name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::journal::entry::{KeyMark, OutcomeDetail, stamp};
use crate::transport::caller::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    #[serde(rename = "key.minted")]
    Minted,
    #[serde(rename = "key.rotated")]
    Rotated,
    #[serde(rename = "key.revoked")]
    Revoked,
    #[serde(rename = "key.lease_expired")]
    LeaseExpired,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Minted, Self::Rotated, Self::Revoked, Self::LeaseExpired];
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub kind: Kind,
    pub key: KeyMark,
    /// The key that was revoked for it.
    pub replaces: Option<KeyMark>,
    /// How long after its lease was over.
    pub late_seconds: Option<i64>,
}

impl Happened {
    fn new(kind: Kind, key: KeyMark) -> Self {
        Self { kind, key, replaces: None, late_seconds: None }
    }
}

/// In the order in which it happened. What was made and taken back within the call never was.
pub fn of(tool: &str, outcome: &OutcomeDetail, answer: Option<&Value>) -> Vec<Happened> {
    let is_made = |key: &KeyMark| outcome.made.as_ref() == Some(&key.id);
    let taken_back = outcome.revoked.iter().any(is_made);
    let mut revoked: Vec<KeyMark> = outcome.revoked.iter().filter(|key| !is_made(key)).cloned().collect();
    let told = |field: &str| answer.and_then(|answer| answer.get(field)?.as_str()).unwrap_or_default().to_owned();
    let new = |id: String| KeyMark { id, prefix: told("prefix"), name: told("name") };
    let made = match (tool, &outcome.made) {
        // Also where an earlier call had minted the new key, and only the old one's end was left to do: the last.
        ("rotate_org_key", _) if answer.is_some() && !revoked.is_empty() => {
            Some(Happened { replaces: revoked.pop(), ..Happened::new(Kind::Rotated, new(told("id"))) })
        }
        ("mint_org_key" | "rotate_org_key", Some(id)) if !taken_back => {
            Some(Happened::new(Kind::Minted, new(id.clone())))
        }
        _ => None,
    };
    // What an earlier call left is revoked before anything is made.
    let revoked = revoked.into_iter().map(|key| Happened::new(Kind::Revoked, key));
    revoked.chain(made).collect()
}

/// What a receiver reads.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// The same at each try.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    at: String,
    tenant: String,
    key: KeyMark,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<KeyMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_seconds: Option<i64>,
    by: By,
    invocation: Uuid,
}

#[derive(Clone, Debug, Serialize)]
struct By {
    caller: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    door: &'static str,
}

impl Notice {
    /// The `number`th event of this invocation.
    pub fn new(
        happened: Happened,
        number: usize,
        invocation: Uuid,
        caller: &Caller,
        tenant: &str,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            id: format!("evt_{}_{number}", invocation.simple()),
            kind: happened.kind,
            at: stamp(at),
            tenant: tenant.to_owned(),
            key: happened.key,
            replaces: happened.replaces,
            late_seconds: happened.late_seconds,
            by: By {
                caller: caller.name.clone().into_owned(),
                grant: caller.grant.as_ref().map(|grant| grant.id.clone()),
                door: caller.door.as_str(),
            },
            invocation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mark(id: &str) -> KeyMark {
        KeyMark { id: id.to_owned(), prefix: format!("{id}-prefix"), name: String::new() }
    }

    fn kinds(tool: &str, made: Option<&str>, revoked: &[&str], done: bool) -> Vec<(Kind, String)> {
        let outcome = OutcomeDetail {
            made: made.map(ToOwned::to_owned),
            revoked: revoked.iter().map(|id| mark(id)).collect(),
            ..OutcomeDetail::default()
        };
        let answer = json!({ "id": "new", "prefix": "p", "name": "n" });
        of(tool, &outcome, done.then_some(&answer)).into_iter().map(|one| (one.kind, one.key.id)).collect()
    }

    #[test]
    fn what_happened_follows_from_what_was_made_and_revoked() {
        let one = |kind, id: &str| (kind, id.to_owned());
        assert_eq!(kinds("mint_org_key", Some("new"), &[], true), [one(Kind::Minted, "new")]);
        assert_eq!(kinds("mint_org_key", Some("new"), &[], false), [one(Kind::Minted, "new")], "it lives");
        assert_eq!(kinds("mint_org_key", Some("new"), &["new"], false), []);
        assert_eq!(kinds("mint_org_key", None, &[], false), []);
        assert_eq!(kinds("rotate_org_key", Some("new"), &["old"], true), [one(Kind::Rotated, "new")]);
        assert_eq!(kinds("rotate_org_key", None, &["old"], true), [one(Kind::Rotated, "new")], "what was left to do");
        assert_eq!(kinds("rotate_org_key", Some("new"), &[], false), [one(Kind::Minted, "new")], "the old one lives");
        assert_eq!(kinds("rotate_org_key", Some("new"), &["new"], false), []);
        assert_eq!(kinds("create_workspace", Some("w"), &[], true), []);
        let found = [one(Kind::Revoked, "lost"), one(Kind::Rotated, "new")];
        assert_eq!(kinds("rotate_org_key", Some("new"), &["lost", "old"], true), found, "an earlier call's, first");
        let both = [one(Kind::Revoked, "a"), one(Kind::Revoked, "b")];
        assert_eq!(kinds("revoke_key_tree", None, &["a", "b"], false), both);
    }
}
