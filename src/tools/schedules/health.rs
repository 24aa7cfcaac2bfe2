//! get_schedule_health judges one workspace's schedules by all that is known of them;
//! list_schedule_health shows what the tenant says of everybody's.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HEALTH;
use super::times::upcoming;
use super::wire::{Schedule, fetch};
use crate::failure::Failure;
use crate::tools::ids::{ScheduleId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::workspaces::confirm_exists;

/// The tenant looks every half minute what is due.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetScheduleHealth {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Judged {
    id: ScheduleId,
    name: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run_at: Option<DateTime<Utc>>,
    run_count: i64,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    last_error: Prose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    // The last run ended in an error.
    Failing,
    // The last run was left out, because the workspace was paused or busy.
    Skipped,
    // It was due and didn't run.
    Overdue,
    NeverRun,
    Disabled,
    // Its date never comes, so that the tenant runs it again and again, or its times can't be read.
    Broken,
}

impl List for GetScheduleHealth {
    type Item = Judged;

    fn mark(judged: &Judged) -> String {
        judged.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Judged>, Failure> {
        let all = fetch(&self.workspace_id, call).await?;
        if all.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(all.into_iter().map(|one| judged(one, call.now)).collect())
    }
}

fn judged(one: Schedule, now: DateTime<Utc>) -> Judged {
    Judged {
        verdict: verdict(&one, now),
        id: one.id,
        name: one.name,
        last_run_at: one.last_run_at,
        next_run_at: one.next_run_at,
        run_count: one.run_count,
        last_error: one.last_error.excerpt(300, "get_schedule_history"),
    }
}

fn verdict(one: &Schedule, now: DateTime<Utc>) -> Verdict {
    match one.last_status.as_str() {
        _ if !one.enabled => Verdict::Disabled,
        _ if upcoming(one, now).is_empty() => Verdict::Broken,
        _ if one.next_run_at.is_some_and(|due| due + PATIENCE < now) => Verdict::Overdue,
        "error" => Verdict::Failing,
        "skipped" => Verdict::Skipped,
        _ if one.last_run_at.is_none() => Verdict::NeverRun,
        _ => Verdict::Ok,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListScheduleHealth {
    /// Only these.
    status: Option<Staleness>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Staleness {
    Ok,
    Stale,
    NeverRun,
}

impl Staleness {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::NeverRun => "never_run",
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    workspace_id: WorkspaceId,
    workspace_name: String,
    schedule_id: ScheduleId,
    #[serde(default)]
    schedule_name: String,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_run_at: Option<DateTime<Utc>>,
    cron_expr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected_next_run: Option<DateTime<Utc>>,
    /// Two of its intervals; 0 where the tenant can't read its cron, and then never finds it stale.
    stale_threshold_seconds: i64,
}

impl List for ListScheduleHealth {
    type Item = Checked;
    const SHORT: &'static [&'static str] =
        &["workspace_id", "workspace_name", "schedule_id", "schedule_name", "status", "last_run_at"];

    fn mark(checked: &Checked) -> String {
        checked.schedule_id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Checked>, Failure> {
        let mut all: Vec<Checked> = call.tenant.ask(&HEALTH).fetch().await?;
        all.retain(|one| call.sees(&one.workspace_id));
        all.retain(|one| self.status.is_none_or(|status| one.status == status.as_str()));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_gravest_that_is_known_is_the_verdict() {
        let now: DateTime<Utc> = "2026-11-20T17:00:00Z".parse().unwrap();
        let of = |change: Value| {
            let mut row = json!({
                "id": "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc", "cron_expr": "0 9 * * *", "timezone": "UTC",
                "enabled": true, "last_run_at": "2026-11-20T09:00:00Z", "next_run_at": "2026-11-21T09:00:00Z",
                "last_status": "ok",
            });
            row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            verdict(&serde_json::from_value(row).unwrap(), now)
        };
        assert_eq!(of(json!({})), Verdict::Ok);
        assert_eq!(of(json!({ "last_status": "error" })), Verdict::Failing);
        assert_eq!(of(json!({ "last_status": "skipped" })), Verdict::Skipped);
        assert_eq!(of(json!({ "last_status": "", "last_run_at": null })), Verdict::NeverRun);
        let due = |at: &str| of(json!({ "last_status": "error", "next_run_at": at }));
        assert_eq!((due("2026-11-20T16:57:59Z"), due("2026-11-20T16:58:30Z")), (Verdict::Overdue, Verdict::Failing));
        assert_eq!(of(json!({ "cron_expr": "0 0 30 2 *" })), Verdict::Broken);
        assert_eq!(of(json!({ "cron_expr": "0 0 30 2 *", "enabled": false })), Verdict::Disabled);
    }
}
