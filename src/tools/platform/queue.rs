//! drop_stale_queue. The tenant takes an absent workspace for every workspace; here that is said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DROP_STALE;
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropStaleQueue {
    /// Messages to this one; from list_workspaces.
    workspace_id: Option<WorkspaceId>,
    /// Or those of every workspace.
    #[serde(default)]
    everywhere: bool,
    /// Waiting for at least this long; default 60.
    max_age_minutes: Option<Whole<1, 525_600>>,
}

#[derive(Deserialize)]
struct Told {
    dropped: u64,
}

#[derive(Serialize, JsonSchema)]
pub struct Dropped {
    /// Messages that are gone.
    dropped: u64,
    older_than_minutes: i64,
    /// Absent: of every workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
}

impl Act for DropStaleQueue {
    type Answer = Dropped;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let minutes = self.max_age_minutes.map_or(60, Whole::get);
        let ask = call.tenant.ask(&DROP_STALE).query("max_age_minutes", minutes);
        let ask = match (&self.workspace_id, self.everywhere) {
            (Some(workspace), false) => {
                confirm_exists(workspace, call).await?;
                ask.query("workspace_id", workspace)
            }
            (None, true) => ask,
            _ => {
                return Err(Failure::invalid(
                    "drop_stale_queue needs `workspace_id` or `everywhere: true`, one of them",
                ));
            }
        };
        let Told { dropped } = ask.fetch().await?;
        Ok(Dropped { dropped, older_than_minutes: minutes, workspace_id: self.workspace_id })
    }
}
