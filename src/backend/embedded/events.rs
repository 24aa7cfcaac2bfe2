//! What happened to whom. Everything that changes a workspace tells it in the transaction that did it:
//! an event that is `told` is kept and listed, one that is only `shown` goes to whoever watches just
//! then. Watchers hear of both when the transaction is committed, and never of one that was undone.

use std::sync::Arc;

use axum::extract::{Path, State};
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::answer::{Answer, Refuse, broken, ok};
use super::guard::Admin;
use super::platform::App;
use super::workspaces::row;
use super::{clock, ids};

/// How far a watcher may fall behind before it misses some.
const BUFFER: usize = 256;

/// On the writing connection only: what its transaction has told, until it is committed.
pub(crate) const PENDING: &str =
    "CREATE TEMP TABLE IF NOT EXISTS pending_events (event TEXT, workspace_id TEXT, payload TEXT)";

pub(crate) struct Told {
    pub(crate) event: String,
    pub(crate) workspace: String,
    pub(crate) payload: Value,
}

/// Whoever watches in this process; other processes over the same rows have their own.
pub(crate) struct Watchers(broadcast::Sender<Arc<Told>>);

impl Watchers {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BUFFER).0)
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Told>> {
        self.0.subscribe()
    }

    pub(crate) fn show(&self, told: Vec<Told>) {
        for one in told {
            // an error means that nobody watches
            let _ = self.0.send(Arc::new(one));
        }
    }
}

/// Keeps an event. One of a workspace that isn't there is lost, as on the platform.
pub(crate) fn tell(rows: &Connection, event: &str, workspace: &str, payload: &Value) -> rusqlite::Result<()> {
    let kept = rows
        .prepare_cached(
            "INSERT INTO events (id, event_type, workspace_id, payload, created_at)
             SELECT ?1, ?2, id, ?4, ?5 FROM workspaces WHERE id = ?3",
        )?
        .execute((ids::fresh(), event, workspace, payload.to_string(), clock::now()))?;
    if kept > 0 { show(rows, event, workspace, payload) } else { Ok(()) }
}

/// Only for whoever watches.
pub(crate) fn show(rows: &Connection, event: &str, workspace: &str, payload: &Value) -> rusqlite::Result<()> {
    rows.prepare_cached("INSERT INTO pending_events (event, workspace_id, payload) VALUES (?1, ?2, ?3)")?
        .execute((event, workspace, payload.to_string()))
        .map(drop)
}

/// What the transaction has told, in order.
pub(crate) fn take_pending(rows: &Connection) -> rusqlite::Result<Vec<Told>> {
    let mut pending = rows.prepare_cached("SELECT event, workspace_id, payload FROM pending_events ORDER BY rowid")?;
    let told = pending.query_map([], |row| {
        let payload = row::json(row.get(2)?).unwrap_or_default();
        Ok(Told { event: row.get(0)?, workspace: row.get(1)?, payload })
    })?;
    let told: Vec<Told> = told.collect::<Result<_, _>>()?;
    if !told.is_empty() {
        rows.prepare_cached("DELETE FROM pending_events")?.execute([])?;
    }
    Ok(told)
}

pub(crate) async fn list(_: Admin, State(platform): App) -> Answer {
    newest(&platform, None).await
}

pub(crate) async fn list_of(_: Admin, State(platform): App, Path(raw): Path<String>) -> Answer {
    let workspace = ids::canonical(&raw).refuse(broken("query failed"))?;
    newest(&platform, Some(workspace)).await
}

async fn newest(platform: &super::platform::Platform, workspace: Option<String>) -> Answer {
    let listed = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(
                "SELECT id, event_type, workspace_id, payload, created_at FROM events
                 WHERE ?1 IS NULL OR workspace_id = ?1 ORDER BY created_at DESC, rowid DESC LIMIT 100",
            )?;
            let listed = newest.query_map([workspace], listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "event_type": row.get::<_, String>("event_type")?,
        "workspace_id": row.get::<_, Option<String>>("workspace_id")?,
        "payload": row::json(row.get("payload")?),
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
    }))
}
