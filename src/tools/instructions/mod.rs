//! Instructions: what every agent, or the agent of one workspace, is told before anything else. Whoever
//! writes one speaks to all agents, so writing is guarded like giving power.

mod change;
mod show;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{InstructionId, WorkspaceId};
use super::invocation::Invocation;
use super::prose::Prose;
use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;
use crate::failure::{Code, Failure};

pub const LIST: Route = Route::get("/instructions");
pub const CREATE: Route = Route::post("/instructions");
pub const UPDATE: Route = Route::put("/instructions/{instruction_id}");
const DELETE: Route = Route::delete("/instructions/{instruction_id}");
const RESOLVE: Route = Route::get("/workspaces/{workspace_id}/instructions/resolve");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_instructions", &[LIST, workspaces::GET])
        .about("List the standing instructions that agents obey, disabled ones too. With `workspace_id`: the enabled ones for it.")
        .said("show all rules, policies, system prompt given to agents, switched off, guidelines, standing orders")
        .example(r#"{"scope":"global"}"#)
        .filtered()
        .keeping(&["scope"])
        .lists::<show::ListInstructions>(),
    Draft::escalate("create_instruction", &[workspaces::GET, LIST, CREATE])
        .about("Add a standing instruction. Every agent (scope global) or one workspace's agent obeys it from its next start.")
        .said("add a rule, policy, tell all agents, new house rule for every agent, must never, guideline, standing order, system prompt for all")
        .example(
            r#"{"scope":"workspace","workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","title":"Tone","content":"Answer briefly."}"#,
        )
        .not_to_oneself()
        .creates()
        .keeping(&["scope", "priority"])
        .acts::<change::CreateInstruction>(),
    Draft::escalate("update_instruction", &[LIST, UPDATE])
        .idempotent()
        .about("Change an instruction's title, content or priority, or switch it on or off; read back. Its scope stays.")
        .said("edit, reword or rewrite a rule, disable, enable, reorder, change a rule, reword a guideline, switch a rule off")
        .example(r#"{"instruction_id":"9ace37cb-5a66-49e3-8008-5ea093d35a77","enabled":false}"#)
        .filtered()
        .keeping(&["enabled", "priority"])
        .acts::<change::UpdateInstruction>(),
    Draft::destroy("delete_instruction", &[LIST, DELETE])
        .about("Delete an instruction; the answer keeps what it said. To switch it off only, update it.")
        .said("remove a rule, policy, abolish a rule, drop a guideline")
        .example(r#"{"instruction_id":"9ace37cb-5a66-49e3-8008-5ea093d35a77"}"#)
        .filtered()
        .acts::<change::DeleteInstruction>(),
    Draft::read("resolve_instructions", &[RESOLVE, workspaces::GET])
        .about("The text that a workspace's agent is given: all rules that hold for it, as Markdown.")
        .said("effective rules, what an agent is told, system prompt, rules that an agent ends up with, global and own combined, effective merged rules, final prompt")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<show::ResolveInstructions>(),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Global,
    Workspace,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Workspace => "workspace",
        }
    }
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Instruction {
    id: InstructionId,
    /// `global`, for every agent, or `workspace`.
    scope: String,
    /// The workspace, as it was named; the tenant doesn't check that there is one.
    #[serde(alias = "scope_target", skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    pub title: String,
    pub content: Prose,
    /// Higher comes first.
    pub priority: i64,
    pub enabled: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// All of them; the tenant has no question for one. A bound caller sees those that its workspaces obey.
pub async fn fetch_all(call: &Invocation) -> Result<Vec<Instruction>, Failure> {
    let mut all: Vec<Instruction> = call.tenant.ask(&LIST).fetch().await?;
    all.retain(|one| one.is_global() || !call.caller.is_bound() || one.target().is_some_and(|id| call.sees(&id)));
    Ok(all)
}

/// One that the caller may change: nobody changes the rules that it obeys itself, or others' rules.
async fn fetch_changeable(id: &InstructionId, call: &Invocation) -> Result<Instruction, Failure> {
    let refused = |message| Err(Failure::new(Code::ForbiddenByPolicy, message).next("Ask the operator to do it."));
    let found = fetch_one(id, call).await;
    if call.caller.is_bound() && !found.as_ref().is_ok_and(|one| !one.is_global()) {
        return refused("it isn't an instruction of a workspace that this grant is bound to");
    }
    let one = found?;
    let obeys = |own: &WorkspaceId| one.is_global() || one.target().as_ref() == Some(own);
    if call.caller.grants().filter_map(|grant| grant.own_workspace.as_ref()).any(obeys) {
        return refused("the workspace that you run in obeys this instruction");
    }
    Ok(one)
}

impl Instruction {
    pub fn is_global(&self) -> bool {
        self.scope == Scope::Global.as_str()
    }

    pub fn target(&self) -> Option<WorkspaceId> {
        WorkspaceId::try_from(self.workspace_id.clone()?).ok()
    }
}

async fn fetch_one(id: &InstructionId, call: &Invocation) -> Result<Instruction, Failure> {
    let found = fetch_all(call).await?.into_iter().find(|one| one.id == *id);
    found.ok_or_else(|| Failure::new(Code::NotFound, "there is no such instruction").next("See list_instructions."))
}
