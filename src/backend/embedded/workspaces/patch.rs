//! PATCH /workspaces/{id}. Each field is written on its own, and a write that fails is swallowed: the
//! answer is `updated` all the same. A bad directory is found after the other fields were written.

use axum::extract::State;
use axum::response::IntoResponse;
use rusqlite::{Connection, ToSql};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, missing, ok};
use super::super::guard::Access;
use super::super::ids;
use super::super::payload::Payload;
use super::super::platform::App;
use super::{row, rules};

type Fields = Map<String, Value>;
type Rule = fn(&str) -> Result<(), String>;

pub(crate) async fn patch(access: Access, State(platform): App, payload: Payload) -> Answer {
    let id = ids::checked(&access.raw)?;
    let fields: Fields = payload.json().refuse(bad("invalid request body"))?;
    check(&fields)?;
    platform
        .write(move |rows, _| {
            if !row::exists(rows, &id)? {
                return Err(missing("workspace not found"));
            }
            write_plain(rows, &id, &fields);
            // an answer, not a refusal: what was written before stays
            Ok(write_directory(rows, &id, &fields).unwrap_or_else(IntoResponse::into_response))
        })
        .await
}

fn check(fields: &Fields) -> Result<(), Refusal> {
    let rules: [(&str, Rule); 3] = [("name", rules::name), ("role", rules::role), ("runtime", rules::runtime)];
    for (name, rule) in rules {
        if let Some(text) = fields.get(name).and_then(Value::as_str) {
            rule(text).map_err(|broken| bad(&broken))?;
        }
    }
    Ok(())
}

fn write_plain(rows: &Connection, id: &str, fields: &Fields) {
    if let Some(name) = fields.get("name").and_then(Value::as_str) {
        write(rows, id, "name", &name);
    }
    if let Some(role) = fields.get("role").filter(|role| role.is_string() || role.is_null()) {
        write(rows, id, "role", &role.as_str());
    }
    if let Some(tier) = fields.get("tier").and_then(Value::as_i64) {
        write(rows, id, "tier", &tier);
    }
    if let Some(runtime) = fields.get("runtime").and_then(Value::as_str) {
        write(rows, id, "runtime", &runtime);
    }
    if let Some(collapsed) = fields.get("collapsed").and_then(Value::as_bool) {
        write(rows, id, "collapsed", &collapsed);
    }
    if let Some(parent) = fields.get("parent_id").filter(|parent| parent.is_string() || parent.is_null()) {
        write(rows, id, "parent_id", &parent.as_str());
    }
    let coordinate = |name: &str| fields.get(name).and_then(Value::as_f64);
    if let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) {
        write(rows, id, "x", &x);
        write(rows, id, "y", &y);
    }
}

fn write(rows: &Connection, id: &str, column: &str, value: &dyn ToSql) {
    let written = rows.execute(&format!("UPDATE workspaces SET {column} = ?2 WHERE id = ?1"), (id, value));
    if let Err(error) = written {
        tracing::debug!(%error, column, "a patched field was not written");
    }
}

fn write_directory(rows: &Connection, id: &str, fields: &Fields) -> Answer {
    let Some(directory) = fields.get("workspace_dir") else {
        return ok(&json!({ "status": "updated" }));
    };
    let directory = directory.as_str().filter(|directory| !directory.is_empty());
    directory.map_or(Ok(()), rules::directory).refuse(bad("invalid workspace directory"))?;
    write(rows, id, "workspace_dir", &directory);
    ok(&json!({ "status": "updated", "needs_restart": true }))
}
