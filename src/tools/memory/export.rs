//! export_memories: everything that is remembered, in pages; one long memory in ranges.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EXPORT;
use super::search::Scope;
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::ids::{MemoryId, Word};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;

/// Characters of one memory in an answer.
const LENGTH: usize = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportMemories {
    /// Only of workspaces with exactly this name.
    workspace_name: Option<Word>,
    /// Only these.
    scope: Option<Scope>,
    /// Only this one; from search_memory.
    memory_id: Option<MemoryId>,
    /// For long ones: from this character of the content on.
    from: Option<Whole<0, 1_000_000_000>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Exported {
    id: MemoryId,
    pub(super) workspace_name: String,
    pub(super) content: Prose,
    pub(super) scope: String,
    #[serde(default)]
    namespace: String,
    created_at: DateTime<Utc>,
}

pub(super) async fn fetch(call: &Invocation) -> Result<Vec<Exported>, Failure> {
    call.tenant.ask(&EXPORT).fetch().await
}

impl List for ExportMemories {
    type Item = Exported;

    fn mark(one: &Exported) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Exported>, Failure> {
        let all = fetch(call).await?;
        let found: Vec<Exported> = all.into_iter().filter(|one| self.wants(one)).map(|one| self.shown(one)).collect();
        if found.is_empty() && self.memory_id.is_some() {
            return Err(Failure::new(Code::NotFound, "there is no such memory").next("Find one with search_memory."));
        }
        Ok(found)
    }
}

impl ExportMemories {
    fn wants(&self, one: &Exported) -> bool {
        self.workspace_name.as_ref().is_none_or(|name| one.workspace_name == name.as_str())
            && self.scope.is_none_or(|scope| one.scope == scope.to_string())
            && self.memory_id.as_ref().is_none_or(|id| one.id == *id)
    }

    fn shown(&self, one: Exported) -> Exported {
        let from = usize::try_from(self.from.map_or(0, Whole::get)).unwrap_or(0);
        let content = match from {
            0 => one.content,
            _ => one.content.as_str().chars().skip(from).collect::<String>().into(),
        };
        let rest = format!("export_memories with `memory_id` and `from` {}", from + LENGTH);
        Exported { content: content.excerpt(LENGTH, &rest), ..one }
    }
}
