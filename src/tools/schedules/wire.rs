//! A schedule as the tenant tells it, and what several tools ask of them.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::LIST;
use crate::failure::{Code, Failure};
use crate::tools::ids::{ScheduleId, ScheduleName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;

#[derive(Clone, Deserialize)]
pub struct Schedule {
    pub id: ScheduleId,
    #[serde(default)]
    pub name: String,
    pub cron_expr: String,
    #[serde(default)]
    pub timezone: String,
    #[serde(default)]
    pub prompt: Prose,
    pub enabled: bool,
    pub last_run_at: Option<DateTime<Utc>>,
    pub next_run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub run_count: i64,
    /// "" before the first run.
    #[serde(default)]
    pub last_status: String,
    #[serde(default)]
    pub last_error: Prose,
    #[serde(default)]
    pub source: String,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// Oldest first; none for a workspace that isn't there.
pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Schedule>, Failure> {
    call.tenant.ask(&LIST).part("workspace_id", workspace).fetch().await
}

/// What they are called.
pub async fn names(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<String>, Failure> {
    Ok(fetch(workspace, call).await?.into_iter().map(|one| one.name).collect())
}

/// One of this workspace's.
pub fn find<'a>(all: &'a [Schedule], id: &ScheduleId) -> Result<&'a Schedule, Failure> {
    all.iter().find(|one| one.id == *id).ok_or_else(|| {
        Failure::new(Code::NotFound, "this workspace has no such schedule")
            .next("Look at list_schedules of the workspace, and use an id from there.")
    })
}

/// A name is one schedule's in a workspace; `but` may keep its own.
pub fn refuse_taken(name: &ScheduleName, there: &[Schedule], but: Option<&ScheduleId>) -> Result<(), Failure> {
    match there.iter().find(|one| one.name == name.as_str() && but != Some(&one.id)) {
        None => Ok(()),
        Some(taken) => Err(Failure::new(
            Code::Conflict,
            format!("this workspace has a schedule of that name already: {}", taken.id),
        )
        .next("Change that one with update_schedule, or choose another name.")),
    }
}
