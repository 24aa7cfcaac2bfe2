//! search_memory and delete_memory, and a memory as the tenant shows it to a workspace.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MEMORIES;
use crate::backend::Ask;
use crate::failure::Failure;
use crate::tools::ids::{Line, MemoryId, Namespace, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::workspaces::confirm_exists;

/// The most that the tenant gives.
const FOUND_AT_MOST: u32 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Scope {
    Local,
    Team,
    Global,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "LOCAL",
            Self::Team => "TEAM",
            Self::Global => "GLOBAL",
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchMemory {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Whole English words; part of a word finds nothing. Absent: all.
    #[serde(default, alias = "q", deserialize_with = "unless_blank")]
    query: Option<Line>,
    /// TEAM adds its parent's, siblings' and children's, GLOBAL everybody's; absent: its own of every scope.
    #[serde(default, deserialize_with = "unless_blank")]
    scope: Option<Scope>,
    /// Only these.
    #[serde(default, deserialize_with = "unless_blank")]
    namespace: Option<Namespace>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    pub(super) id: MemoryId,
    /// Whose it is.
    workspace_id: WorkspaceId,
    pub(super) content: Prose,
    scope: String,
    namespace: String,
    created_at: DateTime<Utc>,
}

/// The newest ones that a workspace sees; more is asked of it by the caller.
pub(super) fn newest(workspace: &WorkspaceId, call: &Invocation) -> Ask {
    call.tenant.ask(&MEMORIES).part("workspace_id", workspace).query("limit", FOUND_AT_MOST)
}

impl List for SearchMemory {
    type Item = Memory;
    const MOST: u32 = FOUND_AT_MOST;

    fn mark(one: &Memory) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Memory>, Failure> {
        let mut ask = newest(&self.workspace_id, call);
        if let Some(query) = &self.query {
            ask = ask.query("q", query);
        }
        if let Some(scope) = self.scope {
            ask = ask.query("scope", scope);
        }
        if let Some(namespace) = &self.namespace {
            ask = ask.query("namespace", namespace);
        }
        let found: Vec<Memory> = ask.fetch().await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        let known = found.into_iter().filter(|one| call.sees(&one.workspace_id));
        let shown =
            |one: Memory| Memory { content: one.content.excerpt(300, "export_memories with `memory_id`"), ..one };
        Ok(known.map(shown).collect())
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMemory {
    /// Whose memory it is.
    workspace_id: WorkspaceId,
    /// From search_memory.
    memory_id: MemoryId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// `deleted`
    status: String,
}
