//! One row of activity, whoever writes it.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::{clock, events, ids};

#[derive(Default)]
pub(crate) struct Entry<'a> {
    pub(crate) workspace: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) source: Option<&'a str>,
    pub(crate) target: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) summary: Option<&'a str>,
    pub(crate) request: Option<&'a Value>,
    pub(crate) response: Option<&'a Value>,
    pub(crate) tool_trace: Option<&'a Value>,
    pub(crate) duration_ms: Option<i64>,
    /// Empty is `ok`.
    pub(crate) status: &'a str,
    pub(crate) error: Option<&'a str>,
}

impl Entry<'_> {
    /// Stores it and shows it to whoever watches.
    pub(crate) fn log(&self, rows: &Connection) -> rusqlite::Result<()> {
        self.insert(rows)?;
        let mut payload = json!({
            "activity_type": self.kind,
            "method": self.method,
            "summary": self.summary,
            "status": self.status(),
            "source_id": self.source,
            "target_id": self.target,
            "duration_ms": self.duration_ms,
        });
        if let (Some(trace), Some(payload)) = (self.tool_trace, payload.as_object_mut()) {
            payload.insert("tool_trace".to_owned(), trace.clone());
        }
        events::show(rows, "ACTIVITY_LOGGED", self.workspace, &payload)
    }

    pub(crate) fn insert(&self, rows: &Connection) -> rusqlite::Result<()> {
        let text = |body: Option<&Value>| body.map(Value::to_string);
        rows.prepare_cached(
            "INSERT INTO activity_logs (id, workspace_id, activity_type, source_id, target_id, method, summary,
               request_body, response_body, tool_trace, duration_ms, status, error_detail, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute((
            ids::fresh(),
            self.workspace,
            self.kind,
            self.source,
            self.target,
            self.method,
            self.summary,
            text(self.request),
            text(self.response),
            text(self.tool_trace),
            self.duration_ms,
            self.status(),
            self.error,
            clock::now(),
        ))
        .map(drop)
    }

    fn status(&self) -> &str {
        if self.status.is_empty() { "ok" } else { self.status }
    }
}
