//! inspect_org_keys: what a careful administrator would look for in the list of keys.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::{OrgKey, fetch_org_keys};
use crate::failure::Failure;
use crate::fence;
use crate::text::start;
use crate::tools::bounds::Whole;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// The tenant lists no more than this many.
const CAP: usize = 500;
/// How many findings, and keys of the lineage, one answer names; the counts say the rest.
const NAMED: usize = 100;
/// The tenant takes no longer name than this.
const LONGEST: usize = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectOrgKeys {
    /// A key idle for this many days counts as unused.
    unused_days: Option<Whole<1, 3650>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Inspection {
    count: usize,
    /// The tenant lists 500 keys at most; what is beyond can't be seen.
    cap: usize,
    near_cap: bool,
    /// The first hundred.
    findings: Vec<Finding>,
    findings_count: usize,
    /// Who minted whom, one line a key, children indented below the key that minted them; the first
    /// hundred.
    lineage: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    problems: Vec<String>,
}

impl Act for InspectOrgKeys {
    type Answer = Inspection;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        let findings = findings(&keys, self.unused_days.map_or(90, Whole::get), call.now);
        let lineage = lineage(&keys, |prefix| call.server.is_own_key(prefix));
        Ok(Inspection {
            count: keys.len(),
            cap: CAP,
            near_cap: keys.len() * 10 >= CAP * 9,
            findings_count: findings.len(),
            findings: findings.into_iter().take(NAMED).collect(),
            lineage: lineage.into_iter().take(NAMED).collect(),
        })
    }
}

/// Keys with at least one problem, in the order of the list.
pub fn findings(keys: &[OrgKey], unused_days: i64, now: DateTime<Utc>) -> Vec<Finding> {
    let live: BTreeSet<&str> = keys.iter().map(|key| key.prefix.as_str()).collect();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for name in keys.iter().filter_map(|key| key.name.as_deref()) {
        *names.entry(name).or_default() += 1;
    }
    let judged = keys.iter().map(|key| Finding {
        prefix: key.prefix.clone(),
        name: key.name.as_deref().map(|name| start(name, LONGEST).into_owned()),
        problems: problems(key, unused_days, now, &live, &names),
    });
    judged.filter(|finding| !finding.problems.is_empty()).collect()
}

fn problems(
    key: &OrgKey,
    unused_days: i64,
    now: DateTime<Utc>,
    live: &BTreeSet<&str>,
    names: &BTreeMap<&str, usize>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let idle = key.idle_days(now);
    match key.last_used_at {
        Some(_) if idle >= unused_days => problems.push(format!("unused for {idle} days")),
        None if idle >= unused_days => problems.push(format!("never used since it was minted {idle} days ago")),
        _ => {}
    }
    match &key.name {
        None => problems.push("unnamed".to_owned()),
        Some(name) if names.get(name.as_str()).is_some_and(|count| *count > 1) => {
            problems.push("shares its name with another key".to_owned());
        }
        Some(_) => {}
    }
    if let Some(parent) = key.minted_by().filter(|parent| !live.contains(parent)) {
        problems.push(format!("minted by {parent}, a key that is gone"));
    }
    problems
}

/// The forest, depth first. Each key is placed once, so a circle of equal prefixes can't loop.
fn lineage(keys: &[OrgKey], is_own: impl Fn(&str) -> bool) -> Vec<String> {
    let live: BTreeSet<&str> = keys.iter().map(|key| key.prefix.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&OrgKey>> = BTreeMap::new();
    let mut open: Vec<(usize, &OrgKey)> = Vec::new();
    for key in keys {
        match key.minted_by().filter(|parent| live.contains(parent) && *parent != key.prefix) {
            Some(parent) => children.entry(parent).or_default().push(key),
            None => open.push((0, key)),
        }
    }
    let mut lines = Vec::new();
    while let Some((depth, key)) = open.pop() {
        let name =
            key.name.as_deref().map_or_else(|| "(unnamed)".to_owned(), |name| fence::quoted(&start(name, LONGEST)));
        let own = if is_own(&key.prefix) { ", this server's own" } else { "" };
        let by = key.created_by.as_deref().unwrap_or("unknown");
        lines.push(format!("{}{} {name} (by {by}{own})", "  ".repeat(depth), key.prefix));
        open.extend(children.remove(key.prefix.as_str()).into_iter().flatten().map(|child| (depth + 1, child)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn key(prefix: &str, name: Option<&str>, by: &str, used_days_ago: Option<i64>) -> OrgKey {
        let now = Utc::now();
        let ago = |days| (now - TimeDelta::days(days)).to_rfc3339();
        serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::new_v4().to_string(), "prefix": prefix, "name": name, "created_by": by,
            "created_at": ago(200), "last_used_at": used_days_ago.map(ago),
        }))
        .unwrap()
    }

    #[test]
    fn each_problem_is_named_and_good_keys_are_not() {
        let keys = [
            key("goodgood", Some("a"), "admin-token", Some(1)),
            key("idleidle", Some("b"), "org-token:goodgood", Some(120)),
            key("nonameno", None, "org-token:gonegone", Some(1)),
            key("twintwi1", Some("t"), "admin-token", Some(1)),
            key("twintwi2", Some("t"), "admin-token", None),
        ];
        let found = findings(&keys, 90, Utc::now());
        let by_prefix: BTreeMap<_, _> =
            found.iter().map(|one| (one.prefix.as_str(), one.problems.join("; "))).collect();
        assert!(!by_prefix.contains_key("goodgood"));
        assert_eq!(by_prefix["idleidle"], "unused for 120 days");
        assert_eq!(by_prefix["nonameno"], "unnamed; minted by gonegone, a key that is gone");
        assert_eq!(by_prefix["twintwi1"], "shares its name with another key");
        assert!(by_prefix["twintwi2"].starts_with("never used since"));
    }

    #[test]
    fn lineage_places_every_key_once_even_in_a_circle() {
        let keys = [
            key("root0000", Some("root"), "admin-token", None),
            key("child000", Some("child"), "org-token:root0000", None),
            key("grandchi", None, "org-token:child000", None),
        ];
        assert_eq!(
            lineage(&keys, |prefix| prefix == "child000"),
            [
                "root0000 \"root\" (by admin-token)",
                "  child000 \"child\" (by org-token:root0000, this server's own)",
                "    grandchi (unnamed) (by org-token:child000)",
            ]
        );
        let circle = [key("selfself", None, "org-token:selfself", None)];
        assert_eq!(lineage(&circle, |_| false).len(), 1);
    }
}
