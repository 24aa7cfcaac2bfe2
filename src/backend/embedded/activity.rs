//! What agents report of themselves. Reporting answers `logged` also where nothing could be stored.

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refuse, bad, broken, forbidden, ok};
use super::guard::Access;
use super::payload::{Params, Payload, filled};
use super::platform::App;
use super::workspaces::row;
use super::{clock, ids};

const TYPES: [&str; 7] =
    ["a2a_send", "a2a_receive", "task_update", "agent_log", "skill_promotion", "memory_write", "error"];

#[derive(Deserialize)]
struct Report {
    activity_type: Option<String>,
    method: Option<String>,
    summary: Option<String>,
    target_id: Option<String>,
    source_id: Option<String>,
    status: Option<String>,
    error_detail: Option<String>,
    duration_ms: Option<i64>,
    request_body: Option<Value>,
    response_body: Option<Value>,
    metadata: Option<Value>,
}

pub(crate) async fn report(access: Access, State(platform): App, payload: Payload) -> Answer {
    let mut report: Report = payload.json().refuse(bad("invalid request body"))?;
    let kind = filled(report.activity_type.take()).refuse(bad("invalid request body"))?;
    if !TYPES.contains(&kind.as_str()) {
        return Err(bad(&format!("invalid activity_type, must be one of: {}", TYPES.join(", "))));
    }
    let source = filled(report.source_id.take());
    if source.is_some_and(|source| source != access.raw) {
        return Err(forbidden("source_id must match authenticated workspace"));
    }
    if let Some(workspace) = access.uuid() {
        let stored = platform.write(move |rows, _| Ok(insert(rows, &workspace, &kind, report)?)).await;
        if stored.is_err() {
            tracing::debug!("an activity was not stored");
        }
    }
    ok(&json!({ "status": "logged" }))
}

fn insert(rows: &Connection, workspace: &str, kind: &str, report: Report) -> rusqlite::Result<()> {
    let target = filled(report.target_id);
    let target_is_lost = target.as_ref().is_some_and(|target| ids::canonical(target).is_none());
    if target_is_lost {
        return Ok(());
    }
    let body = |value: Option<Value>| value.map(|value| value.to_string());
    rows.prepare_cached(
        "INSERT INTO activity_logs (id, workspace_id, activity_type, source_id, target_id, method, summary,
           request_body, response_body, duration_ms, status, error_detail, created_at)
         VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        ids::fresh(),
        workspace,
        kind,
        target,
        filled(report.method),
        filled(report.summary),
        body(report.request_body.or(report.metadata)),
        body(report.response_body),
        report.duration_ms,
        filled(report.status).unwrap_or_else(|| "ok".to_owned()),
        filled(report.error_detail),
        clock::now(),
    ))
    .map(drop)
}

pub(crate) async fn list(access: Access, State(platform): App, params: Params) -> Answer {
    let from_agents = match params.get("source").unwrap_or("") {
        "" => None,
        "canvas" => Some(false),
        "agent" => Some(true),
        _ => return Err(bad("source must be 'canvas' or 'agent'")),
    };
    let id = access.uuid().refuse(broken("query failed"))?;
    let kind = filled(params.get("type").map(str::to_owned));
    let limit = params.integer("limit").filter(|limit| *limit > 0).unwrap_or(100).min(500);
    let listed = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(
                "SELECT id, workspace_id, activity_type, source_id, target_id, method, summary, request_body,
                   response_body, tool_trace, duration_ms, status, error_detail, created_at
                 FROM activity_logs
                 WHERE workspace_id = ?1 AND activity_type = coalesce(?2, activity_type)
                   AND (?3 IS NULL OR (source_id IS NOT NULL) = ?3)
                 ORDER BY created_at DESC, rowid DESC LIMIT ?4",
            )?;
            let listed = newest.query_map((id, kind, from_agents, limit), listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(stored: &rusqlite::Row) -> rusqlite::Result<Value> {
    let mut entry = Map::new();
    let texts = ["id", "workspace_id", "activity_type", "source_id", "target_id", "method", "summary", "status"];
    for name in texts.into_iter().chain(["error_detail"]) {
        entry.insert(name.to_owned(), stored.get::<_, Option<String>>(name)?.into());
    }
    entry.insert("duration_ms".to_owned(), stored.get::<_, Option<i64>>("duration_ms")?.into());
    entry.insert("created_at".to_owned(), clock::shown(&stored.get::<_, String>("created_at")?).into());
    for name in ["request_body", "response_body", "tool_trace"] {
        if let Some(body) = row::json(stored.get(name)?) {
            entry.insert(name.to_owned(), body);
        }
    }
    Ok(entry.into())
}
