//! delete_schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DELETE;
use super::wire::{fetch, find};
use crate::failure::Failure;
use crate::tools::ids::{ScheduleId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteSchedule {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_schedules.
    schedule_id: ScheduleId,
}

/// What it was.
#[derive(Serialize, JsonSchema)]
pub struct Deleted {
    id: ScheduleId,
    name: String,
    cron_expr: String,
    timezone: String,
    prompt: Prose,
    was_enabled: bool,
    /// `deleted`
    status: &'static str,
}

impl Act for DeleteSchedule {
    type Answer = Deleted;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let there = fetch(&self.workspace_id, call).await?;
        let was = find(&there, &self.schedule_id)?.clone();
        let ask = call.tenant.ask(&DELETE).part("workspace_id", &self.workspace_id);
        ask.part("schedule_id", &self.schedule_id).received().await?;
        Ok(Deleted {
            id: was.id,
            name: was.name,
            cron_expr: was.cron_expr,
            timezone: was.timezone,
            prompt: was.prompt.excerpt_of_kept(32_768, "is lost", call),
            was_enabled: was.enabled,
            status: "deleted",
        })
    }
}
