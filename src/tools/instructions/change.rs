//! create_instruction, update_instruction and delete_instruction. The tenant makes a twin of a repeated
//! one and takes any target, so both are looked at first; and what was written is read back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{CREATE, DELETE, Instruction, Scope, UPDATE, fetch_all, fetch_changeable, fetch_one};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::{Text, Whole};
use crate::tools::ids::{Heading, InstructionId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

/// As many bytes as the tenant takes.
type Rule = Text<8192>;
type Priority = Whole<-1_000_000, 1_000_000>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInstruction {
    /// `global` reaches every agent of the tenant.
    scope: Scope,
    /// With scope `workspace`: whose.
    workspace_id: Option<WorkspaceId>,
    /// At most 200 bytes.
    title: Heading,
    /// What they shall do, at most 8192 bytes.
    content: Rule,
    /// Higher comes first; default 0.
    priority: Option<Priority>,
}

#[derive(Deserialize)]
struct Created {
    id: InstructionId,
}

impl Act for CreateInstruction {
    type Answer = Instruction;

    async fn act(self, call: &Invocation) -> Result<Instruction, Failure> {
        let target = self.target()?;
        if target.is_none() && call.caller.grants().any(|grant| grant.own_workspace.is_some()) {
            return Err(Failure::new(Code::ForbiddenByPolicy, "the workspace that you run in would obey it, too")
                .next("Ask the operator to do it."));
        }
        if let Some(workspace) = target {
            confirm_exists(workspace, call).await?;
        }
        if let Some(twin) = fetch_all(call).await?.into_iter().find(|one| self.is(one)) {
            return Err(Failure::new(Code::Conflict, format!("there is the same instruction already: {}", twin.id))
                .next("Change that one with update_instruction, if need be."));
        }
        let mut body = json!({ "scope": self.scope, "title": self.title, "content": self.content });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(target.map(|target| ("scope_target".to_owned(), json!(target))));
            fields.extend(self.priority.map(|priority| ("priority".to_owned(), json!(priority))));
        }
        let created: Created = call.tenant.ask(&CREATE).body(&body).fetch().await?;
        call.made(&created.id);
        let now = read_back(&created.id, call).await?;
        if self.is(&now) { Ok(now) } else { Err(otherwise()) }
    }
}

impl CreateInstruction {
    fn target(&self) -> Result<Option<&WorkspaceId>, Failure> {
        match (self.scope, &self.workspace_id) {
            (Scope::Workspace, Some(workspace)) => Ok(Some(workspace)),
            (Scope::Global, None) => Ok(None),
            (Scope::Workspace, None) => Err(Failure::invalid("scope `workspace` needs `workspace_id`")),
            (Scope::Global, Some(_)) => Err(Failure::invalid("scope `global` takes no `workspace_id`")
                .next("For one workspace give scope `workspace`; a global one reaches every agent.")),
        }
    }

    fn is(&self, one: &Instruction) -> bool {
        one.scope == self.scope.as_str()
            && one.workspace_id.as_deref() == self.workspace_id.as_ref().map(WorkspaceId::as_str)
            && one.title == self.title.as_str()
            && one.content.as_str() == self.content.as_str()
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateInstruction {
    /// From list_instructions.
    instruction_id: InstructionId,
    /// At most 200 bytes.
    title: Option<Heading>,
    /// Instead of the present one, at most 8192 bytes.
    content: Option<Rule>,
    /// Higher comes first.
    priority: Option<Priority>,
    /// Whether agents are told it.
    enabled: Option<bool>,
}

impl Act for UpdateInstruction {
    type Answer = Instruction;

    async fn act(self, call: &Invocation) -> Result<Instruction, Failure> {
        let wanted = self.wanted();
        if wanted.is_empty() {
            return Err(Failure::invalid("there is nothing to change")
                .next("Give `title`, `content`, `priority` or `enabled`."));
        }
        fetch_changeable(&self.instruction_id, call).await?;
        let ask = call.tenant.ask(&UPDATE).part("instruction_id", &self.instruction_id);
        ask.body(&wanted).received().await?;
        let now = read_back(&self.instruction_id, call).await?;
        if self.is(&now) { Ok(now) } else { Err(otherwise()) }
    }
}

impl UpdateInstruction {
    fn wanted(&self) -> Map<String, Value> {
        let fields = [
            ("title", self.title.as_ref().map(|title| json!(title))),
            ("content", self.content.as_ref().map(|content| json!(content))),
            ("priority", self.priority.map(|priority| json!(priority))),
            ("enabled", self.enabled.map(|enabled| json!(enabled))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn is(&self, one: &Instruction) -> bool {
        self.title.as_ref().is_none_or(|title| one.title == title.as_str())
            && self.content.as_ref().is_none_or(|content| one.content.as_str() == content.as_str())
            && self.priority.is_none_or(|priority| one.priority == priority.get())
            && self.enabled.is_none_or(|enabled| one.enabled == enabled)
    }
}

async fn read_back(id: &InstructionId, call: &Invocation) -> Result<Instruction, Failure> {
    fetch_one(id, call)
        .await
        .map_err(|failure| failure.changed(Changed::Yes).next("It was written; look with list_instructions."))
}

fn otherwise() -> Failure {
    Failure::new(Code::UnexpectedAnswer, "the tenant took the instruction, but it reads otherwise")
        .changed(Changed::Unknown)
        .next("Look with list_instructions.")
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInstruction {
    /// From list_instructions.
    instruction_id: InstructionId,
}

#[derive(Serialize, JsonSchema)]
pub struct Deleted {
    id: InstructionId,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    title: String,
    /// What it said: create_instruction can make it anew.
    content: Prose,
    priority: i64,
}

impl Act for DeleteInstruction {
    type Answer = Deleted;

    async fn act(self, call: &Invocation) -> Result<Deleted, Failure> {
        let was = fetch_changeable(&self.instruction_id, call).await?;
        call.tenant.ask(&DELETE).part("instruction_id", &self.instruction_id).received().await?;
        let Instruction { id, scope, workspace_id, title, content, priority, .. } = was;
        Ok(Deleted { id, scope, workspace_id, title, content, priority })
    }
}
