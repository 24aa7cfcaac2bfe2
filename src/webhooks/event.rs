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
    let revoked = outcome.revoked.iter().filter(|key| outcome.made.as_ref() != Some(&key.id));
    let taken_back = outcome.revoked.iter().any(|key| outcome.made.as_ref() == Some(&key.id));
    let mut revoked: Vec<KeyMark> = revoked.cloned().collect();
    let mut happened = Vec::new();
    if matches!(tool, "mint_org_key" | "rotate_org_key")
        && let Some(id) = outcome.made.as_ref().filter(|_| !taken_back)
    {
        let told = |field: &str| answer.and_then(|answer| answer.get(field)?.as_str()).unwrap_or_default().to_owned();
        let key = KeyMark { id: id.clone(), prefix: told("prefix"), name: told("name") };
        let replaces = (tool == "rotate_org_key").then(|| revoked.pop()).flatten();
        let kind = if replaces.is_some() { Kind::Rotated } else { Kind::Minted };
        happened.push(Happened { replaces, ..Happened::new(kind, key) });
    }
    happened.extend(revoked.into_iter().map(|key| Happened::new(Kind::Revoked, key)));
    happened
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

    fn kinds(tool: &str, made: Option<&str>, revoked: &[&str]) -> Vec<(Kind, String)> {
        let outcome = OutcomeDetail {
            made: made.map(ToOwned::to_owned),
            revoked: revoked.iter().map(|id| mark(id)).collect(),
            ..OutcomeDetail::default()
        };
        let answer = json!({ "prefix": "p", "name": "n" });
        of(tool, &outcome, Some(&answer)).into_iter().map(|one| (one.kind, one.key.id)).collect()
    }

    #[test]
    fn what_happened_follows_from_what_was_made_and_revoked() {
        let one = |kind, id: &str| (kind, id.to_owned());
        assert_eq!(kinds("mint_org_key", Some("a"), &[]), [one(Kind::Minted, "a")]);
        assert_eq!(kinds("mint_org_key", Some("a"), &["a"]), []);
        assert_eq!(kinds("mint_org_key", None, &[]), []);
        assert_eq!(kinds("rotate_org_key", Some("b"), &["a"]), [one(Kind::Rotated, "b")]);
        assert_eq!(kinds("rotate_org_key", Some("b"), &[]), [one(Kind::Minted, "b")], "the old one lives");
        assert_eq!(kinds("rotate_org_key", None, &["a"]), [one(Kind::Revoked, "a")], "what was left to do");
        assert_eq!(kinds("create_workspace", Some("w"), &[]), []);
        assert_eq!(kinds("revoke_key_tree", None, &["a", "b"]), [one(Kind::Revoked, "a"), one(Kind::Revoked, "b")]);
    }
}
