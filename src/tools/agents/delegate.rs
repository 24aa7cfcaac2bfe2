//! delegate_task: one agent's work handed to another, without waiting. The tenant takes any target and
//! lets it fail later, so what can be known before is looked at before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::DELEGATE;
use super::peers::{listed, may_talk};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{DelegationId, Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_all;
use crate::tools::workspaces::wire::{Workspace, called};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegateTask {
    /// Who delegates; from list_workspaces.
    workspace_id: WorkspaceId,
    /// Who does it: related to the former, see list_peers.
    target_id: WorkspaceId,
    /// What is to be done.
    task: Text<200_000>,
    /// The same key again finds the same delegation instead of making another.
    idempotency_key: Option<Word>,
}

#[derive(Serialize, JsonSchema)]
pub struct DelegatedTask {
    delegation_id: DelegationId,
    target_id: WorkspaceId,
    /// `delegated`: on its way. Else what became of the one with this key.
    status: String,
    /// There was one with this key already, and nothing new was begun.
    already_delegated: bool,
    idempotency_key: String,
}

#[derive(Deserialize)]
struct Delegated {
    delegation_id: DelegationId,
    status: String,
    #[serde(default)]
    idempotent_hit: bool,
}

impl Act for DelegateTask {
    type Answer = DelegatedTask;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_all(call).await?;
        listed(&all, &self.workspace_id)?;
        self.check(listed(&all, &self.target_id)?, call).await?;
        // Made up where none is given, so that a lost answer can be looked up.
        let key = self.idempotency_key.as_ref().map_or_else(|| call.id.to_string(), Word::to_string);
        let body = json!({ "target_id": self.target_id, "task": self.task, "idempotency_key": key });
        let ask = call.tenant.ask(&DELEGATE).part("workspace_id", &self.workspace_id).body(&body);
        let answer: Delegated = ask.fetch().await.map_err(|failure| lost(failure, &key))?;
        call.made(&answer.delegation_id);
        Ok(DelegatedTask {
            delegation_id: answer.delegation_id,
            target_id: self.target_id,
            status: answer.status,
            already_delegated: answer.idempotent_hit,
            idempotency_key: key,
        })
    }
}

impl DelegateTask {
    async fn check(&self, target: &Workspace, call: &Invocation) -> Result<(), Failure> {
        if self.workspace_id == self.target_id {
            return Err(
                Failure::invalid("`target_id` is the workspace itself").next("Tell it yourself with chat_with_agent.")
            );
        }
        if target.url.is_empty() {
            let who = called(&target.name, &target.id);
            return Err(Failure::new(
                Code::PreconditionFailed,
                format!("{who} has no agent to work: it is {}", target.status),
            )
            .next("Resume or restart it first; chat_with_agent wakes one that is hibernated."));
        }
        if !may_talk(&self.workspace_id, &self.target_id, call).await? {
            return Err(Failure::new(
                Code::Conflict,
                "these two may not talk: neither is above the other, and they aren't siblings",
            )
            .next("Choose a target from list_peers."));
        }
        Ok(())
    }
}

fn lost(failure: Failure, key: &str) -> Failure {
    match failure.has_changed() {
        Changed::No => failure,
        _ => failure.next(format!(
            "Call again with `idempotency_key: \"{key}\"`: it finds the delegation if there is one, and begins no second one."
        )),
    }
}
