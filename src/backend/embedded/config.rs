//! A workspace's free-form configuration. Patches merge at the top level only, the way the platform's
//! database concatenates JSON: two objects merge, anything else makes an array.

use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, ok, refused_with};
use super::guard::Access;
use super::payload::Payload;
use super::platform::App;

const LARGEST: usize = 256 << 10;

pub(crate) async fn show(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    let config = platform.read(|rows| Ok(load(rows, &id)?)).await?;
    ok(&json!({ "data": config.flatten().unwrap_or_else(|| json!({})) }))
}

/// None where there's no such workspace.
fn load(rows: &Connection, id: &str) -> rusqlite::Result<Option<Option<Value>>> {
    let text: Option<Option<String>> = rows
        .prepare_cached("SELECT config FROM workspaces WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| text.and_then(|text| serde_json::from_str(&text).ok())))
}

pub(crate) async fn merge(access: Access, State(platform): App, payload: Payload) -> Answer {
    if payload.0.len() > LARGEST {
        return Err(refused_with(StatusCode::PAYLOAD_TOO_LARGE, "body too large or unreadable"));
    }
    let patch: Value = serde_json::from_slice(&payload.0).refuse(bad("invalid JSON"))?;
    let id = access.uuid().refuse(broken("failed to update config"))?;
    platform
        .write(move |rows, _| {
            let old = load(rows, &id)?.refuse(broken("failed to update config"))?;
            replace(rows, &id, &concatenated(old.unwrap_or_else(|| json!({})), patch))?;
            ok(&json!({ "status": "updated" }))
        })
        .await
}

pub(crate) fn replace(rows: &Connection, id: &str, config: &Value) -> Result<(), Refusal> {
    rows.execute("UPDATE workspaces SET config = ?2 WHERE id = ?1", (id, config.to_string()))?;
    Ok(())
}

fn concatenated(old: Value, new: Value) -> Value {
    match (old, new) {
        (Value::Object(mut old), Value::Object(new)) => {
            old.extend(new);
            old.into()
        }
        (old, new) => [elements(old), elements(new)].concat().into(),
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements,
        other => vec![other],
    }
}
