//! save_checkpoint and delete_checkpoints. The tenant doesn't say when a step is written over, so it is
//! looked at first.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{DELETE, SAVE, fetch};
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::{Line, WorkflowName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

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
        call.made(&id);
        Ok(Saved { id, workflow_id: self.workflow_id, step_name: self.step_name, replaced })
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
