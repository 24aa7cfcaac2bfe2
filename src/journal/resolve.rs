//! What became of a key that was being minted when everything stopped: the tenant's list of keys tells,
//! because a key knows its name, when it was made and by whom.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::entry::IntentDetail;

/// The tenant's clock may be behind ours by this much.
const SKEW: TimeDelta = TimeDelta::minutes(2);

/// A `mint_org_key` whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclearMint {
    pub invocation: String,
    pub at: DateTime<Utc>,
    /// The prefix of the key that minted.
    pub minter: String,
    pub name: String,
    /// The prefixes of the keys that were there before, where somebody looked.
    pub seen: Option<BTreeSet<String>>,
}

/// A key as the tenant lists it now.
#[derive(Clone, Debug)]
pub struct LiveKey {
    pub id: String,
    pub prefix: String,
    pub name: Option<String>,
    pub created_by: Option<String>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    NotDone,
    /// This key came of it.
    Done(String),
    /// This one did, reached nobody, and was revoked.
    Revoked(String),
    /// One of these did, or all of them, or none.
    Ambiguous(Vec<String>),
}

impl Finding {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotDone => "not_done",
            Self::Done(_) => "done",
            Self::Revoked(_) => "revoked",
            Self::Ambiguous(_) => "ambiguous",
        }
    }

    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::NotDone => Vec::new(),
            Self::Done(key) | Self::Revoked(key) => vec![key.clone()],
            Self::Ambiguous(keys) => keys.clone(),
        }
    }
}

/// How many calls since then have an outcome that isn't known, and that nobody found out either.
pub fn unclear_since(connection: &Connection, since: &str) -> rusqlite::Result<u32> {
    const SQL: &str = "SELECT count(*) FROM journal o WHERE o.result = 'unknown' AND o.at >= ?1 AND NOT EXISTS
        (SELECT 1 FROM journal f WHERE f.invocation = o.invocation AND f.kind = 'found')";
    connection.query_row(SQL, [since], |row| row.get(0))
}

/// For each of the mints, in their order. `known` are ids of keys of which the journal says who made them.
pub fn resolve(mints: &[UnclearMint], keys: &[LiveKey], known: &BTreeSet<String>) -> Vec<Finding> {
    let of = |mint: &UnclearMint| -> Vec<&LiveKey> {
        keys.iter().filter(|key| !known.contains(&key.id) && may_be_of(mint, key)).collect()
    };
    let all: Vec<Vec<&LiveKey>> = mints.iter().map(of).collect();
    let wanted_by = |id: &str| all.iter().flatten().filter(|key| key.id == id).count();
    let finding = |candidates: &Vec<&LiveKey>| match candidates.as_slice() {
        [] => Finding::NotDone,
        // A key that two mints may have made is neither's for certain.
        [one] if wanted_by(&one.id) == 1 => Finding::Done(one.id.clone()),
        several => Finding::Ambiguous(several.iter().map(|key| key.id.clone()).collect()),
    };
    all.iter().map(finding).collect()
}

fn may_be_of(mint: &UnclearMint, key: &LiveKey) -> bool {
    let by = key.created_by.as_deref().and_then(|by| by.strip_prefix("org-token:"));
    let new = match &mint.seen {
        Some(seen) => !seen.contains(&key.prefix),
        None => key.created_at >= mint.at - SKEW,
    };
    // What minted with another credential, the admin token for one, isn't listed by its prefix.
    let ours = by.is_none_or(|by| by == mint.minter) && (by.is_some() || mint.minter.starts_with("other:"));
    new && ours && key.name.as_deref() == Some(&mint.name)
}

/// Those of a tenant that nobody has looked up yet.
pub(super) fn unresolved(connection: &Connection, tenant: &str) -> rusqlite::Result<Vec<UnclearMint>> {
    const SQL: &str = "SELECT i.invocation, i.at, i.key_prefix, i.body FROM journal o
        JOIN journal i ON i.invocation = o.invocation AND i.kind = 'intent' AND i.tenant = o.tenant
        WHERE o.result = 'unknown' AND o.tool = 'mint_org_key' AND o.tenant = ?1 AND o.kind = 'outcome'
            AND NOT EXISTS (SELECT 1 FROM journal f WHERE f.invocation = o.invocation AND f.kind = 'found')
        ORDER BY i.position";
    let mints: Vec<Option<UnclearMint>> =
        connection.prepare(SQL)?.query_map([tenant], mint)?.collect::<Result<_, _>>()?;
    Ok(mints.into_iter().flatten().collect())
}

