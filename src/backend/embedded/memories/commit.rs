//! Writing and deleting a memory. What looks like a secret is taken out before it's stored. Whoever
//! reads a GLOBAL one sees it behind a line that says whose it is, so a text that pretends to be such a
//! line is spoilt; and the write is noted in the activity.

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refuse, bad, broken, created, forbidden, missing, ok};
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::workspaces::row::Workspace;
use super::super::{clock, ids, keys};
use super::redaction::without_secrets;

/// In bytes, whatever the answer says.
const LONGEST_NAMESPACE: usize = 50;

#[derive(Deserialize)]
struct Wish {
    content: Option<String>,
    scope: Option<String>,
    namespace: Option<String>,
}

pub(crate) async fn commit(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    let (content, scope) = filled(wish.content).zip(filled(wish.scope)).refuse(bad("invalid request body"))?;
    if !super::is_scope(&scope) {
        return Err(bad("scope must be LOCAL, TEAM, or GLOBAL"));
    }
    let namespace = filled(wish.namespace).unwrap_or_else(|| "general".to_owned());
    if namespace.len() > LONGEST_NAMESPACE {
        return Err(bad("namespace must be <= 50 characters"));
    }
    let workspace = access.uuid().refuse(broken("failed to store memory"))?;
    platform
        .write(move |rows, _| {
            let found = Workspace::find(rows, &workspace)?.refuse(broken("failed to store memory"))?;
            let mut content = without_secrets(&content);
            if scope == "GLOBAL" {
                found
                    .parent_id
                    .is_none()
                    .then_some(())
                    .refuse(forbidden("only root workspaces can write GLOBAL memories"))?;
                content = content.replace("[MEMORY ", "[_MEMORY ");
            }
            let id = super::insert(rows, &workspace, &content, &scope, &namespace)?;
            if scope == "GLOBAL" {
                note(rows, &workspace, &id, &namespace, &content)?;
            }
            created(&json!({ "id": id, "scope": scope, "namespace": namespace }))
        })
        .await
}

/// A digest rather than the text: the activity proves what was written without repeating it.
fn note(rows: &Connection, workspace: &str, memory: &str, namespace: &str, content: &str) -> rusqlite::Result<()> {
    let told = json!({ "memory_id": memory, "namespace": namespace, "content_sha256": keys::hash(content) });
    rows.prepare_cached(
        "INSERT INTO activity_logs (id, workspace_id, activity_type, source_id, summary, request_body, status, created_at)
         VALUES (?1, ?2, 'memory_write_global', ?2, ?3, ?4, 'ok', ?5)",
    )?
    .execute((
        ids::fresh(),
        workspace,
        format!("GLOBAL memory written: id={memory} namespace={namespace}"),
        told.to_string(),
        clock::now(),
    ))
    .map(drop)
}

pub(crate) async fn forget(access: Access, State(platform): App, Path((_, memory)): Path<(String, String)>) -> Answer {
    let ids = access.uuid().zip(ids::canonical(&memory));
    let (workspace, memory) = ids.refuse(broken("delete failed"))?;
    platform
        .write(move |rows, _| {
            let gone =
                rows.execute("DELETE FROM agent_memories WHERE id = ?1 AND workspace_id = ?2", (memory, workspace))?;
            match gone {
                0 => Err(missing("memory not found or not owned by this workspace")),
                _ => ok(&json!({ "status": "deleted" })),
            }
        })
        .await
}
