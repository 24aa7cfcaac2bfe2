//! Checkpoints of workflows: what a step left, for whoever goes on. A workflow called `latest` can be
//! written at the tenant and never listed, because its address means another thing.

mod change;
mod show;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{WorkflowName, WorkspaceId};
use super::invocation::Invocation;
use super::prose::Data;
use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;
use crate::failure::Failure;

const SAVE: Route = Route::post("/workspaces/{workspace_id}/checkpoints");
const LATEST: Route = Route::get("/workspaces/{workspace_id}/checkpoints/latest");
const LIST: Route = Route::get("/workspaces/{workspace_id}/checkpoints/{workflow_id}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}/checkpoints/{workflow_id}");

pub const TOOLS: &[Tool] = &[
    Draft::write("save_checkpoint", &[workspaces::GET, LIST, SAVE])
        .idempotent()
        .about("Save what a workflow's step left. The same step again overwrites it; the answer says so.")
        .said("persist progress, state, resume point, remember how far a workflow got, save progress, snapshot of a step")
        .example(
            r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04","step_name":"fetch","step_index":1,"payload":{"pages":12}}"#,
        )
        .keeping(&["step_index"])
        .acts::<change::SaveCheckpoint>(),
    Draft::read("get_latest_checkpoint", &[LATEST, workspaces::GET])
        .about("A workspace's newest checkpoint, of any workflow: where to go on.")
        .said("resume, most recent or last progress, state, where an agent left off, where did it leave off, most recent step, last saved progress")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<show::GetLatestCheckpoint>(),
    Draft::read("list_checkpoints", &[LIST, workspaces::GET])
        .about("List a workflow's checkpoints, last step first. The tenant has no list of workflows.")
        .said("steps, progress, history of a workflow, steps of a workflow so far, saved progress")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04"}"#)
        .lists::<show::ListCheckpoints>(),
    Draft::destroy("delete_checkpoints", &[workspaces::GET, DELETE])
        .about("Delete every checkpoint of a workflow. Cannot be undone.")
        .said("clear, reset progress, clear the saved progress, start a workflow over from scratch")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04"}"#)
        .acts::<change::DeleteCheckpoints>(),
];

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    id: String,
    workflow_id: String,
    step_name: String,
    step_index: i64,
    completed_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Data::is_null")]
    payload: Data,
}

impl Checkpoint {
    fn with_payload(mut self, most: usize, rest: &str) -> Self {
        self.payload = std::mem::take(&mut self.payload).excerpt(most, rest);
        self
    }
}

/// None is an empty list, in a workspace that isn't there, too.
async fn fetch(
    workspace: &WorkspaceId,
    workflow: &WorkflowName,
    call: &Invocation,
) -> Result<Vec<Checkpoint>, Failure> {
    refuse_latest(workflow)?;
    let ask = call.tenant.ask(&LIST).part("workspace_id", workspace).part("workflow_id", workflow);
    let answer = ask.expecting(&[404]).received().await?;
    if answer.status == 404 { Ok(Vec::new()) } else { answer.decode() }
}

fn refuse_latest(workflow: &WorkflowName) -> Result<(), Failure> {
    if workflow.as_str() != "latest" {
        return Ok(());
    }
    Err(Failure::invalid("`workflow_id`: the tenant can't list a workflow called `latest`")
        .next("Give it another name; delete_checkpoints takes this one."))
}
