//! How a delegation ends: the status of its request, a row for the result, and an event.

use rusqlite::Connection;
use serde_json::json;

use super::super::activity::Entry;
use super::super::events;
use super::super::workspaces::row;
use super::rows::{Task, set_status, shortened, tell_status};

pub(super) const IN_EVENT: usize = 200;
const IN_SUMMARY: usize = 80;

pub(super) enum End {
    Completed(String),
    Failed(String),
    Queued,
}

/// Nothing is kept where the source is no workspace.
pub(super) fn note(rows: &Connection, task: &Task, end: &End) -> rusqlite::Result<()> {
    if !row::exists(rows, &task.source)? {
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
