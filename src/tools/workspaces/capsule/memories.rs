//! What a workspace remembered. The tenant shows a workspace's 50 newest, GLOBAL ones dressed up; its export
//! has all as they are, but says whose they are by name only. Together they say enough.

use serde::Deserialize;
use serde_json::Value;

use super::gather::Shared;
use super::{Memory, Missing, Place, part};
use crate::failure::Failure;
use crate::tools::invocation::Invocation;
use crate::tools::memory::MEMORIES;

/// The most that the tenant shows.
const SHOWN: usize = 50;

/// As the export has it, the oldest first.
#[derive(Deserialize)]
pub(super) struct Exported {
    id: String,
    workspace_name: String,
    content: String,
    scope: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Clone, Deserialize)]
struct Shown {
    id: String,
    workspace_id: String,
    content: String,
    scope: String,
    #[serde(default)]
    namespace: String,
}

impl From<&Exported> for Memory {
    fn from(one: &Exported) -> Self {
        Self { content: one.content.clone(), scope: one.scope.clone(), namespace: one.namespace.clone() }
    }
}

impl From<Shown> for Memory {
    /// Without the line that the tenant puts before a GLOBAL one.
    fn from(one: Shown) -> Self {
        let dress = format!("[MEMORY id={} scope=GLOBAL from={}]: ", one.id, one.workspace_id);
        let content = one.content.strip_prefix(&dress).map_or_else(|| one.content.clone(), ToOwned::to_owned);
        Self { content, scope: one.scope, namespace: one.namespace }
    }
}

pub(super) async fn keep_memories(
    place: &Place,
    shared: &Shared,
    missing: &mut Vec<Missing>,
    call: &Invocation,
) -> Result<Vec<Memory>, Failure> {
    let ask = || call.tenant.ask(&MEMORIES).part("workspace_id", &place.id).query("limit", SHOWN).fetch();
    let mut shown: Vec<Shown> = part("memories", missing, call, ask).await?;
    shown.retain(|one| one.workspace_id == place.id.as_str());
    let exported = shared.exported.as_deref().unwrap_or_default();
    let is_full = shown.len() >= SHOWN;
    if is_full && shared.exported.is_ok() && is_only(&place.name, &shared.rows) {
        return Ok(exported.iter().filter(|one| one.workspace_name == place.name).map(Memory::from).collect());
    }
    if is_full {
        missing.push(Missing { what: "older memories".to_owned(), why: "the tenant shows the 50 newest".to_owned() });
    }
    let whole =
        |one: Shown| exported.iter().find(|other| other.id == one.id).map_or_else(|| one.clone().into(), Into::into);
    Ok(shown.into_iter().rev().map(whole).collect())
}

/// Whether nobody else has the name by which the export would tell them apart.
fn is_only(name: &str, rows: &[Value]) -> bool {
    rows.iter().filter(|row| row.get("name").and_then(Value::as_str) == Some(name)).count() <= 1
}
