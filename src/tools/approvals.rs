//! The tenant's own approvals: what agents ask a person for, and the person's decision.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::bounds::Text;
use super::ids::{ApprovalId, WorkspaceId};
use super::input::unless_blank;
use super::invocation::Invocation;
use super::list::List;
use super::many::each;
use super::prose::Prose;
use super::tool::{Act, Draft, Earlier, Tool};
use super::workspaces::wire::Workspace;
use super::workspaces::{self, confirm_exists, fetch_all};
use crate::backend::Route;
use crate::failure::{Code, Failure};

/// Asking denies what is older than ten minutes: not a route for anything that only wants to look.
const PENDING: Route = Route::get("/approvals/pending").acting();
pub const LIST: Route = Route::get("/workspaces/{workspace_id}/approvals");
const CREATE: Route = Route::post("/workspaces/{workspace_id}/approvals");
const DECIDE: Route = Route::post("/workspaces/{workspace_id}/approvals/{approval_id}/decide");

pub const TOOLS: &[Tool] = &[
    Draft::write("list_pending_approvals", &[PENDING, workspaces::LIST, LIST])
        .about("List pending requests of all workspaces, newest 50. Asking denies what is older than ten minutes; the answer names what was denied.")
        .said("anything waiting for me or on my OK, sign off, requests for permission, human in the loop, needs a decision, inbox, queue of permission requests")
        .everyday()
        .filtered()
        .acts::<ListPendingApprovals>(),
    Draft::read("list_workspace_approvals", &[LIST, workspaces::GET])
        .alias(&["get_workspace_approvals"])
        .about("List one workspace's newest 50 requests with their decisions. Denies nothing.")
        .said("what one agent asked permission for, past decisions, request history")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .lists::<ListWorkspaceApprovals>(),
    Draft::write("create_approval", &[workspaces::GET, LIST, CREATE])
        .about("Ask for a person's approval on a workspace's behalf. The same request twice makes two.")
        .said("request permission, ask a human, needs sign off before")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","action":"deploy 4.18","reason":"the fix for the login is in it"}"#)
        .creates()
        .acts::<CreateApproval>(),
    Draft::escalate("decide_approval", &[LIST, DECIDE])
        .about("Carry out a person's decision on a pending request. Never decide on your own; who decided is recorded by the server.")
        .said("approve, deny, reject, allow, say yes, say no, grant request, sign off, turn down, answer a permission request, go ahead, green light, yes or no to an agent")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","approval_id":"0b9f8f5e-3c1d-4a57-9f0e-5d1c2b7a6e43","decision":"approved"}"#)
        .everyday()
        .not_to_oneself()
        .keeping(&["decision"])
        .acts::<DecideApproval>(),
];

/// Workspaces that one call looks into.
pub const LOOKED_INTO: usize = 60;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    pub id: ApprovalId,
    pub action: Prose,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    pub reason: Prose,
    pub status: String,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// The tenant writes "" for what isn't there.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Approval>, Failure> {
    call.tenant.ask(&LIST).part("workspace_id", workspace).fetch().await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPendingApprovals {}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Pending {
    id: ApprovalId,
    workspace_id: WorkspaceId,
    workspace_name: String,
    action: Prose,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    reason: Prose,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, JsonSchema)]
pub struct PendingApprovals {
    items: Vec<Pending>,
    count: usize,
    /// Requests that were denied as too old because this was asked.
    denied_by_asking: Vec<Denied>,
    /// Workspaces whose requests weren't looked into for that.
    not_looked_at: usize,
}

#[derive(Serialize, JsonSchema)]
struct Denied {
    id: ApprovalId,
    workspace_id: WorkspaceId,
    action: Prose,
}

impl Act for ListPendingApprovals {
    type Answer = PendingApprovals;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_all(call).await?;
        if call.caller.is_bound() {
            return Ok(pending_among(&all, call).await);
        }
        let ids: Vec<WorkspaceId> = all.into_iter().map(|one| one.id).collect();
        let before = pending_in(&ids, call).await;
        let items: Vec<Pending> = call.tenant.ask(&PENDING).fetch().await?;
        let after = pending_in(&ids, call).await;
        let still = |id: &ApprovalId| after.iter().any(|(_, one)| one.id == *id);
        let denied = before.into_iter().filter(|(_, one)| !still(&one.id));
        Ok(PendingApprovals {
            count: items.len(),
            items,
            denied_by_asking: denied
                .map(|(workspace_id, one)| Denied { id: one.id, workspace_id, action: one.action })
                .collect(),
            not_looked_at: ids.len().saturating_sub(LOOKED_INTO),
        })
    }
}

/// For a bound caller. The tenant's own question is about everybody, and denies everybody's old requests.
async fn pending_among(all: &[Workspace], call: &Invocation) -> PendingApprovals {
    let ids: Vec<WorkspaceId> = all.iter().map(|one| one.id.clone()).collect();
    let name = |id: &WorkspaceId| all.iter().find(|one| one.id == *id).map(|one| one.name.clone()).unwrap_or_default();
    let found = pending_in(&ids, call).await.into_iter().map(|(workspace_id, one)| Pending {
        id: one.id,
        workspace_name: name(&workspace_id),
        workspace_id,
        action: one.action,
        reason: one.reason,
        created_at: one.created_at,
    });
    let items: Vec<Pending> = found.collect();
    let not_looked_at = ids.len().saturating_sub(LOOKED_INTO);
    PendingApprovals { count: items.len(), items, denied_by_asking: Vec::new(), not_looked_at }
}

