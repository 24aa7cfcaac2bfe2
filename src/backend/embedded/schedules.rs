//! Schedules of workspaces, as rows: nothing runs them here. Their times are real, though: what is due
//! next, and by the organisation's health route what is stale.

use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, created, ok};
use super::guard::{Access, Admin};
use super::payload::{Payload, filled};
use super::platform::App;
use super::{clock, ids};
use crate::timetable::{Timetable, Wrong};

/// What Go's zero time looks like: the next run of a date that never comes.
const NEVER: &str = "0001-01-01T00:00:00Z";

#[derive(Deserialize, Clone)]
pub(crate) struct Wish {
    name: Option<String>,
    cron_expr: Option<String>,
    timezone: Option<String>,
    prompt: Option<String>,
    enabled: Option<bool>,
}

pub(crate) struct Made {
    id: String,
    next_run_at: String,
}

pub(crate) async fn create(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("cron_expr and prompt are required"))?;
    let made = platform
        .write(move |rows, _| {
            let workspace = access.uuid();
            insert(rows, workspace.as_deref(), &wish, "runtime")
        })
        .await?;
    created(&json!({ "id": made.id, "status": "created", "next_run_at": made.next_run_at }))
}

/// Refuses what the platform refuses of a new schedule.
pub(crate) fn insert(rows: &Connection, workspace: Option<&str>, wish: &Wish, source: &str) -> Result<Made, Refusal> {
    let required = filled(wish.cron_expr.clone()).zip(filled(wish.prompt.clone()));
    let (expression, prompt) = required.refuse(bad("cron_expr and prompt are required"))?;
    let timezone = filled(wish.timezone.clone()).unwrap_or_else(|| "UTC".to_owned());
    let made = Made { id: ids::fresh(), next_run_at: next_run(&expression, &timezone)? };
    rows.prepare_cached(
        "INSERT INTO workspace_schedules
           (id, workspace_id, name, cron_expr, timezone, prompt, enabled, next_run_at, source, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
    )?
    .execute((
        &made.id,
        workspace,
        wish.name.as_deref().unwrap_or_default(),
        expression,
        timezone,
        prompt.replace('\r', ""),
        wish.enabled.unwrap_or(true),
        &made.next_run_at,
        source,
        clock::now(),
    ))
    .refuse(broken("failed to create schedule"))?;
    Ok(made)
}

fn next_run(expression: &str, timezone: &str) -> Result<String, Refusal> {
    let timetable = Timetable::parse(expression, timezone).map_err(|wrong| match wrong {
        Wrong::Zone => bad(&format!("invalid timezone: {timezone}")),
        _ => bad("invalid request body"),
    })?;
    Ok(timetable.next(Utc::now()).map_or(NEVER.to_owned(), whole_seconds))
}

fn whole_seconds(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("failed to query schedules"))?;
    let listed = platform
        .read(|rows| {
            let mut oldest = rows.prepare_cached(
                "SELECT id, workspace_id, name, cron_expr, timezone, prompt, enabled, last_run_at, next_run_at,
                   run_count, last_status, last_error, source, created_at, updated_at
                 FROM workspace_schedules WHERE workspace_id = ?1 ORDER BY created_at, rowid",
            )?;
            let listed = oldest.query_map([id], listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "workspace_id": row.get::<_, String>("workspace_id")?,
        "name": row.get::<_, String>("name")?,
        "cron_expr": row.get::<_, String>("cron_expr")?,
        "timezone": row.get::<_, String>("timezone")?,
        "prompt": row.get::<_, String>("prompt")?,
        "enabled": row.get::<_, bool>("enabled")?,
        "last_run_at": clock::shown_or_null(row.get("last_run_at")?),
        "next_run_at": clock::shown_or_null(row.get("next_run_at")?),
        "run_count": row.get::<_, i64>("run_count")?,
        "last_status": row.get::<_, String>("last_status")?,
        "last_error": row.get::<_, String>("last_error")?,
        "source": row.get::<_, String>("source")?,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
        "updated_at": clock::shown(&row.get::<_, String>("updated_at")?),
    }))
}

pub(crate) async fn health(_: Admin, State(platform): App) -> Answer {
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
