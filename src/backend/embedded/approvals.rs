//! The tenant's own approvals: an agent asks, a person decides. Listing what is pending denies what has
//! waited for more than ten minutes; nobody checks who decides.

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refuse, bad, broken, created, missing, ok};
use super::guard::{Access, Admin};
use super::payload::{Payload, filled};
use super::platform::App;
use super::{clock, events, ids};

const PATIENCE_SECONDS: f64 = 600.0;

#[derive(Deserialize)]
struct Ask {
    action: Option<String>,
    reason: Option<String>,
    task_id: Option<String>,
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Decision {
    decision: Option<String>,
    decided_by: Option<String>,
}

pub(crate) async fn request(access: Access, State(platform): App, payload: Payload) -> Answer {
    let ask: Ask = payload.json().refuse(bad("invalid request body"))?;
    let action = filled(ask.action).refuse(bad("invalid request body"))?;
    let workspace = access.uuid().refuse(broken("failed to create approval"))?;
    let (task, reason) = (ask.task_id.unwrap_or_default(), ask.reason.unwrap_or_default());
    let context = ask.context.map(|context| Value::from(context).to_string());
    platform
        .write(move |rows, _| {
            let id = ids::fresh();
            rows.execute(
                "INSERT INTO approval_requests (id, workspace_id, task_id, action, reason, context, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (&id, &workspace, &task, &action, &reason, context, clock::now()),
            )
            .refuse(broken("failed to create approval"))?;
            let mut told = json!({ "approval_id": id, "action": action, "reason": reason, "task_id": task });
            events::tell(rows, "APPROVAL_REQUESTED", &workspace, &told)?;
            escalate(rows, &workspace, &mut told)?;
            created(&json!({ "approval_id": id, "status": "pending" }))
        })
        .await
}

/// Tells the workspace above what was asked below it.
fn escalate(rows: &Connection, from: &str, told: &mut Value) -> rusqlite::Result<()> {
    let parent: Option<String> =
        rows.prepare_cached("SELECT parent_id FROM workspaces WHERE id = ?1")?.query_row([from], |row| row.get(0))?;
    let (Some(parent), Some(told)) = (parent, told.as_object_mut()) else { return Ok(()) };
    told.remove("task_id");
    told.insert("from_workspace_id".to_owned(), from.into());
    events::tell(rows, "APPROVAL_ESCALATED", &parent, &Value::from(told.clone()))
}

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let workspace = access.uuid().refuse(broken("query failed"))?;
    let listed = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(
                "SELECT id, task_id, action, reason, status, decided_by, decided_at, created_at
                 FROM approval_requests WHERE workspace_id = ?1 ORDER BY created_at DESC, rowid DESC LIMIT 50",
            )?;
            let listed = newest.query_map([workspace], |row| {
                Ok(json!({
                    "id": row.get::<_, String>(0)?,
                    "task_id": row.get::<_, String>(1)?,
                    "action": row.get::<_, String>(2)?,
                    "reason": row.get::<_, String>(3)?,
                    "status": row.get::<_, String>(4)?,
                    "decided_by": row.get::<_, Option<String>>(5)?,
                    "decided_at": clock::shown_or_null(row.get(6)?),
                    "created_at": clock::shown(&row.get::<_, String>(7)?),
                }))
            })?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

pub(crate) async fn pending(_: Admin, State(platform): App) -> Answer {
    let too_old = clock::from_now(-PATIENCE_SECONDS);
    if platform.read(|rows| Ok(any_before(rows, &too_old)?)).await? {
        platform.write(move |rows, _| Ok(deny_before(rows, &too_old)?)).await?;
    }
    ok(&platform.read(|rows| Ok(all_pending(rows)?)).await?)
}

fn any_before(rows: &Connection, moment: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM approval_requests WHERE status = 'pending' AND created_at < ?1)")?
        .query_row([moment], |row| row.get(0))
}

fn deny_before(rows: &Connection, moment: &str) -> rusqlite::Result<usize> {
    rows.prepare_cached(
        "UPDATE approval_requests SET status = 'denied', decided_by = 'auto-expired', decided_at = ?1
         WHERE status = 'pending' AND created_at < ?2",
    )?
    .execute((clock::now(), moment))
}

/// Those of removed workspaces too.
fn all_pending(rows: &Connection) -> rusqlite::Result<Vec<Value>> {
    rows.prepare_cached(
        "SELECT a.id, a.workspace_id, w.name, a.action, a.reason, a.created_at
         FROM approval_requests a JOIN workspaces w ON w.id = a.workspace_id
         WHERE a.status = 'pending' ORDER BY a.created_at DESC, a.rowid DESC LIMIT 50",
    )?
    .query_map([], |row| {
        Ok(json!({
            "id": row.get::<_, String>(0)?,
            "workspace_id": row.get::<_, String>(1)?,
            "workspace_name": row.get::<_, String>(2)?,
            "action": row.get::<_, String>(3)?,
            "reason": row.get::<_, String>(4)?,
            "status": "pending",
            "created_at": clock::shown(&row.get::<_, String>(5)?),
        }))
    })?
    .collect()
}

pub(crate) async fn decide(
    access: Access,
    State(platform): App,
    Path((_, approval)): Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let told: Decision = payload.json().refuse(bad("invalid request body"))?;
    let decision = filled(told.decision).refuse(bad("invalid request body"))?;
    if !matches!(decision.as_str(), "approved" | "denied") {
        return Err(bad("decision must be 'approved' or 'denied'"));
    }
    let decided_by = filled(told.decided_by).unwrap_or_else(|| "human".to_owned());
    let ids = access.uuid().zip(ids::canonical(&approval));
    let (workspace, approval) = ids.refuse(broken("failed to update"))?;
    platform
        .write(move |rows, _| {
            let decided = rows.execute(
                "UPDATE approval_requests SET status = ?3, decided_by = ?4, decided_at = ?5
                 WHERE id = ?1 AND workspace_id = ?2 AND status = 'pending'",
                (&approval, &workspace, &decision, &decided_by, clock::now()),
            )?;
            match decided {
                0 => Err(missing("approval not found or already decided")),
                _ => {
                    let event = if decision == "approved" { "APPROVAL_APPROVED" } else { "APPROVAL_DENIED" };
                    let told = json!({ "approval_id": approval, "decision": decision, "decided_by": decided_by });
                    events::tell(rows, event, &workspace, &told)?;
                    ok(&json!({ "status": decision, "approval_id": approval }))
                }
            }
        })
        .await
}
