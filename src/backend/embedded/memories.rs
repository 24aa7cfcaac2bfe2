//! What workspaces remember: written here when a workspace is made or imported, and listed. A GLOBAL
//! memory is shown to all, wrapped in a line that says whose it is.

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refuse, broken, ok};
use super::guard::Access;
use super::payload::Params;
use super::platform::App;
use super::{clock, ids};

const LONGEST: usize = 100_000;

#[derive(Deserialize, Clone)]
pub(crate) struct Initial {
    content: Option<String>,
    scope: Option<String>,
}

impl Initial {
    /// One with an unknown scope is dropped.
    pub(crate) fn insert(&self, rows: &Connection, workspace: &str) -> rusqlite::Result<()> {
        let scope = self.scope.as_deref().filter(|scope| !scope.is_empty()).unwrap_or("LOCAL").to_uppercase();
        match matches!(scope.as_str(), "LOCAL" | "TEAM" | "GLOBAL") {
            true => self.insert_as(rows, workspace, &scope),
            false => Ok(()),
        }
    }

    pub(crate) fn insert_as(&self, rows: &Connection, workspace: &str, scope: &str) -> rusqlite::Result<()> {
        let Some(content) = self.content.as_deref().filter(|content| !content.is_empty()) else { return Ok(()) };
        let content = content.get(..content.floor_char_boundary(LONGEST)).unwrap_or(content);
        rows.prepare_cached(
            "INSERT INTO agent_memories (id, workspace_id, content, scope, namespace, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((ids::fresh(), workspace, content, scope, format!("workspace:{workspace}"), clock::now()))
        .map(drop)
    }
}

pub(crate) async fn list(access: Access, State(platform): App, params: Params) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    let limit = params.integer("limit").filter(|limit| (1..=50).contains(limit)).unwrap_or(50);
    let seen_by = match params.get("scope") {
        Some("LOCAL") => "m.scope = 'LOCAL' AND m.workspace_id = ?1",
        Some("TEAM") => {
            "m.scope = 'TEAM' AND (m.workspace_id = ?1 OR m.workspace_id = (SELECT parent_id FROM workspaces WHERE id = ?1)
               OR m.workspace_id IN (SELECT id FROM workspaces WHERE parent_id = coalesce(
                    (SELECT parent_id FROM workspaces WHERE id = ?1), ?1)))"
        }
        Some("GLOBAL") => "m.scope = 'GLOBAL' AND ?1 <> ''",
        _ => "m.workspace_id = ?1",
    };
    let listed = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(&format!(
                "SELECT id, workspace_id, content, scope, namespace, created_at FROM agent_memories m
                 WHERE {seen_by} ORDER BY created_at DESC, rowid DESC LIMIT ?2"
            ))?;
            let listed = newest.query_map((id, limit), listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(row: &rusqlite::Row) -> rusqlite::Result<Value> {
    let (id, workspace): (String, String) = (row.get("id")?, row.get("workspace_id")?);
    let (content, scope): (String, String) = (row.get("content")?, row.get("scope")?);
    let content = match scope.as_str() {
        "GLOBAL" => format!("[MEMORY id={id} scope=GLOBAL from={workspace}]: {content}"),
        _ => content,
    };
    Ok(json!({
        "id": id,
        "workspace_id": workspace,
        "content": content,
        "scope": scope,
        "namespace": row.get::<_, String>("namespace")?,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
    }))
}
