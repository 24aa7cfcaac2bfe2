//! A workspace's activity, newest first.

use axum::extract::State;
use serde_json::{Map, Value};

use super::super::answer::{Answer, Refuse, bad, broken, ok};
use super::super::clock;
use super::super::guard::Access;
use super::super::payload::{Params, filled};
use super::super::platform::App;
use super::super::workspaces::row;

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
