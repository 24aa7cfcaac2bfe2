//! How schedules are. The organisation's route is for whoever administers it; the workspace's is for
//! agents, which say who they are in a header that the platform believes too easily.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use chrono::Utc;
use rusqlite::Row;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, forbidden, ok, unauthorized};
use super::super::guard::{self, Admin};
use super::super::payload::filled;
use super::super::platform::App;
use super::super::{clock, ids, registry};
use super::all;
use crate::timetable::Timetable;

/// Whoever claims to be one of them is asked for nothing.
const BELIEVED: [&str; 4] = ["system:", "webhook:", "test:", "channel:"];

pub(crate) async fn of_workspace(State(platform): App, Path(raw): Path<String>, headers: HeaderMap) -> Answer {
    let caller = headers.get("x-workspace-id").and_then(|value| value.to_str().ok());
    let caller = filled(caller.map(str::to_owned)).refuse(unauthorized("X-Workspace-ID header required"))?;
    let is_believed = caller == raw || BELIEVED.iter().any(|prefix| caller.starts_with(prefix));
    if !is_believed {
        if let Some(caller) = ids::canonical(&caller) {
            guard::caller_token(&platform, &caller, guard::bearer(&headers)).await?;
        }
        let related = platform.read(|rows| Ok(registry::are_related(rows, &caller, &raw)?)).await?;
        related.then_some(()).refuse(forbidden("access denied"))?;
    }
    ok(&all(&platform, &raw, brief).await?)
}

fn brief(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "name": row.get::<_, String>("name")?,
        "enabled": row.get::<_, bool>("enabled")?,
        "last_run_at": clock::shown_or_null(row.get("last_run_at")?),
        "next_run_at": clock::shown_or_null(row.get("next_run_at")?),
        "run_count": row.get::<_, i64>("run_count")?,
        "last_status": row.get::<_, String>("last_status")?,
        "last_error": row.get::<_, String>("last_error")?,
    }))
}

pub(crate) async fn of_organisation(_: Admin, State(platform): App) -> Answer {
    let checked = platform
        .read(|rows| {
            let mut all = rows.prepare_cached(
                "SELECT s.workspace_id, w.name AS workspace_name, s.id, s.name, s.cron_expr, s.timezone,
                   s.last_run_at, s.next_run_at
                 FROM workspace_schedules s JOIN workspaces w ON w.id = s.workspace_id AND w.status <> 'removed'
                 ORDER BY w.name, s.name",
            )?;
            let checked = all.query_map([], checked)?;
            Ok(checked.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&checked)
}

fn checked(row: &Row) -> rusqlite::Result<Value> {
    let (expression, timezone): (String, String) = (row.get("cron_expr")?, row.get("timezone")?);
    let last_run: Option<String> = row.get("last_run_at")?;
    let threshold = threshold(&expression, &timezone);
    let status = match &last_run {
        None => "never_run",
        Some(moment) if threshold > 0 && clock::is_older(moment, threshold) => "stale",
        Some(_) => "ok",
    };
    Ok(json!({
        "workspace_id": row.get::<_, String>("workspace_id")?,
        "workspace_name": row.get::<_, String>("workspace_name")?,
        "schedule_id": row.get::<_, String>("id")?,
        "schedule_name": row.get::<_, String>("name")?,
        "cron_expr": expression,
        "last_run_at": clock::shown_or_null(last_run),
        "expected_next_run": clock::shown_or_null(row.get("next_run_at")?),
        "status": status,
        "stale_threshold_seconds": threshold,
    }))
}

/// Twice the interval; 0, which nothing is staler than, where it can't be read.
fn threshold(expression: &str, timezone: &str) -> i64 {
    let upcoming = Timetable::parse(expression, timezone).map(|timetable| timetable.upcoming(Utc::now(), 2));
    match upcoming.as_deref() {
        Ok([first, second]) => (*second - first).num_seconds() * 2,
        _ => 0,
    }
}
