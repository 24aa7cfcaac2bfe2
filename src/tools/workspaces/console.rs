//! get_console: what the machine of a workspace printed while it started. Only hosted tenants have it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::CONSOLE;
use super::wire::confirm_exists;
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::range::{From, Passage};
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetConsole {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Characters to leave out at the start; without it, the end of the output.
    from: Option<From>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    output: String,
}

impl Act for GetConsole {
    type Answer = Passage;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        // The tenant doesn't look whether there is such a workspace.
        confirm_exists(&self.workspace_id, call).await?;
        let answer = call.tenant.ask(&CONSOLE).part("workspace_id", &self.workspace_id).fetch().await;
        let Output { output } = answer.map_err(|failure: Failure| match failure.code() {
            Code::NotSupported => {
                failure.next("Only hosted tenants keep it; diagnose_workspace shows what else is known.")
            }
            _ => failure,
        })?;
        match self.from {
            None => Passage::end_of(&output),
            from => Passage::of(&output, from, None),
        }
    }
}
