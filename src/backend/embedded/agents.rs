//! The agent that is assigned to a workspace: at most one active each. It's bookkeeping: nothing runs
//! by it. Moving one asks nobody at the target.

use axum::extract::State;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Refusal, Refuse, bad, broken, conflict, created, missing, ok};
use super::guard::Access;
use super::payload::{Payload, filled};
use super::platform::App;
use super::workspaces::row;
use super::{clock, events, ids};

#[derive(Deserialize)]
struct Assignment {
    model: Option<String>,
}

#[derive(Deserialize)]
struct Move {
    target_workspace_id: Option<String>,
}

struct Agent {
    id: String,
    model: String,
}

fn model(payload: &Payload) -> Result<String, Refusal> {
    let model = payload.json::<Assignment>().and_then(|wish| filled(wish.model));
    model.refuse(bad("invalid request body"))
}

fn active(rows: &Connection, workspace: &str) -> rusqlite::Result<Option<Agent>> {
    rows.prepare_cached("SELECT id, model FROM agents WHERE workspace_id = ?1 AND removed_at IS NULL")?
        .query_row([workspace], |row| Ok(Agent { id: row.get(0)?, model: row.get(1)? }))
        .optional()
}

fn insert(rows: &Connection, workspace: &str, model: &str) -> rusqlite::Result<String> {
    let id = ids::fresh();
    rows.execute("INSERT INTO agents (id, workspace_id, model) VALUES (?1, ?2, ?3)", (&id, workspace, model))?;
    Ok(id)
}

fn retire(rows: &Connection, agent: &Agent) -> rusqlite::Result<usize> {
    rows.execute("UPDATE agents SET removed_at = ?2 WHERE id = ?1", (&agent.id, clock::now()))
}

pub(crate) async fn assign(access: Access, State(platform): App, payload: Payload) -> Answer {
    let model = model(&payload)?;
    let workspace = access.uuid().refuse(broken("lookup failed"))?;
    platform
        .write(move |rows, _| {
            if !row::exists(rows, &workspace)? {
                return Err(missing("workspace not found"));
            }
            if active(rows, &workspace)?.is_some() {
                return Err(conflict("workspace already has an active agent, use PATCH to replace"));
            }
            let id = insert(rows, &workspace, &model)?;
            let told = json!({ "agent_id": id, "model": model });
            events::tell(rows, "AGENT_ASSIGNED", &workspace, &told)?;
            created(&told)
        })
        .await
}

pub(crate) async fn replace(access: Access, State(platform): App, payload: Payload) -> Answer {
    let model = model(&payload)?;
    let workspace = access.uuid().refuse(broken("failed to replace agent"))?;
    platform
        .write(move |rows, _| {
            let old = active(rows, &workspace)?.refuse(missing("no active agent to replace"))?;
            retire(rows, &old)?;
            let id = insert(rows, &workspace, &model)?;
            let told = json!({ "agent_id": id, "model": model, "old_model": old.model });
            events::tell(rows, "AGENT_REPLACED", &workspace, &told)?;
            ok(&told)
        })
        .await
}

pub(crate) async fn remove(access: Access, State(platform): App) -> Answer {
    let workspace = access.uuid().refuse(broken("failed to remove agent"))?;
    platform
        .write(move |rows, _| {
            let agent = active(rows, &workspace)?.refuse(missing("no active agent to remove"))?;
            retire(rows, &agent)?;
            let told = json!({ "agent_id": agent.id, "model": agent.model });
            events::tell(rows, "AGENT_REMOVED", &workspace, &told)?;
            ok(&json!({ "status": "removed", "agent_id": agent.id }))
        })
        .await
}

pub(crate) async fn relocate(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish = payload.json::<Move>().and_then(|wish| filled(wish.target_workspace_id));
    let target = wish.refuse(bad("invalid request body"))?;
    let target = ids::canonical(&target).refuse(broken("target lookup failed"))?;
    let source = access.uuid().refuse(broken("failed to move agent"))?;
    platform
        .write(move |rows, _| {
            if !row::exists(rows, &target)? {
                return Err(missing("target workspace not found"));
            }
            if active(rows, &target)?.is_some() {
                return Err(conflict("target workspace already has an active agent"));
            }
            let agent = active(rows, &source)?.refuse(missing("no active agent in source workspace"))?;
            rows.execute("UPDATE agents SET workspace_id = ?2 WHERE id = ?1", (&agent.id, &target))?;
            let here = [(&source, "target_workspace_id", &target), (&target, "source_workspace_id", &source)];
            for (workspace, name, other) in here {
                let told = json!({ "agent_id": agent.id, "model": agent.model, name: other });
                events::tell(rows, "AGENT_MOVED", workspace, &told)?;
            }
            ok(&json!({
                "agent_id": agent.id,
                "model": agent.model,
                "from_workspace": source,
                "to_workspace": target,
            }))
        })
        .await
}
