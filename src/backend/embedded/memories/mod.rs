//! What workspaces remember: memories that are searched by their words, and values that are found by
//! their key (`keyed`). Memories are also written when a workspace is made or imported.

mod commit;
pub(crate) mod keyed;
mod redaction;
mod search;
mod words;

use rusqlite::Connection;
use serde::Deserialize;

use super::{clock, ids};
pub(crate) use commit::{commit, forget};
pub(crate) use search::search;

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
        match is_scope(&scope) {
            true => self.insert_as(rows, workspace, &scope),
            false => Ok(()),
        }
    }

    pub(crate) fn insert_as(&self, rows: &Connection, workspace: &str, scope: &str) -> rusqlite::Result<()> {
        let Some(content) = self.content.as_deref().filter(|content| !content.is_empty()) else { return Ok(()) };
        let content = content.get(..content.floor_char_boundary(LONGEST)).unwrap_or(content);
        let content = redaction::without_secrets(content);
        insert(rows, workspace, &content, scope, &format!("workspace:{workspace}")).map(drop)
    }
}

fn is_scope(text: &str) -> bool {
    matches!(text, "LOCAL" | "TEAM" | "GLOBAL")
}

/// Gives the new memory's id.
fn insert(rows: &Connection, workspace: &str, content: &str, scope: &str, namespace: &str) -> rusqlite::Result<String> {
    let id = ids::fresh();
    rows.prepare_cached(
        "INSERT INTO agent_memories (id, workspace_id, content, scope, namespace, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((&id, workspace, content, scope, namespace, clock::now()))?;
    Ok(id)
}
