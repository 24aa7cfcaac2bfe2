//! The request rows of delegations among their source's activity, and the events that go with them.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::super::activity::Entry;
use super::super::events;

/// The request rows of one delegation: recording one twice makes two.
const OF_DELEGATION: &str = "workspace_id = ?1 AND activity_type = 'delegation' AND method = 'delegate'
    AND json_extract(request_body, '$.delegation_id') = ?2";

const OF_TASK: usize = 100;

#[derive(Clone)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) text: String,
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

pub(super) fn tell_status(rows: &Connection, task: &Task, status: &str) -> rusqlite::Result<()> {
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

/// The first so many bytes, at a character's end.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    match text.get(..text.floor_char_boundary(longest)) {
        Some(start) if start.len() < text.len() => format!("{start}..."),
        _ => text.to_owned(),
    }
}
