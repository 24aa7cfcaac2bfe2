//! A delegation's two rows among its source's activity, and the events that go with them.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::super::activity::Entry;
use super::super::events;

/// The request rows of one delegation: recording one twice makes two.
const OF_DELEGATION: &str = "workspace_id = ?1 AND activity_type = 'delegation' AND method = 'delegate'
    AND json_extract(request_body, '$.delegation_id') = ?2";

const IN_EVENT: usize = 200;
const IN_SUMMARY: usize = 80;
const OF_TASK: usize = 100;

#[derive(Clone)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) text: String,
}

pub(super) enum End {
    Completed(String),
    Failed(String),
    Queued,
}

/// What the first delegation with that key came to. A failed one frees its key, and is forgotten.
pub(super) fn known(rows: &Connection, source: &str, key: &str) -> rusqlite::Result<Option<Value>> {
    let of_key = "workspace_id = ?1 AND activity_type = 'delegation' AND method = 'delegate'
        AND json_extract(request_body, '$.idempotency_key') = ?2";
    rows.prepare_cached(&format!("DELETE FROM activity_logs WHERE {of_key} AND status = 'failed'"))?
        .execute((source, key))?;
    rows.prepare_cached(&format!(
        "SELECT json_extract(request_body, '$.delegation_id'), status, target_id FROM activity_logs WHERE {of_key}"
    ))?
    .query_row((source, key), |row| {
        Ok(json!({
            "delegation_id": row.get::<_, String>(0)?,
            "status": row.get::<_, String>(1)?,
            "target_id": row.get::<_, Option<String>>(2)?,
            "idempotent_hit": true,
        }))
    })
    .optional()
}

pub(super) fn begin(rows: &Connection, task: &Task, key: Option<&str>) -> rusqlite::Result<()> {
    let mut request = json!({ "task": task.text, "delegation_id": task.id });
    if let (Some(key), Some(request)) = (key, request.as_object_mut()) {
        request.insert("idempotency_key".to_owned(), key.into());
    }
    insert_request(rows, task, &request, "pending")
}

/// One that the agent sent by itself.
pub(super) fn recorded(rows: &Connection, task: &Task) -> rusqlite::Result<()> {
    insert_request(rows, task, &json!({ "task": task.text, "delegation_id": task.id }), "dispatched")
}

fn insert_request(rows: &Connection, task: &Task, request: &Value, status: &str) -> rusqlite::Result<()> {
    Entry {
        workspace: &task.source,
        kind: "delegation",
        source: Some(&task.source),
        target: Some(&task.target),
        method: Some("delegate"),
        summary: Some(&format!("Delegating to {}", task.target)),
        request: Some(request),
        status,
        ..Entry::default()
    }
    .insert(rows)?;
    let told = json!({
        "delegation_id": task.id,
        "target_id": task.target,
        "task_preview": shortened(&task.text, OF_TASK),
    });
    events::tell(rows, "DELEGATION_SENT", &task.source, &told)
}

pub(super) fn dispatched(rows: &Connection, task: &Task) -> rusqlite::Result<()> {
    set_status(rows, &task.source, &task.id, "dispatched", None)?;
    tell_status(rows, task, "dispatched")
}

fn tell_status(rows: &Connection, task: &Task, status: &str) -> rusqlite::Result<()> {
    let told = json!({ "delegation_id": task.id, "target_id": task.target, "status": status });
    events::tell(rows, "DELEGATION_STATUS", &task.source, &told)
}

pub(super) fn set_status(
    rows: &Connection,
    source: &str,
    delegation: &str,
    status: &str,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    rows.prepare_cached(&format!(
        "UPDATE activity_logs SET status = ?3, error_detail = coalesce(?4, error_detail) WHERE {OF_DELEGATION}"
    ))?
    .execute((source, delegation, status, error))
    .map(drop)
}

/// Nothing is kept where the source is no workspace.
pub(super) fn finish(rows: &Connection, task: &Task, end: &End) -> rusqlite::Result<()> {
    if !super::super::workspaces::row::exists(rows, &task.source)? {
        return Ok(());
    }
    match end {
        End::Completed(text) => {
            set_status(rows, &task.source, &task.id, "completed", None)?;
            complete(rows, &task.source, Some(&task.target), &task.id, text)?;
            let told = json!({
                "delegation_id": task.id,
                "target_id": task.target,
                "response_preview": shortened(text, IN_EVENT),
            });
            events::tell(rows, "DELEGATION_COMPLETE", &task.source, &told)
        }
        End::Failed(reason) => {
            set_status(rows, &task.source, &task.id, "failed", Some(reason))?;
            Entry { summary: Some("Delegation failed"), status: "failed", error: Some(reason), ..result(task) }
                .insert(rows)?;
            let told = json!({ "delegation_id": task.id, "target_id": task.target, "error": reason });
            events::tell(rows, "DELEGATION_FAILED", &task.source, &told)
        }
        End::Queued => {
            set_status(rows, &task.source, &task.id, "queued", None)?;
            let response = json!({ "queued": true, "delegation_id": task.id });
            let summary = Some("Delegation queued — target at capacity");
            Entry { summary, response: Some(&response), status: "queued", ..result(task) }.insert(rows)?;
            tell_status(rows, task, "queued")
        }
    }
}

fn result(task: &Task) -> Entry<'_> {
    Entry {
        workspace: &task.source,
        kind: "delegation",
        source: Some(&task.source),
        target: Some(&task.target),
        method: Some("delegate_result"),
        ..Entry::default()
    }
}

pub(super) fn complete(
    rows: &Connection,
    source: &str,
    target: Option<&str>,
    delegation: &str,
    text: &str,
) -> rusqlite::Result<()> {
    Entry {
        workspace: source,
        kind: "delegation",
        source: Some(source),
        target,
        method: Some("delegate_result"),
        summary: Some(&format!("Delegation completed ({})", shortened(text, IN_SUMMARY))),
        response: Some(&json!({ "text": text, "delegation_id": delegation })),
        status: "completed",
        ..Entry::default()
    }
    .insert(rows)
}

/// A queued one that was answered at last: its result row is written over.
pub(crate) fn drained(
    rows: &Connection,
    source: &str,
    target: &str,
    delegation: &str,
    text: &str,
) -> rusqlite::Result<()> {
    set_status(rows, source, delegation, "completed", None)?;
    rows.prepare_cached(
        "DELETE FROM activity_logs WHERE workspace_id = ?1 AND activity_type = 'delegation' AND status = 'queued'
           AND method = 'delegate_result' AND json_extract(response_body, '$.delegation_id') = ?2",
    )?
    .execute((source, delegation))?;
    complete(rows, source, Some(target), delegation, text)?;
    let told = json!({
        "delegation_id": delegation,
        "target_id": target,
        "response_preview": shortened(text, IN_EVENT),
        "via": "queue_drain",
    });
    events::tell(rows, "DELEGATION_COMPLETE", source, &told)
}

/// The first so many bytes, at a character's end.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    match text.get(..text.floor_char_boundary(longest)) {
        Some(start) if start.len() < text.len() => format!("{start}..."),
        _ => text.to_owned(),
    }
}
