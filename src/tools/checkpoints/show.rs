//! get_latest_checkpoint and list_checkpoints.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Checkpoint, LATEST, fetch};
use crate::failure::{Code, Failure};
use crate::tools::ids::{Line, WorkflowName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

/// Characters of a payload in a list, by itself, and at most.
const IN_LIST: usize = 200;
const ALONE: usize = 4_000;
const WHOLE: usize = 70_000;

const REST: &str = "list_checkpoints with `step_name`";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLatestCheckpoint {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl Act for GetLatestCheckpoint {
    type Answer = Checkpoint;

    async fn act(self, call: &Invocation) -> Result<Checkpoint, Failure> {
        let answer = call.tenant.ask(&LATEST).part("workspace_id", &self.workspace_id).expecting(&[404]).received();
        let answer = answer.await?;
        if answer.status == 404 {
            confirm_exists(&self.workspace_id, call).await?;
            return Err(Failure::new(Code::NotFound, "this workspace has no checkpoint")
                .next("There is nothing to go on from; begin anew."));
        }
        answer.decode().map(|found: Checkpoint| found.with_payload(ALONE, REST))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCheckpoints {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The workflow's name.
    workflow_id: WorkflowName,
    /// Only this step, with its whole payload.
    step_name: Option<Line>,
}

impl List for ListCheckpoints {
    type Item = Checkpoint;

    fn mark(one: &Checkpoint) -> String {
        one.id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Checkpoint>, Failure> {
        let mut found = fetch(&self.workspace_id, &self.workflow_id, call).await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        let Some(step) = &self.step_name else {
            return Ok(found.into_iter().map(|one| one.with_payload(IN_LIST, REST)).collect());
        };
        found.retain(|one| one.step_name == step.as_str());
        Ok(found.into_iter().map(|one| one.with_payload(WHOLE, "only the workspace's own agent can read it")).collect())
    }
}
