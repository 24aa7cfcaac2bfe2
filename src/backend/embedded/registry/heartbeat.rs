//! Staying online. A heartbeat moves a workspace between online and degraded, and fetches the messages
//! that wait for it.

use axum::extract::State;
use axum::http::HeaderMap;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, bad, broken, ok};
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::workspaces::row::Workspace;
use super::super::{a2a, events, guard, ids};

/// What a workspace costs a month is believed up to there.
const MOST_SPEND: i64 = 1_000_000_000_000;

#[derive(Deserialize)]
struct Heartbeat {
    workspace_id: Option<String>,
    error_rate: Option<f64>,
    sample_error: Option<String>,
    active_tasks: Option<i64>,
    uptime_seconds: Option<i64>,
    current_task: Option<String>,
    monthly_spend: Option<i64>,
    runtime_state: Option<String>,
}

pub(crate) async fn heartbeat(State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    let told: Heartbeat = payload.json().refuse(bad("invalid request body"))?;
    let raw = filled(told.workspace_id.clone()).refuse(bad("invalid request body"))?;
    let id = ids::canonical(&raw).refuse(broken("failed to update"))?;
    guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
    let has_room = {
        let (id, told) = (id.clone(), told);
        platform.write(move |rows, _| Ok(note(rows, &id, &told)?)).await?
    };
    if has_room {
        a2a::drain(&platform, id);
    }
    ok(&json!({ "status": "ok" }))
}

/// What isn't told is reset, but for the spend. True where the workspace could do more than it does.
fn note(rows: &Connection, id: &str, told: &Heartbeat) -> rusqlite::Result<bool> {
    let Some(before) = Workspace::find(rows, id)?.filter(|found| !found.is_removed()) else { return Ok(false) };
    keep(rows, id, told)?;
    let Some(after) = Workspace::find(rows, id)? else { return Ok(false) };
    tell_beat(rows, &before, &after, told)?;
    Ok(after.active_tasks < after.max_concurrent_tasks)
}

fn tell_beat(rows: &Connection, before: &Workspace, after: &Workspace, told: &Heartbeat) -> rusqlite::Result<()> {
    let beat = json!({ "active_tasks": after.active_tasks, "uptime_seconds": told.uptime_seconds.unwrap_or(0) });
    events::show(rows, "WORKSPACE_HEARTBEAT", &after.id, &beat)?;
    if before.current_task() != after.current_task() {
        let task = json!({ "current_task": after.current_task(), "active_tasks": after.active_tasks });
        events::show(rows, "TASK_UPDATED", &after.id, &task)?;
    }
    match (before.status.as_str(), after.status.as_str()) {
        (was, is) if was == is => Ok(()),
        (_, "degraded") => events::tell(rows, "WORKSPACE_DEGRADED", &after.id, &trouble(told)),
        ("provisioning", "online") => {
            events::tell(rows, "WORKSPACE_ONLINE", &after.id, &json!({ "recovered_from": "provisioning" }))
        }
        (_, "online") => events::tell(rows, "WORKSPACE_ONLINE", &after.id, &json!({})),
        _ => Ok(()),
    }
}

fn trouble(told: &Heartbeat) -> Value {
    let sample = told.sample_error.as_deref().unwrap_or("");
    match told.runtime_state.as_deref().filter(|state| !state.is_empty()) {
        Some(state) => json!({ "runtime_state": state, "sample_error": sample }),
        None => json!({ "error_rate": told.error_rate.unwrap_or(0.0), "sample_error": sample }),
    }
}

fn keep(rows: &Connection, id: &str, told: &Heartbeat) -> rusqlite::Result<()> {
    let rate = told.error_rate.unwrap_or(0.0);
    let state = told.runtime_state.as_deref().unwrap_or("");
    rows.prepare_cached(
        "UPDATE workspaces SET last_error_rate = ?2, last_sample_error = ?3, active_tasks = ?4, uptime_seconds = ?5,
           current_task = ?6, monthly_spend = CASE WHEN ?7 > 0 THEN min(?7, ?8) ELSE monthly_spend END,
           status = CASE
             WHEN status = 'online' AND (?2 >= 0.5 OR ?9 = 'wedged') THEN 'degraded'
             WHEN status = 'degraded' AND ?2 < 0.1 AND ?9 = '' THEN 'online'
             WHEN status IN ('offline', 'provisioning') THEN 'online'
             ELSE status END,
           settles_at = NULL, settles_to = NULL
         WHERE id = ?1 AND status <> 'removed'",
    )?
    .execute((
        id,
        rate,
        told.sample_error.as_deref().unwrap_or(""),
        told.active_tasks.unwrap_or(0),
        told.uptime_seconds.unwrap_or(0),
        told.current_task.as_deref().unwrap_or(""),
        told.monthly_spend.unwrap_or(0),
        MOST_SPEND,
        state,
    ))
    .map(drop)
}
