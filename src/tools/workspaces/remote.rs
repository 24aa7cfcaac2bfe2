//! Agents that run elsewhere and register here: list_remote_agents and get_remote_agent_state.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{Detail, Workspace, fetch_all, fetch_one};
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListRemoteAgents {}

#[derive(Serialize, JsonSchema)]
pub struct RemoteAgent {
    id: WorkspaceId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    status: String,
    /// Where messages to it go; empty: nowhere.
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<WorkspaceId>,
    active_tasks: u32,
    last_error_rate: f64,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    last_sample_error: Prose,
}

impl List for ListRemoteAgents {
    type Item = RemoteAgent;
    const SHORT: &'static [&'static str] = &["id", "name", "status", "url", "active_tasks"];

    fn mark(one: &RemoteAgent) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<RemoteAgent>, Failure> {
        let all = fetch_all(call).await?;
        Ok(all.into_iter().filter(Workspace::is_external).map(remote).collect())
    }
}

fn remote(one: Workspace) -> RemoteAgent {
    RemoteAgent {
        id: one.id,
        name: one.name,
        role: one.role,
        status: one.status,
        url: one.url,
        parent_id: one.parent_id,
        active_tasks: one.active_tasks,
        last_error_rate: one.last_error_rate,
        last_sample_error: one.last_sample_error.excerpt(200, "diagnose_workspace"),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRemoteAgentState {
    /// From list_remote_agents.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct RemoteAgentState {
    workspace_id: WorkspaceId,
    name: String,
    status: String,
    paused: bool,
    deleted: bool,
    /// False: it runs here, or its agent never registered.
    external: bool,
    url: String,
    active_tasks: u32,
    uptime_seconds: i64,
    last_error_rate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_outbound_at: Option<DateTime<Utc>>,
    /// Since that call.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_seconds: Option<i64>,
}

impl Act for GetRemoteAgentState {
    type Answer = RemoteAgentState;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let one = fetch_one(&self.workspace_id, call).await?;
        Ok(state(one, call.now))
    }
}

fn state(one: Detail, now: DateTime<Utc>) -> RemoteAgentState {
    RemoteAgentState {
        external: one.is_external(),
        paused: one.status == "paused",
        deleted: one.status == "removed",
        silent_seconds: one.last_outbound_at.map(|last| (now - last).num_seconds().max(0)),
        workspace_id: one.id,
        name: one.name,
        status: one.status,
        url: one.url,
        active_tasks: one.active_tasks,
        uptime_seconds: one.uptime_seconds,
        last_error_rate: one.last_error_rate,
        last_outbound_at: one.last_outbound_at,
    }
}
