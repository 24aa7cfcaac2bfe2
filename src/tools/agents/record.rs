//! record_delegation and update_delegation_status: notes about delegations that somebody else carries
//! out. The tenant answers success for ids that it never heard of, so both look before and after.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::delegations::{Delegation, fetch};
use super::{RECORD_DELEGATION, UPDATE_DELEGATION};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{DelegationId, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDelegation {
    /// Who delegated; from list_workspaces.
    workspace_id: WorkspaceId,
    /// Who does it.
    target_id: WorkspaceId,
    /// What is to be done.
    task: Text<200_000>,
    /// A new id of your own choice.
    delegation_id: DelegationId,
}

#[derive(Serialize, JsonSchema)]
pub struct Recorded {
    delegation_id: DelegationId,
    /// As the tenant's list shows it now.
    status: String,
}

impl Act for RecordDelegation {
    type Answer = Recorded;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let (known, (), ()) = tokio::try_join!(
            fetch(&self.workspace_id, call),
            confirm_exists(&self.workspace_id, call),
            confirm_exists(&self.target_id, call),
        )?;
        if known.iter().any(|one| one.is(&self.delegation_id)) {
            return Err(Failure::new(Code::Conflict, "a delegation with this id is recorded already")
                .next("Take another `delegation_id`, or change that one with update_delegation_status."));
        }
        let body = json!({ "target_id": self.target_id, "task": self.task, "delegation_id": self.delegation_id });
        call.tenant.ask(&RECORD_DELEGATION).part("workspace_id", &self.workspace_id).body(&body).received().await?;
        read_back(self.delegation_id, &self.workspace_id, call).await
    }
}

async fn read_back(id: DelegationId, workspace: &WorkspaceId, call: &Invocation) -> Result<Recorded, Failure> {
    let listed = fetch(workspace, call).await?;
    match listed.into_iter().find(|one| one.is(&id)) {
        Some(one) => Ok(Recorded { delegation_id: id, status: one.status }),
        None => Err(Failure::new(Code::UnexpectedAnswer, "the tenant said that it was recorded, but doesn't list it")
            .changed(Changed::Unknown)
            .next("Look again with list_delegations.")),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum End {
    Completed,
    Failed,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDelegationStatus {
    /// Who delegated.
    workspace_id: WorkspaceId,
    /// From list_delegations.
    delegation_id: DelegationId,
    /// How it ended.
    status: End,
    /// Why it failed.
    #[serde(default, deserialize_with = "unless_blank")]
    error: Option<Text<10_000>>,
    /// What came of it; 300 characters are listed.
    #[serde(default, deserialize_with = "unless_blank")]
    response_preview: Option<Text<50_000>>,
}

impl Act for UpdateDelegationStatus {
    type Answer = Recorded;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.check(&fetch(&self.workspace_id, call).await?)?;
        let body = json!({
            "status": self.status,
            "error": self.error.as_ref().map(Text::as_str),
            "response_preview": self.response_preview.as_ref().map(Text::as_str),
        });
        let ask = call.tenant.ask(&UPDATE_DELEGATION).part("workspace_id", &self.workspace_id);
        ask.part("delegation_id", &self.delegation_id).body(&body).received().await?;
        let now = read_back(self.delegation_id, &self.workspace_id, call).await?;
        if now.status == self.status.as_str() {
            return Ok(now);
        }
        Err(Failure::new(
            Code::UnexpectedAnswer,
            format!("the tenant said `{}`, but lists it as {}", self.status.as_str(), now.status),
        )
        .changed(Changed::Unknown)
        .next("Look again with list_delegations."))
    }
}

impl UpdateDelegationStatus {
    /// The tenant answers success for any id, and adds a row for each repetition.
    fn check(&self, listed: &[Delegation]) -> Result<(), Failure> {
        let found = listed.iter().find(|one| one.is(&self.delegation_id));
        let one = found.ok_or_else(|| {
            Failure::new(Code::NotFound, "this workspace has no such delegation among its newest")
                .next("Use a `delegation_id` from list_delegations.")
        })?;
        if one.status == self.status.as_str() {
            return Err(
                Failure::new(Code::Conflict, format!("it is {} already", one.status)).next("Nothing is left to do.")
            );
        }
        Ok(())
    }
}
