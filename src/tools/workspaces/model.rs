//! get_model and set_model. The tenant keeps the model as the workspace's secret MODEL_PROVIDER, so
//! setting it restarts the workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refusals::{living, refuse_running};
use super::wire::confirm_exists;
use super::{GET_MODEL, SET_MODEL};
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetModel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// Absent: the one of its template or runtime.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// `default`, or `workspace_secrets` where it was set.
    source: String,
}

pub async fn fetch(id: &WorkspaceId, call: &Invocation) -> Result<Model, Failure> {
    call.tenant.ask(&GET_MODEL).part("workspace_id", id).fetch().await
}

impl Act for GetModel {
    type Answer = Model;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        // The tenant answers `default` for a workspace that isn't there, too.
        let (model, ()) = tokio::try_join!(fetch(&self.workspace_id, call), confirm_exists(&self.workspace_id, call))?;
        Ok(model)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetModel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The model's name, as in `anthropic/claude-sonnet-4-5`.
    model: Option<Word>,
    /// In place of `model`: back to the template's default.
    #[serde(default)]
    clear: bool,
    /// Go ahead although tasks run; the restart loses them.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct SetModelAnswer {
    /// Absent: the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Word>,
    /// Whether it restarts now. A paused or external one takes the model up when it is started.
    restarts: bool,
    /// The workspace's, as read back.
    status: String,
}

impl Act for SetModel {
    type Answer = SetModelAnswer;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        if self.model.is_some() == self.clear {
            return Err(Failure::invalid("give either `model` or `clear: true`"));
        }
        let before = living(&self.workspace_id, call).await?;
        let restarts = !before.is_external() && before.status != "paused";
        if restarts {
            refuse_running(&before, before.active_tasks, self.interrupting, "restarting")?;
        }
        let ask = call.tenant.ask(&SET_MODEL).part("workspace_id", &self.workspace_id);
        ask.body(&json!({ "model": self.model })).received().await?;
        self.read_back(call).await?;
        let status = living(&self.workspace_id, call).await.map_or(before.status, |now| now.status);
        Ok(SetModelAnswer { model: self.model, restarts, status })
    }
}

impl SetModel {
    async fn read_back(&self, call: &Invocation) -> Result<(), Failure> {
        let now = fetch(&self.workspace_id, call).await?;
        if now.model == self.model.as_ref().map_or("", Word::as_str) {
            return Ok(());
        }
        Err(Failure::new(Code::UnexpectedAnswer, "the tenant took the model, but doesn't show it")
            .changed(Changed::Unknown)
            .next("Look again with get_model in a moment."))
    }
}
