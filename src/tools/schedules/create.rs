//! create_schedule. The tenant answers 500 for a name that is taken and one vague word for a bad time;
//! both are found out first, and said.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::CREATE;
use super::times::{checked, upcoming};
use super::wire::{Schedule, fetch, refuse_taken};
use crate::failure::{Changed, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{CronExpr, ScheduleId, ScheduleName, WorkspaceId, ZoneName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::{Act, Earlier};
use crate::tools::workspaces::confirm_lives;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSchedule {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Its name, new in this workspace.
    name: ScheduleName,
    /// Five fields: minute, hour, day, month, weekday (0-6, Sunday 0).
    cron_expr: CronExpr,
    /// What the agent is told each time.
    prompt: Text<32_768>,
    /// IANA zone, default UTC.
    timezone: Option<ZoneName>,
    /// Default true.
    enabled: Option<bool>,
}

/// A schedule that was made or changed.
#[derive(Serialize, JsonSchema)]
pub struct Written {
    id: ScheduleId,
    name: String,
    cron_expr: String,
    timezone: String,
    enabled: bool,
    /// The next three times by its cron and zone; it only runs while it is enabled.
    next_runs: Vec<DateTime<Utc>>,
}

impl Written {
    pub fn of(one: Schedule, now: DateTime<Utc>) -> Self {
        Self {
            next_runs: upcoming(&one, now),
            id: one.id,
            name: one.name,
            cron_expr: one.cron_expr,
            timezone: one.timezone,
            enabled: one.enabled,
        }
    }
}

#[derive(Deserialize)]
struct Made {
    id: ScheduleId,
}

impl Act for CreateSchedule {
    type Answer = Written;

    /// No two schedules of a workspace have one name.
    async fn made_before(&self, call: &Invocation, _: DateTime<Utc>) -> Result<Earlier<Written>, Failure> {
        let there = fetch(&self.workspace_id, call).await?;
        let made = there.into_iter().find(|one| one.name == self.name.as_str());
        Ok(made.map_or(Earlier::Nothing, |made| Earlier::This(Written::of(made, call.now))))
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let zone = self.timezone.as_ref().map_or("UTC", ZoneName::as_str);
        let next_runs = checked(self.cron_expr.as_str(), zone, call.now)?;
        let workspace = &self.workspace_id;
        let (there, ()) = tokio::try_join!(fetch(workspace, call), confirm_lives(workspace, call))?;
        refuse_taken(&self.name, &there, None)?;
        let enabled = self.enabled.unwrap_or(true);
        let body = json!({
            "name": self.name, "cron_expr": self.cron_expr, "timezone": zone, "prompt": self.prompt,
            "enabled": enabled,
        });
        let ask = call.tenant.ask(&CREATE).part("workspace_id", workspace).body(&body);
        let made: Made = match ask.fetch().await {
            Ok(made) => made,
            Err(failure) => return Err(self.after_refusal(failure, call).await),
        };
        call.made(&made.id);
        Ok(Written {
            id: made.id,
            name: self.name.to_string(),
            cron_expr: self.cron_expr.to_string(),
            timezone: zone.to_owned(),
            enabled,
            next_runs,
        })
    }
}

impl CreateSchedule {
    /// Whether it was made all the same: its name says so.
    async fn after_refusal(&self, failure: Failure, call: &Invocation) -> Failure {
        match fetch(&self.workspace_id, call).await {
            Ok(now) if !now.iter().any(|one| one.name == self.name.as_str()) => failure.confirmed(Changed::No),
            _ => failure,
        }
    }
}
