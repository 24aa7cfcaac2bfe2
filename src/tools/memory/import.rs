//! import_memories: what was exported, or made elsewhere, into workspaces found by name. The tenant says
//! how many it took and skipped, but not why: that is counted here, from what there was before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::export::{Exported, fetch};
use super::search::Scope;
use super::{IMPORT, workspaces};
use crate::failure::{Changed, Failure};
use crate::tools::given::GivenText;
use crate::tools::ids::{Namespace, Word};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

const AT_ONCE: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMemories {
    /// At most 200, as export_memories shows them.
    #[schemars(length(min = 1, max = 200))]
    memories: Vec<Entry>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Exactly its name.
    workspace_name: Word,
    content: GivenText<100_000>,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<Namespace>,
    /// When it was first remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    /// As exported ones have it; the tenant gives a new one.
    #[serde(default, skip_serializing)]
    #[schemars(skip)]
    #[serde(rename = "id")]
    _id: Option<Word>,
}

#[derive(Serialize, JsonSchema)]
pub struct Imported {
    imported: usize,
    skipped: usize,
    errors: usize,
    total: usize,
    /// Of those skipped: their workspace had the same content with that scope already, or they came twice here.
    duplicates: usize,
    /// Of those skipped: no workspace has that name.
    without_workspace: usize,
    /// Names that nobody has, 20 at most.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unknown_names: BTreeSet<String>,
    /// Names that several workspaces have: the tenant took one of them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    ambiguous_names: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Answer {
    imported: usize,
    skipped: usize,
    errors: usize,
    total: usize,
}

impl Act for ImportMemories {
    type Answer = Imported;

    async fn act(self, call: &Invocation) -> Result<Imported, Failure> {
        if !(1..=AT_ONCE).contains(&self.memories.len()) {
            return Err(Failure::invalid(format!("`memories`: expected 1 to {AT_ONCE} of them")));
        }
        let (before, all) = tokio::try_join!(fetch(call), workspaces::fetch_all(call))?;
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &all {
            *names.entry(&one.name).or_default() += 1;
        }
        let reasons = reasons(&self.memories, &before, &names);
        let asked = call.tenant.ask(&IMPORT).body(&self.memories).fetch().await;
        let answer: Answer = asked.map_err(again)?;
        Ok(Imported {
            imported: answer.imported,
            skipped: answer.skipped,
            errors: answer.errors,
            total: answer.total,
            ..reasons
        })
    }
}

fn again(failure: Failure) -> Failure {
    match failure.has_changed() {
        Changed::No => failure,
        _ => failure.next("Call again with the same memories: those that got there are skipped."),
    }
}

/// What there was before, and what there is of each name, as far as the tenant shows it: it finds
/// removed workspaces too, which nobody can list.
fn reasons(memories: &[Entry], before: &[Exported], names: &BTreeMap<&str, usize>) -> Imported {
    let mut known: BTreeSet<(&str, &str, String)> =
        before.iter().map(|one| (one.workspace_name.as_str(), one.content.as_str(), one.scope.clone())).collect();
    let mut counted = Imported {
        imported: 0,
        skipped: 0,
        errors: 0,
        total: 0,
        duplicates: 0,
        without_workspace: 0,
        unknown_names: BTreeSet::new(),
        ambiguous_names: BTreeSet::new(),
    };
    for entry in memories {
        let name = entry.workspace_name.as_str();
        if !known.insert((name, entry.content.as_str(), entry.scope.to_string())) {
            counted.duplicates += 1;
            continue;
        }
        match names.get(name) {
            None => {
                counted.without_workspace += 1;
                if counted.unknown_names.len() < 20 {
                    counted.unknown_names.insert(name.to_owned());
                }
            }
            Some(1) => {}
            Some(_) => {
                counted.ambiguous_names.insert(name.to_owned());
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_skipped_has_its_reason() {
        let entry = |name: &str, content: &str| json!({ "workspace_name": name, "content": content, "scope": "TEAM" });
        let given = [entry("A", "new"), entry("A", "new"), entry("A", "old"), entry("C", "x"), entry("B", "y")];
        let memories: Vec<Entry> = serde_json::from_value(json!(given)).unwrap();
        let old = json!([{
            "id": "5e2c161c-5cb3-4148-878f-69e2b8700e55", "workspace_name": "A", "content": "old", "scope": "TEAM",
            "created_at": "2026-01-01T00:00:00Z",
        }]);
        let before: Vec<Exported> = serde_json::from_value(old).unwrap();
        let counted = reasons(&memories, &before, &BTreeMap::from([("A", 1), ("B", 2)]));
        assert_eq!((counted.duplicates, counted.without_workspace), (2, 1));
        assert!(counted.unknown_names.contains("C") && counted.ambiguous_names.contains("B"));
    }
}
