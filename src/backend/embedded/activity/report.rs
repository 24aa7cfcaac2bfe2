//! What agents report of themselves. Reporting answers `logged` also where nothing could be stored.

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, bad, forbidden, ok};
use super::super::guard::Access;
use super::super::ids;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::Entry;

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
    let request = report.request_body.or(report.metadata);
    Entry {
        workspace,
        kind,
        source: Some(workspace),
        target: target.as_deref(),
        method: filled(report.method).as_deref(),
        summary: filled(report.summary).as_deref(),
        request: request.as_ref(),
        response: report.response_body.as_ref(),
        duration_ms: report.duration_ms,
        status: report.status.as_deref().unwrap_or_default(),
        error: filled(report.error_detail).as_deref(),
        ..Entry::default()
    }
    .log(rows)
}
