//! GET /workspaces/{id}/session-search: a text anywhere in a workspace's activity and memories, newest
//! first. `%` and `_` in it match anything, as the platform's database reads them.

use axum::extract::State;
use rusqlite::Row;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, broken, ok};
use super::super::clock;
use super::super::guard::Access;
use super::super::payload::Params;
use super::super::platform::App;
use super::super::workspaces::row;

const FOUND: &str = "
    SELECT 'activity' AS kind, id, workspace_id, activity_type AS label, coalesce(summary, '') AS content,
      coalesce(method, '') AS method, coalesce(status, '') AS status, request_body, response_body, created_at
    FROM activity_logs
    WHERE workspace_id = ?1 AND (coalesce(summary, '') LIKE ?2 OR activity_type LIKE ?2
      OR coalesce(method, '') LIKE ?2 OR coalesce(status, '') LIKE ?2
      OR coalesce(request_body, '') LIKE ?2 OR coalesce(response_body, '') LIKE ?2)
    UNION ALL
    SELECT 'memory', id, workspace_id, scope, content, '', '', NULL, NULL, created_at
    FROM agent_memories WHERE workspace_id = ?1 AND (content LIKE ?2 OR scope LIKE ?2)
    ORDER BY created_at DESC LIMIT ?3";

pub(crate) async fn search(access: Access, State(platform): App, params: Params) -> Answer {
    let id = access.uuid().refuse(broken("session search failed"))?;
    let wanted = format!("%{}%", params.get("q").unwrap_or("").trim());
    let limit = params.integer("limit").filter(|limit| *limit > 0).unwrap_or(50).min(200);
    let found = platform
        .read(|rows| {
            let mut find = rows.prepare_cached(FOUND)?;
            let found = find.query_map((id, wanted, limit), found)?;
            Ok(found.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&found)
}

fn found(stored: &Row) -> rusqlite::Result<Value> {
    let text = |name: &str| stored.get::<_, String>(name);
    let mut entry = json!({
        "kind": text("kind")?,
        "id": text("id")?,
        "workspace_id": text("workspace_id")?,
        "label": text("label")?,
        "content": text("content")?,
        "method": text("method")?,
        "status": text("status")?,
        "created_at": clock::shown(&text("created_at")?),
    });
    for name in ["request_body", "response_body"] {
        if let (Some(body), Some(entry)) = (row::json(stored.get(name)?), entry.as_object_mut()) {
            entry.insert(name.to_owned(), body);
        }
    }
    Ok(entry)
}
