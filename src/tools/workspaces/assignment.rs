//! assign_agent, replace_agent, remove_agent and move_agent: the tenant's record of which model serves
//! a workspace, at most one each. The tenant asks nobody at a move's target; its routes answer 404 for
//! several things, so the workspaces are looked at first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refusals::living;
use super::{ASSIGN_AGENT, MOVE_AGENT, REMOVE_AGENT, REPLACE_AGENT};
use crate::failure::{Code, Failure};
use crate::tools::ids::{AgentId, Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignAgent {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The model's name, as in `anthropic/claude-sonnet-4-5`.
    model: Word,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    agent_id: AgentId,
    model: String,
    /// What it replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_model: Option<String>,
}

impl Act for AssignAgent {
    type Answer = Assigned;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        living(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&ASSIGN_AGENT).part("workspace_id", &self.workspace_id);
        let assigned = ask.body(&json!({ "model": self.model })).fetch().await;
        assigned
            .map_err(|failure| when(failure, Code::Conflict, "It has one: replace_agent puts another in its place."))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceAgent {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The new model's name.
    model: Word,
}

impl Act for ReplaceAgent {
    type Answer = Assigned;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        living(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&REPLACE_AGENT).part("workspace_id", &self.workspace_id);
        let replaced = ask.body(&json!({ "model": self.model })).fetch().await;
        replaced.map_err(|failure| when(failure, Code::NotFound, "It has none: assign_agent gives it one."))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveAgent {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct RemovedAgent {
    /// `removed`
    status: String,
    agent_id: AgentId,
}

impl Act for RemoveAgent {
    type Answer = RemovedAgent;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        living(&self.workspace_id, call).await?;
        let removed = call.tenant.ask(&REMOVE_AGENT).part("workspace_id", &self.workspace_id).fetch().await;
        removed.map_err(|failure| when(failure, Code::NotFound, "It has none; nothing needs to be done."))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveAgent {
    /// The workspace that has it.
    workspace_id: WorkspaceId,
    /// The workspace that gets it; it must have none.
    #[serde(alias = "target_id")]
    target_workspace_id: WorkspaceId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct MovedAgent {
    agent_id: AgentId,
    model: String,
    from_workspace: WorkspaceId,
    to_workspace: WorkspaceId,
}

impl Act for MoveAgent {
    type Answer = MovedAgent;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        if self.workspace_id == self.target_workspace_id {
            return Err(Failure::invalid("`target_workspace_id` is the workspace that has it already"));
        }
        tokio::try_join!(living(&self.workspace_id, call), living(&self.target_workspace_id, call))?;
        let ask = call.tenant.ask(&MOVE_AGENT).part("workspace_id", &self.workspace_id);
        let moved = ask.body(&json!({ "target_workspace_id": self.target_workspace_id })).fetch().await;
        moved.map_err(|failure| {
            let failure = when(failure, Code::NotFound, "It has none to move: assign_agent gives the target one.");
            when(failure, Code::Conflict, "The target has one: remove_agent there first, or replace_agent.")
        })
    }
}

/// The tenant's words with our next step, where it refused for that reason.
fn when(failure: Failure, code: Code, next: &str) -> Failure {
    if failure.code() == code { failure.next(next) } else { failure }
}
