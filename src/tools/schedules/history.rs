//! get_schedule_history.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HISTORY;
use super::wire::{fetch, find};
use crate::failure::Failure;
use crate::tools::ids::{ScheduleId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetScheduleHistory {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_schedules.
    schedule_id: ScheduleId,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Run {
    timestamp: DateTime<Utc>,
    /// `ok` or `error`; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    error_detail: Prose,
}

impl List for GetScheduleHistory {
    type Item = Run;
    const USUAL: u32 = 20;
    const MOST: u32 = 20;

    fn mark(run: &Run) -> String {
        run.timestamp.to_rfc3339()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Run>, Failure> {
        let ask = call.tenant.ask(&HISTORY).part("workspace_id", &self.workspace_id);
        let mut runs: Vec<Run> = ask.part("schedule_id", &self.schedule_id).fetch().await?;
        if runs.is_empty() {
            self.confirm_there(call).await?;
        }
        for run in &mut runs {
            run.error_detail = std::mem::take(&mut run.error_detail).excerpt(500, "list_activity of the workspace");
        }
        Ok(runs)
    }
}

impl GetScheduleHistory {
    /// The tenant knows no runs of a schedule that isn't there, either.
    async fn confirm_there(&self, call: &Invocation) -> Result<(), Failure> {
        let there = fetch(&self.workspace_id, call).await?;
        if there.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        find(&there, &self.schedule_id).map(|_| ())
    }
}