/// One that doesn't say which name the key was to have can't be looked up.
fn mint(row: &Row<'_>) -> rusqlite::Result<Option<UnclearMint>> {
    let (at, body): (String, String) = (row.get(1)?, row.get(3)?);
    let Ok(detail) = serde_json::from_str::<IntentDetail>(&body) else { return Ok(None) };
    let (Ok(at), Some(name)) = (DateTime::parse_from_rfc3339(&at), detail.kept.get("name").and_then(Value::as_str))
    else {
        return Ok(None);
    };
    let texts = |all: &Vec<Value>| all.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    Ok(Some(UnclearMint {
        invocation: row.get(0)?,
        at: at.with_timezone(&Utc),
        minter: row.get(2)?,
        name: name.to_owned(),
        seen: detail.seen.as_ref().and_then(Value::as_array).map(texts),
    }))
}

/// An invocation of unknown outcome of which nothing was found out yet: its tool, effect and key.
pub(super) fn open(connection: &Connection, invocation: &str) -> rusqlite::Result<Option<(String, String, String)>> {
    const SQL: &str =
        "SELECT i.tool, i.effect, i.key_prefix FROM journal i WHERE i.invocation = ?1 AND i.kind = 'intent'
        AND NOT EXISTS (SELECT 1 FROM journal f WHERE f.invocation = i.invocation AND f.kind = 'found')";
    connection.query_row(SQL, [invocation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
}

/// Ids of what this tenant's invocations are known to have made.
pub(super) fn made(connection: &Connection, tenant: &str, since: &str) -> rusqlite::Result<BTreeSet<String>> {
    const SQL: &str = "SELECT body ->> '$.made' FROM journal
        WHERE tenant = ?1 AND kind = 'outcome' AND at >= ?2
            AND tool IN ('mint_org_key', 'rotate_org_key', 'create_workspace_token') AND json_valid(body)
            AND body ->> '$.made' IS NOT NULL";
    connection.prepare(SQL)?.query_map((tenant, since), |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::from(minute))
    }

    fn mint(invocation: &str, minute: u32, seen: Option<&[&str]>) -> UnclearMint {
        UnclearMint {
            invocation: invocation.to_owned(),
            at: at(minute),
            minter: "minter00".to_owned(),
            name: "ci".to_owned(),
            seen: seen.map(|seen| seen.iter().map(|&prefix| prefix.to_owned()).collect()),
        }
    }

    fn key(id: &str, minute: u32) -> LiveKey {
        LiveKey {
            id: id.to_owned(),
            prefix: format!("{id:0>8}"),
            name: Some("ci".to_owned()),
            created_by: Some("org-token:minter00".to_owned()),
            created_at: at(minute),
        }
    }

    fn found(mints: &[UnclearMint], keys: &[LiveKey]) -> Vec<Finding> {
        resolve(mints, keys, &BTreeSet::new())
    }

    #[test]
    fn one_new_key_of_that_name_is_it() {
        assert_eq!(found(&[mint("a", 60, None)], &[key("1", 61)]), [Finding::Done("1".into())]);
        assert_eq!(found(&[mint("a", 60, None)], &[key("1", 50)]), [Finding::NotDone]);
        // Whoever looked before knows better than the clocks.
        assert_eq!(found(&[mint("a", 60, Some(&[]))], &[key("1", 50)]), [Finding::Done("1".into())]);
        assert_eq!(found(&[mint("a", 60, Some(&["00000001"]))], &[key("1", 61)]), [Finding::NotDone]);
    }

    #[test]
    fn anothers_key_isnt_it() {
        let (mut name, mut by, mut session) = (key("1", 61), key("2", 61), key("3", 61));
        name.name = Some("cd".into());
        by.created_by = Some("org-token:other000".into());
        session.created_by = Some("session".into());
        assert_eq!(found(&[mint("a", 60, None)], &[name, by, session]), [Finding::NotDone]);
        let known = BTreeSet::from(["1".to_owned()]);
        assert_eq!(resolve(&[mint("a", 60, None)], &[key("1", 61)], &known), [Finding::NotDone]);
    }

    #[test]
    fn two_that_may_be_it_are_both_told() {
        let both = Finding::Ambiguous(vec!["1".into(), "2".into()]);
        let one = found(&[mint("a", 60, None)], &[key("1", 61), key("2", 62)]);
        assert_eq!(one.as_slice(), std::slice::from_ref(&both));
        let two = [mint("a", 60, None), mint("b", 60, None)];
        let either = Finding::Ambiguous(vec!["1".into()]);
        assert_eq!(found(&two, &[key("1", 61)]), [either.clone(), either]);
        assert_eq!(found(&two, &[key("1", 61), key("2", 61)]), [both.clone(), both]);
    }
}
