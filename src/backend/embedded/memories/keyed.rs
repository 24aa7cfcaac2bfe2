//! What a workspace remembers under a key: any JSON, with a version that goes up with each write, and
//! perhaps a time after which it's hidden. A hidden key keeps its version.

use axum::extract::{Path, State};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, conflict, missing, ok};
use super::super::clock;
use super::super::guard::Access;
use super::super::payload::{Payload, even_null, filled};
use super::super::platform::App;
use super::super::workspaces::row;

/// A century of seconds; a time much further away couldn't be written down.
const LONGEST_TTL: i64 = 3_153_600_000;

#[derive(Deserialize)]
struct Wish {
    key: Option<String>,
    #[serde(default, deserialize_with = "even_null")]
    value: Option<Value>,
    ttl_seconds: Option<i64>,
    if_match_version: Option<i64>,
}

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let workspace = access.uuid().refuse(broken("query failed"))?;
    ok(&platform.read(|rows| Ok(visible(rows, &workspace, None)?)).await?)
}

pub(crate) async fn show(access: Access, State(platform): App, Path((_, key)): Path<(String, String)>) -> Answer {
    let workspace = access.uuid().refuse(broken("query failed"))?;
    let found = platform.read(|rows| Ok(visible(rows, &workspace, Some(&key))?)).await?;
    ok(found.first().refuse(missing("key not found"))?)
}

fn visible(rows: &Connection, workspace: &str, key: Option<&str>) -> rusqlite::Result<Vec<Value>> {
    rows.prepare_cached(
        "SELECT key, value, version, expires_at, updated_at FROM workspace_memory
         WHERE workspace_id = ?1 AND key = coalesce(?2, key) AND (expires_at IS NULL OR expires_at > ?3) ORDER BY key",
    )?
    .query_map((workspace, key, clock::now()), listed)?
    .collect()
}

fn listed(stored: &Row) -> rusqlite::Result<Value> {
    let mut entry = Map::from_iter([
        ("key".to_owned(), stored.get::<_, String>("key")?.into()),
        ("value".to_owned(), row::json(stored.get("value")?).into()),
        ("version".to_owned(), stored.get::<_, i64>("version")?.into()),
        ("updated_at".to_owned(), clock::shown(&stored.get::<_, String>("updated_at")?).into()),
    ]);
    if let Some(expires_at) = clock::shown_or_null(stored.get("expires_at")?) {
        entry.insert("expires_at".to_owned(), expires_at.into());
    }
    Ok(entry.into())
}

pub(crate) async fn set(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    let key = filled(wish.key).refuse(bad("key is required"))?;
    let value = wish.value.refuse(broken("failed to set memory"))?;
    let workspace = access.uuid().refuse(broken("failed to set memory"))?;
    platform
        .write(move |rows, _| {
            let current = version(rows, &workspace, &key)?;
            check(wish.if_match_version, current)?;
            let next = current.unwrap_or(0) + 1;
            let ttl = wish.ttl_seconds.map(|ttl| ttl.clamp(-LONGEST_TTL, LONGEST_TTL));
            rows.execute(
                "INSERT OR REPLACE INTO workspace_memory (workspace_id, key, value, version, expires_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (workspace, &key, value.to_string(), next, ttl.map(|ttl| clock::from_now(ttl as f64)), clock::now()),
            )
            .refuse(broken("failed to set memory"))?;
            ok(&json!({ "status": "ok", "key": key, "version": next }))
        })
        .await
}

fn version(rows: &Connection, workspace: &str, key: &str) -> rusqlite::Result<Option<i64>> {
    rows.prepare_cached("SELECT version FROM workspace_memory WHERE workspace_id = ?1 AND key = ?2")?
        .query_row((workspace, key), |row| row.get(0))
        .optional()
}

/// Version 0 is wanted by whoever only creates.
fn check(wanted: Option<i64>, current: Option<i64>) -> Result<(), Refusal> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != current.unwrap_or(0)) else { return Ok(()) };
    let told = match current {
        Some(_) => "if_match_version mismatch",
        None => "if_match_version mismatch: key does not exist",
    };
    Err(conflict(told).with("expected_version", wanted).with("current_version", current))
}

/// Says so also where there was nothing.
pub(crate) async fn forget(access: Access, State(platform): App, Path((_, key)): Path<(String, String)>) -> Answer {
    let workspace = access.uuid().refuse(broken("failed to delete"))?;
    platform
        .write(move |rows, _| {
            rows.execute("DELETE FROM workspace_memory WHERE workspace_id = ?1 AND key = ?2", (workspace, key))?;
            ok(&json!({ "status": "deleted" }))
        })
        .await
}
