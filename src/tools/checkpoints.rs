//! Checkpoints of workflows: what a step left, for whoever goes on. A workflow called `latest` can be
//! written at the tenant and never listed, because its address means another thing.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bounds::Whole;
use super::ids::{Line, WorkflowName, WorkspaceId};
use super::invocation::Invocation;
use super::list::List;
use super::prose::Data;
use super::tool::{Act, Draft, Tool};
use super::workspaces::{self, confirm_exists};
use crate::backend::Route;
use crate::failure::{Code, Failure};

const SAVE: Route = Route::post("/workspaces/{workspace_id}/checkpoints");
const LATEST: Route = Route::get("/workspaces/{workspace_id}/checkpoints/latest");
const LIST: Route = Route::get("/workspaces/{workspace_id}/checkpoints/{workflow_id}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}/checkpoints/{workflow_id}");

pub const TOOLS: &[Tool] = &[
    Draft::write("save_checkpoint", &[workspaces::GET, LIST, SAVE])
        .idempotent()
        .about("Save what a workflow's step left. The same step again overwrites it; the answer says so.")
        .said("persist progress, state, resume point")
        .example(
            r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04","step_name":"fetch","step_index":1,"payload":{"pages":12}}"#,
        )
        .acts::<SaveCheckpoint>(),
    Draft::read("get_latest_checkpoint", &[LATEST, workspaces::GET])
        .about("A workspace's newest checkpoint, of any workflow: where to go on.")
        .said("resume, last progress, state")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<GetLatestCheckpoint>(),
    Draft::read("list_checkpoints", &[LIST, workspaces::GET])
        .about("List a workflow's checkpoints, last step first. The tenant has no list of workflows.")
        .said("steps, progress, history of a workflow")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04"}"#)
        .lists::<ListCheckpoints>(),
    Draft::destroy("delete_checkpoints", &[workspaces::GET, DELETE])
        .about("Delete every checkpoint of a workflow. Cannot be undone.")
        .said("clear, reset progress")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","workflow_id":"audit-2026-04"}"#)
        .acts::<DeleteCheckpoints>(),
];

/// Characters of a payload in a list, by itself, and at most.
const IN_LIST: usize = 200;
const ALONE: usize = 4_000;
const WHOLE: usize = 70_000;

const REST: &str = "list_checkpoints with `step_name`";

/// JSON of any shape, bounded, without NUL, which the tenant can't store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Value")]
struct Payload(Value);

impl Payload {
    const MOST: usize = 64 * 1024;
}

impl TryFrom<Value> for Payload {
    type Error = &'static str;

    fn try_from(payload: Value) -> Result<Self, Self::Error> {
        let text = payload.to_string();
        if text.len() <= Self::MOST && !text.contains("\\u0000") {
            Ok(Self(payload))
        } else {
            Err("expected JSON of at most 65536 bytes without NUL")
        }
    }
}

impl JsonSchema for Payload {
    fn schema_name() -> Cow<'static, str> {
        "Payload".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveCheckpoint {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The workflow's name, not `latest`.
    workflow_id: WorkflowName,
    /// Unique in the workflow.
    step_name: Line,
    /// Orders the steps; default 0.
    step_index: Option<Whole<{ i32::MIN as i64 }, { i32::MAX as i64 }>>,
    /// Any JSON, at most 64 KiB.
    payload: Option<Payload>,
}

#[derive(Serialize, JsonSchema)]
pub struct Saved {
    id: String,
    workflow_id: WorkflowName,
    step_name: Line,
    /// The step had been saved before; that is gone.
    replaced: bool,
}

#[derive(Deserialize)]
struct SavedAnswer {
    id: String,
}

impl Act for SaveCheckpoint {
    type Answer = Saved;

    async fn act(self, call: &Invocation) -> Result<Saved, Failure> {
        let before = fetch(&self.workspace_id, &self.workflow_id, call);
        let (before, ()) = tokio::try_join!(before, confirm_exists(&self.workspace_id, call))?;
        let replaced = before.iter().any(|one| one.step_name == self.step_name.as_str());
        let body = json!({
            "workflow_id": self.workflow_id, "step_name": self.step_name,
            "step_index": self.step_index.map_or(0, Whole::get), "payload": self.payload,
        });
        let ask = call.tenant.ask(&SAVE).part("workspace_id", &self.workspace_id).body(&body);
        let SavedAnswer { id } = ask.fetch().await?;
        Ok(Saved { id, workflow_id: self.workflow_id, step_name: self.step_name, replaced })
    }
}

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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteCheckpoints {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The workflow's name.
    workflow_id: WorkflowName,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    workflow_id: String,
    /// How many steps there were.
    deleted: u64,
}

impl Act for DeleteCheckpoints {
    type Answer = Deleted;

    async fn act(self, call: &Invocation) -> Result<Deleted, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&DELETE).part("workspace_id", &self.workspace_id);
        ask.part("workflow_id", &self.workflow_id).fetch().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_bounded_and_can_be_stored() {
        for good in [json!(null), json!([1, { "a": "b" }]), json!("text"), json!("x".repeat(60_000))] {
            assert!(Payload::try_from(good).is_ok());
        }
        for bad in [json!("x".repeat(70_000)), json!({ "a": "\0" })] {
            assert!(Payload::try_from(bad).is_err());
        }
    }
}