/// What is pending, workspace by workspace, without the route that denies. A workspace that doesn't
/// answer is passed over: this is what the answer adds, not what it is.
pub async fn pending_in(ids: &[WorkspaceId], call: &Invocation) -> Vec<(WorkspaceId, Approval)> {
    let asked = ids.iter().take(LOOKED_INTO).map(async |id| fetch(id, call).await.map(|found| (id, found)).ok());
    each(asked)
        .await
        .into_iter()
        .flatten()
        .flat_map(|(id, found)| found.into_iter().map(move |one| (id.clone(), one)))
        .filter(|(_, one)| one.status == "pending")
        .collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWorkspaceApprovals {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListWorkspaceApprovals {
    type Item = Approval;
    const USUAL: u32 = 20;
    const MOST: u32 = 50;

    fn mark(one: &Approval) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Approval>, Failure> {
        let found = fetch(&self.workspace_id, call).await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(found)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApproval {
    /// The workspace that asks; from list_workspaces.
    workspace_id: WorkspaceId,
    /// What is to be approved, in a few words.
    action: Text<1000>,
    /// Why.
    #[serde(default, deserialize_with = "unless_blank")]
    reason: Option<Text<1000>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct CreatedApproval {
    approval_id: ApprovalId,
    /// `pending`
    status: String,
}

impl Act for CreateApproval {
    type Answer = CreatedApproval;

    async fn made_before(&self, call: &Invocation, since: DateTime<Utc>) -> Result<Earlier<CreatedApproval>, Failure> {
        // The tenant's clock isn't ours.
        let since = since - TimeDelta::minutes(1);
        let like_it = |one: &Approval| one.created_at >= since && one.action.as_str() == self.action.as_str();
        let found: Vec<_> = fetch(&self.workspace_id, call).await?.into_iter().filter(like_it).collect();
        Ok(match <[Approval; 1]>::try_from(found) {
            Ok([one]) => Earlier::This(CreatedApproval { approval_id: one.id, status: one.status }),
            Err(none) if none.is_empty() => Earlier::Nothing,
            Err(_) => {
                Earlier::CantTell("Several like it were asked for since then: look at list_workspace_approvals.".into())
            }
        })
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let reason = self.reason.as_ref().map_or("", Text::as_str);
        let body = json!({ "action": self.action, "reason": reason });
        let ask = call.tenant.ask(&CREATE).part("workspace_id", &self.workspace_id).body(&body);
        let created: CreatedApproval = ask.fetch().await?;
        call.made(&created.approval_id);
        Ok(created)
    }
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Approved,
    Denied,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    /// The workspace that asked.
    workspace_id: WorkspaceId,
    /// From the approval lists.
    approval_id: ApprovalId,
    /// The person's decision.
    decision: Decision,
}

#[derive(Serialize, JsonSchema)]
pub struct Decided {
    approval_id: ApprovalId,
    status: String,
    decided_by: String,
    /// What was asked for.
    action: Prose,
}

#[derive(Deserialize)]
struct DecidedAnswer {
    status: String,
}

impl Act for DecideApproval {
    type Answer = Decided;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.refuse_own(call).await?;
        let request = self.find(call).await?;
        let decided_by = call.signature();
        let body = json!({ "decision": self.decision, "decided_by": decided_by });
        let ask = call.tenant.ask(&DECIDE).part("workspace_id", &self.workspace_id);
        let answer: DecidedAnswer = ask.part("approval_id", &self.approval_id).body(&body).fetch().await?;
        Ok(Decided { approval_id: self.approval_id, status: answer.status, decided_by, action: request.action })
    }
}

impl DecideApproval {
    /// Whoever asked, in its own name or through a grant that it gave away, doesn't answer.
    async fn refuse_own(&self, call: &Invocation) -> Result<(), Failure> {
        if call.caller.grant.is_none() {
            return Ok(());
        }
        let maker = call.server.journal.maker("create_approval", self.approval_id.as_str()).await?;
        if !call.caller.grants().any(|grant| maker.as_deref() == Some(grant.id.as_str())) {
            return Ok(());
        }
        Err(Failure::new(Code::ForbiddenByPolicy, "you asked for this approval yourself")
            .next("Somebody else decides it: tell a person."))
    }

    /// The person decided about a request that was shown: one that isn't, or isn't open any more, is
    /// refused before anything is sent.
    async fn find(&self, call: &Invocation) -> Result<Approval, Failure> {
        let asked = fetch(&self.workspace_id, call).await?;
        let found = asked.into_iter().find(|one| one.id == self.approval_id);
        let request = found.ok_or_else(|| {
            Failure::new(Code::NotFound, "this workspace has no such request among its newest 50")
                .next("Look at list_workspace_approvals.")
        })?;
        if request.status == "pending" {
            return Ok(request);
        }
        Err(Failure::new(Code::Conflict, format!("it was {} already", request.status)))
    }
}
