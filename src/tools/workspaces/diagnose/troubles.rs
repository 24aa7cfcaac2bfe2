//! What went wrong lately: errors in the activity log, and schedules that fail or don't come.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tools::prose::Prose;

/// The tenant looks for due schedules every half minute.
const OVERDUE: TimeDelta = TimeDelta::minutes(10);

/// One entry of the activity log, as far as it matters here.
#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    activity_type: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    summary: Prose,
    #[serde(default)]
    error_detail: Prose,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Trouble {
    at: DateTime<Utc>,
    text: Prose,
}

/// The entries are the newest, newest first.
pub(super) fn errors(entries: Vec<Entry>) -> Vec<Trouble> {
    let is_error =
        |entry: &Entry| entry.activity_type == "error" || matches!(entry.status.as_deref(), Some("error" | "failed"));
    let told = |entry: Entry| {
        let text = if entry.error_detail.is_empty() { entry.summary } else { entry.error_detail };
        Trouble { at: entry.created_at, text: text.excerpt(200, "list_activity") }
    };
    entries.into_iter().filter(is_error).map(told).collect()
}

#[derive(Deserialize)]
pub(super) struct Schedule {
    #[serde(default)]
    name: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    next_run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_status: Option<String>,
    #[serde(default)]
    last_error: Prose,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Failing {
    name: String,
    /// `failed`, or `overdue` since.
    problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    error: Prose,
}

/// A paused workspace's schedules don't run, and aren't meant to.
pub(super) fn failing(schedules: Vec<Schedule>, status: &str, now: DateTime<Utc>) -> Vec<Failing> {
    let problem = |one: &Schedule| {
        let overdue = one.next_run_at.is_some_and(|due| now - due > OVERDUE);
        match one.last_status.as_deref() {
            _ if !one.enabled => None,
            Some("error") => Some("failed"),
            _ if overdue && status != "paused" => Some("overdue"),
            _ => None,
        }
    };
    let found = schedules.into_iter().filter_map(|one| Some((problem(&one)?, one)));
    let told = found.map(|(problem, one)| Failing {
        name: one.name,
        problem: problem.to_owned(),
        due_at: one.next_run_at.filter(|_| problem == "overdue"),
        error: one.last_error.excerpt(150, "list_schedules"),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_fails_by_its_last_run_or_by_not_coming() {
        let now = Utc::now();
        let schedules = || -> Vec<Schedule> {
            serde_json::from_value(json!([
                { "name": "fine", "enabled": true, "next_run_at": now + TimeDelta::hours(1), "last_status": "ok" },
                { "name": "off", "enabled": false, "next_run_at": now - TimeDelta::hours(1), "last_status": "error" },
                { "name": "failed", "enabled": true, "next_run_at": null, "last_status": "error", "last_error": "no" },
                { "name": "late", "enabled": true, "next_run_at": now - TimeDelta::hours(1), "last_status": "" },
            ]))
            .unwrap()
        };
        let names = |status| failing(schedules(), status, now).into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names("online"), ["failed", "late"]);
        assert_eq!(names("paused"), ["failed"]);
    }
}
