//! Schedules of workspaces: prompts that come by the clock. `write` makes and changes them, `health`
//! says how they are, `runner` sends what is due.

mod health;
mod runner;
mod write;

use std::sync::Arc;

use axum::extract::{Path, State};
use chrono::Utc;
use rusqlite::{OptionalExtension, Row};
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, broken, missing, ok};
use super::guard::Access;
use super::platform::{App, Platform};
use super::workspaces::row;
use super::{clock, ids};
use crate::timetable::Timetable;

pub(crate) use health::{of_organisation, of_workspace};
pub(crate) use runner::keep_running;
pub(crate) use write::{Wish, create, delete, insert, patch};

/// What Go's zero time looks like: the next run of a date that never comes.
const NEVER: &str = "0001-01-01T00:00:00Z";
const LONGEST_HISTORY: i64 = 20;

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    ok(&all(&platform, &access.raw, listed).await?)
}

/// A workspace's schedules, oldest first.
async fn all(
    platform: &Arc<Platform>,
    workspace: &str,
    show: fn(&Row) -> rusqlite::Result<Value>,
) -> Result<Vec<Value>, Refusal> {
    let id = ids::canonical(workspace).refuse(broken("failed to query schedules"))?;
    platform
        .read(|rows| {
            let mut oldest = rows.prepare_cached(
                "SELECT id, workspace_id, name, cron_expr, timezone, prompt, enabled, last_run_at, next_run_at,
                   run_count, last_status, last_error, source, created_at, updated_at
                 FROM workspace_schedules WHERE workspace_id = ?1 ORDER BY created_at, rowid",
            )?;
            let shown = oldest.query_map([id], show)?;
            Ok(shown.collect::<Result<Vec<Value>, _>>()?)
        })
        .await
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

/// Runs nothing: it hands back the prompt, for the caller to send.
pub(crate) async fn run(access: Access, State(platform): App, Path((_, raw)): Path<(String, String)>) -> Answer {
    let ids = access.uuid().zip(ids::canonical(&raw)).refuse(broken("failed to read schedule"))?;
    let prompt: Option<String> = platform
        .read(|rows| {
            let mut one =
                rows.prepare_cached("SELECT prompt FROM workspace_schedules WHERE workspace_id = ?1 AND id = ?2")?;
            Ok(one.query_row(ids, |row| row.get(0)).optional()?)
        })
        .await?;
    let prompt = prompt.refuse(missing("schedule not found"))?;
    ok(&json!({ "status": "fired", "workspace_id": access.raw, "prompt": prompt }))
}

/// What the scheduler ran, newest first. Any text is taken for a schedule's id.
pub(crate) async fn history(
    access: Access,
    State(platform): App,
    Path((_, schedule)): Path<(String, String)>,
) -> Answer {
    let workspace = access.uuid().refuse(broken("failed to query history"))?;
    let runs = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(
                "SELECT created_at, duration_ms, status, error_detail, request_body FROM activity_logs
                 WHERE workspace_id = ?1 AND activity_type = 'cron_run' AND request_body ->> 'schedule_id' = ?2
                 ORDER BY created_at DESC, rowid DESC LIMIT ?3",
            )?;
            let runs = newest.query_map((workspace, schedule, LONGEST_HISTORY), ran)?;
            Ok(runs.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&runs)
}

fn ran(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "timestamp": clock::shown(&row.get::<_, String>("created_at")?),
        "duration_ms": row.get::<_, Option<i64>>("duration_ms")?,
        "status": row.get::<_, Option<String>>("status")?,
        "error_detail": row.get::<_, Option<String>>("error_detail")?.unwrap_or_default(),
        "request": row::json(row.get("request_body")?),
    }))
}

/// When it's next due, as it is stored.
fn next_run(timetable: &Timetable) -> String {
    let next = timetable.next(Utc::now());
    next.map_or_else(|| NEVER.to_owned(), clock::whole_seconds)
}
