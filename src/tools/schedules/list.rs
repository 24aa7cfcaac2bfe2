//! list_schedules.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::times::upcoming;
use super::wire::{Schedule, fetch, find};
use crate::failure::Failure;
use crate::tools::ids::{ScheduleId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::workspaces::confirm_exists;

/// Characters of a prompt in the list, and of one that was asked for: longer ones aren't made here.
const EXCERPT: usize = 120;
const WHOLE: usize = 32_768;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSchedules {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Only this one, with its whole prompt.
    schedule_id: Option<ScheduleId>,
}

#[derive(Serialize, JsonSchema)]
pub struct Line {
    id: ScheduleId,
    name: String,
    cron_expr: String,
    timezone: String,
    enabled: bool,
    prompt: Prose,
    /// The next three times by its cron and zone; it only runs while it is enabled.
    next_runs: Vec<DateTime<Utc>>,
    /// Why `next_runs` is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    /// `ok`, `error` or `skipped`; absent: it never ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<String>,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    last_error: Prose,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run_at: Option<DateTime<Utc>>,
    run_count: i64,
    /// `runtime`: made by hand or by an agent; `template`: imported.
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

impl List for ListSchedules {
    type Item = Line;
    const SHORT: &'static [&'static str] =
        &["id", "name", "cron_expr", "timezone", "enabled", "prompt", "next_runs", "problem", "last_status"];

    fn mark(line: &Line) -> String {
        line.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Line>, Failure> {
        let all = fetch(&self.workspace_id, call).await?;
        if all.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        match &self.schedule_id {
            Some(id) => Ok(vec![line(find(&all, id)?.clone(), WHOLE, call.now)]),
            None => Ok(all.into_iter().map(|one| line(one, EXCERPT, call.now)).collect()),
        }
    }
}

fn line(one: Schedule, characters: usize, now: DateTime<Utc>) -> Line {
    let next_runs = upcoming(&one, now);
    let rest = if characters == WHOLE { "isn't shown" } else { "list_schedules with `schedule_id`" };
    Line {
        problem: next_runs.is_empty().then_some("its date never comes, or its cron or zone can't be read"),
        next_runs,
        id: one.id,
        name: one.name,
        cron_expr: one.cron_expr,
        timezone: one.timezone,
        enabled: one.enabled,
        prompt: one.prompt.excerpt(characters, rest),
        last_status: Some(one.last_status).filter(|status| !status.is_empty()),
        last_error: one.last_error.excerpt(300, "get_schedule_history"),
        last_run_at: one.last_run_at,
        run_count: one.run_count,
        source: one.source,
        created_at: one.created_at,
        updated_at: one.updated_at,
    }
}
