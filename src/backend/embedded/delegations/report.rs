//! Delegations that an agent sends by itself, and tells afterwards. Nobody checks that there is one with
//! the id of an update.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refuse, bad, broken, ok, reply};
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::workspaces::row;
use super::super::{events, ids};
use super::end::{IN_EVENT, complete};
use super::rows::{self, Task, shortened};

#[derive(Deserialize)]
struct Record {
    target_id: Option<String>,
    task: Option<String>,
    delegation_id: Option<String>,
}

#[derive(Deserialize)]
struct Update {
    status: Option<String>,
    error: Option<String>,
    response_preview: Option<String>,
}

pub(crate) async fn record(access: Access, State(platform): App, payload: Payload) -> Answer {
    let invalid = || bad("invalid request body");
    let told: Record = payload.json().refuse(invalid())?;
    let (target, text) = filled(told.target_id).zip(filled(told.task)).refuse(invalid())?;
    let id = filled(told.delegation_id).refuse(invalid())?;
    ids::canonical(&target).refuse(bad("target_id must be a valid UUID"))?;
    let source = access.uuid().refuse(broken("failed to record delegation"))?;
    platform
        .write(move |rows, _| {
            let task = Task { id, source, target, text };
            rows::recorded(rows, &task).refuse(broken("failed to record delegation"))?;
            Ok(reply(StatusCode::ACCEPTED, &json!({ "delegation_id": task.id, "status": "recorded" })))
        })
        .await
}

pub(crate) async fn update(
    access: Access,
    State(platform): App,
    Path((_, delegation)): Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let told: Update = payload.json().refuse(bad("invalid request body"))?;
    let status = filled(told.status.clone()).refuse(bad("invalid request body"))?;
    if !matches!(status.as_str(), "completed" | "failed") {
        return Err(bad("status must be 'completed' or 'failed'"));
    }
    let answered = json!({ "status": status, "delegation_id": delegation });
    if let Some(source) = access.uuid() {
        platform
            .write(move |rows, _| {
                if row::exists(rows, &source)? {
                    note(rows, &source, &delegation, &told)?;
                }
                Ok(())
            })
            .await?;
    }
    ok(&answered)
}

/// A success leaves a row of its own, a failure doesn't.
fn note(rows: &Connection, source: &str, delegation: &str, told: &Update) -> rusqlite::Result<()> {
    if told.status.as_deref() == Some("completed") {
        let text = told.response_preview.as_deref().unwrap_or_default();
        rows::set_status(rows, source, delegation, "completed", None)?;
        complete(rows, source, None, delegation, text)?;
        let payload = json!({ "delegation_id": delegation, "response_preview": shortened(text, IN_EVENT) });
        return events::tell(rows, "DELEGATION_COMPLETE", source, &payload);
    }
    let error = told.error.as_deref().unwrap_or_default();
    rows::set_status(rows, source, delegation, "failed", Some(error))?;
    events::tell(rows, "DELEGATION_FAILED", source, &json!({ "delegation_id": delegation, "error": error }))
}
