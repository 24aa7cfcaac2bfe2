//! inspect_org_keys: what a careful administrator would look for in the list of keys.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CAP;
use super::lineage::{Of, Placed, drawn, forest};
use super::list::{OrgKey, fetch_org_keys};
use super::usage::{Usage, usage};
use crate::failure::Failure;
use crate::text::start;
use crate::tools::bounds::Whole;
use crate::tools::ids::KeyId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// How many findings, and keys of the lineage, one answer names; the counts say the rest.
const NAMED: usize = 100;
/// The tenant takes no longer name than this.
const LONGEST: usize = 100;

/// What counts as a problem.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Days without use.
    pub unused: i64,
    /// Days since it was minted.
    pub old: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { unused: 90, old: 365 }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectOrgKeys {
    /// Days without use that count as unused; default 90.
    unused_days: Option<Whole<1, 3650>>,
    /// Days of age that count as old; default 365.
    old_days: Option<Whole<1, 3650>>,
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
    /// Who minted whom, drawn, one line a key; the first hundred.
    lineage: Vec<String>,
    /// The same as data, in the same order.
    keys: Vec<Node>,
    /// What this server did with each of these keys; absent where the journal can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    problems: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Node {
    prefix: String,
    /// 0 for a root; a key's parent is the last one before it that is one less deep.
    depth: usize,
    /// Absent: revoked, and only there for those below.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Who minted a root: `session` or `admin-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    /// Who had this server mint it, where the journal still knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
    /// When this server revokes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
}

impl Act for InspectOrgKeys {
    type Answer = Inspection;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let keys = fetch_org_keys(&call.tenant).await?;
        let usual = Thresholds::default();
        let thresholds = Thresholds {
            unused: self.unused_days.map_or(usual.unused, Whole::get),
            old: self.old_days.map_or(usual.old, Whole::get),
        };
        let findings = findings(&keys, thresholds, call.now);
        let forest = forest(&keys);
        let mut lineage = drawn(&forest, |prefix| call.server.is_own_key(prefix));
        lineage.truncate(NAMED);
        Ok(Inspection {
            count: keys.len(),
            cap: CAP,
            near_cap: keys.len() * 10 >= CAP * 9,
            findings_count: findings.len(),
            findings: findings.into_iter().take(NAMED).collect(),
            lineage,
            keys: nodes(forest.get(..NAMED).unwrap_or(&forest), call).await,
            usage: usage(&keys, call).await.ok(),
        })
    }
}

/// The list is worth having without the journal and the leases, too.
async fn nodes(forest: &[Placed<'_>], call: &Invocation) -> Vec<Node> {
    let live = forest.iter().filter_map(|one| match one.of {
        Of::Key(key) => Some(key.id.to_string()),
        Of::Gone(_) => None,
    });
    let mut makers = call.server.journal.minters(live.collect::<Vec<_>>()).await.unwrap_or_default();
    let leases = call.server.leases.running(&call.server.tenant).unwrap_or_default();
    let node = |one: &Placed<'_>| {
        let key = match one.of {
            Of::Key(key) => Some(key),
            Of::Gone(_) => None,
        };
        Node {
            prefix: one.of.prefix().to_owned(),
            depth: one.depth,
            id: key.map(|key| key.id.clone()),
            name: key.and_then(|key| key.name.as_deref()).map(|name| start(name, LONGEST).into_owned()),
            created_by: key.filter(|key| key.minted_by().is_none()).and_then(|key| key.created_by.clone()),
            caller: key.and_then(|key| makers.remove(key.id.as_str())).map(|intent| intent.caller),
            age_days: key.map(|key| (call.now - key.created_at).num_days()),
            expires: key.and_then(|key| leases.get(key.id.as_str()).copied()),
        }
    };
    forest.iter().map(node).collect()
}

/// Keys with at least one problem, in the order of the list.
pub fn findings(keys: &[OrgKey], thresholds: Thresholds, now: DateTime<Utc>) -> Vec<Finding> {
    let live: BTreeSet<&str> = keys.iter().map(|key| key.prefix.as_str()).collect();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for name in keys.iter().filter_map(|key| key.name.as_deref()) {
        *names.entry(name).or_default() += 1;
    }
    let judged = keys.iter().map(|key| Finding {
        prefix: key.prefix.clone(),
        name: key.name.as_deref().map(|name| start(name, LONGEST).into_owned()),
        problems: problems(key, thresholds, now, &live, &names),
    });
    judged.filter(|finding| !finding.problems.is_empty()).collect()
}

fn problems(
    key: &OrgKey,
    thresholds: Thresholds,
    now: DateTime<Utc>,
    live: &BTreeSet<&str>,
    names: &BTreeMap<&str, usize>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let (idle, age) = (key.idle_days(now), (now - key.created_at).num_days());
    match key.last_used_at {
        Some(_) if idle >= thresholds.unused => problems.push(format!("unused for {idle} days")),
        None if idle >= thresholds.unused => problems.push(format!("never used since it was minted {idle} days ago")),
        _ => {}
    }
    if age >= thresholds.old {
        problems.push(format!("old: minted {age} days ago"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::keys::lineage::tests::key;

    #[test]
    fn each_problem_is_named_and_good_keys_are_not() {
        let keys = [
            key("goodgood", Some("a"), "admin-token", Some(1)),
            key("idleidle", Some("b"), "org-token:goodgood", Some(120)),
            key("nonameno", None, "org-token:gonegone", Some(1)),
            key("twintwi1", Some("t"), "admin-token", Some(1)),
            key("twintwi2", Some("t"), "admin-token", None),
        ];
        let judged = |thresholds| -> BTreeMap<String, String> {
            let found = findings(&keys, thresholds, Utc::now());
            found.into_iter().map(|one| (one.prefix, one.problems.join("; "))).collect()
        };
        let by_prefix = judged(Thresholds::default());
        assert!(!by_prefix.contains_key("goodgood"));
        assert_eq!(by_prefix["idleidle"], "unused for 120 days");
        assert_eq!(by_prefix["nonameno"], "unnamed; minted by gonegone, a key that is gone");
        assert_eq!(by_prefix["twintwi1"], "shares its name with another key");
        assert!(by_prefix["twintwi2"].starts_with("never used since"));
        let strict = judged(Thresholds { old: 200, ..Thresholds::default() });
        assert_eq!(strict["goodgood"], "old: minted 200 days ago");
    }
}
