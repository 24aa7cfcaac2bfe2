//! list_instructions and resolve_instructions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Instruction, LIST, RESOLVE, Scope, fetch_all, fetch_one};
use crate::failure::Failure;
use crate::tools::ids::{InstructionId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::range::{From, Length, Passage};
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInstructions {
    /// Only these.
    scope: Option<Scope>,
    /// Only what this workspace's agent is told.
    workspace_id: Option<WorkspaceId>,
    /// Only this one, with its whole content.
    instruction_id: Option<InstructionId>,
}

impl List for ListInstructions {
    type Item = Instruction;

    fn mark(one: &Instruction) -> String {
        one.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Instruction>, Failure> {
        if let Some(id) = &self.instruction_id {
            return Ok(vec![fetch_one(id, call).await?]);
        }
        let mut found = match &self.workspace_id {
            None => fetch_all(call).await?,
            Some(workspace) => {
                // For a workspace that isn't there the tenant answers the global ones.
                let asked = call.tenant.ask(&LIST).query("workspace_id", workspace).fetch::<Vec<Instruction>>();
                tokio::try_join!(asked, confirm_exists(workspace, call))?.0
            }
        };
        // The tenant looks at the scope only where no workspace is named.
        found.retain(|one| self.scope.is_none_or(|scope| one.scope == scope.as_str()));
        for one in &mut found {
            one.content = std::mem::take(&mut one.content).excerpt(200, "list_instructions with `instruction_id`");
        }
        Ok(found)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveInstructions {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Where to begin, in characters; default 0.
    from: Option<From>,
    /// Characters, default 8000.
    length: Option<Length>,
}

#[derive(Serialize, JsonSchema)]
pub struct Resolved {
    workspace_id: WorkspaceId,
    #[serde(flatten)]
    instructions: Passage,
}

#[derive(Deserialize)]
struct Answer {
    instructions: String,
}

impl Act for ResolveInstructions {
    type Answer = Resolved;

    async fn act(self, call: &Invocation) -> Result<Resolved, Failure> {
        let asked = call.tenant.ask(&RESOLVE).part("workspace_id", &self.workspace_id).fetch::<Answer>();
        let (answer, ()) = tokio::try_join!(asked, confirm_exists(&self.workspace_id, call))?;
        let instructions = Passage::of(&answer.instructions, self.from, self.length)?;
        Ok(Resolved { workspace_id: self.workspace_id, instructions })
    }
}
