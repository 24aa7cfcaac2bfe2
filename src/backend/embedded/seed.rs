//! Rows that no route can make: for the recordings, and for the demo. One JSON object a line, with its
//! table; the rest are columns. A row of the ledger without a signature is signed. Besides plain
//! values a column may be `{"$seconds_from_now": n}` (a time), `{"$sealed": "..."}` (a secret's value),
//! `{"$bytes": "..."}` (a file's content) or `{"$random": true}` (a hash that no key has).

use std::path::Path;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};

use super::answer::{Refusal, broken};
use super::platform::Platform;
use super::{OpenError, clock, ids, keys, ledger, vault};

const DEMO: &str = include_str!("demo.jsonl");
const TABLES: [&str; 17] = [
    "workspaces",
    "org_api_tokens",
    "workspace_auth_tokens",
    "global_secrets",
    "workspace_secrets",
    "approval_requests",
    "activity_logs",
    "workspace_schedules",
    "workspace_channels",
    "audit_events",
    "instructions",
    "a2a_queue",
    "agent_memories",
    "workspace_memory",
    "workflow_checkpoints",
    "workspace_files",
    "org_plugin_allowlist",
];

type Line = Map<String, Value>;

pub(crate) fn is_empty(platform: &Platform) -> Result<bool, OpenError> {
    let empty = platform.store.write_here(|rows| {
        let any = "SELECT EXISTS (SELECT 1 FROM workspaces) OR EXISTS (SELECT 1 FROM org_api_tokens)";
        Ok(!rows.query_row(any, [], |row| row.get::<_, bool>(0))?)
    });
    empty.map_err(|_| OpenError::new("the embedded tenant's database can't be read".to_owned()))
}

/// Nothing where there are workspaces: another process may have been first.
pub(crate) fn demo(platform: &Platform) -> Result<(), OpenError> {
    insert_all(platform, DEMO, "the demo", |rows| {
        Ok(rows.query_row("SELECT NOT EXISTS (SELECT 1 FROM workspaces)", [], |row| row.get(0))?)
    })
}

pub(crate) fn rows_of_file(platform: &Platform, file: &Path) -> Result<(), OpenError> {
    let text = std::fs::read_to_string(file).map_err(|error| OpenError::file(file, &error))?;
    insert_all(platform, &text, &file.display().to_string(), |_| Ok(true))
}

/// All or nothing.
fn insert_all(
    platform: &Platform,
    text: &str,
    origin: &str,
    is_wanted: impl FnOnce(&Connection) -> Result<bool, Refusal>,
) -> Result<(), OpenError> {
    let mut fault = None;
    let done = platform.store.write_here(|rows| {
        if !is_wanted(rows)? {
            return Ok(());
        }
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if let Err(reason) = insert(rows, platform, line) {
                fault = Some(format!("{origin}, line {}: {reason}", index + 1));
                return Err(broken("seed"));
            }
        }
        Ok(())
    });
    done.map_err(|_| OpenError::new(fault.unwrap_or_else(|| format!("{origin} could not be stored"))))
}

fn insert(rows: &Connection, platform: &Platform, line: &str) -> Result<(), String> {
    let mut line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let table = line.remove("table").and_then(|table| Some(table.as_str()?.to_owned())).unwrap_or_default();
    if !TABLES.contains(&table.as_str()) {
        return Err(format!("there is no table {table:?} to seed"));
    }
    let known = columns(rows, &table).map_err(|error| error.to_string())?;
    if let Some(unknown) = line.keys().find(|name| !known.contains(name)) {
        return Err(format!("{table} has no column {unknown:?}"));
    }
    if known.iter().any(|name| name == "id") {
        line.entry("id").or_insert_with(|| ids::fresh().into());
    }
    let moment_of = |value: &Value| value.get("$seconds_from_now").and_then(Value::as_f64).map(clock::from_now);
    for value in line.values_mut() {
        if let Some(moment) = moment_of(value) {
            *value = moment.into();
        }
    }
    if table == "audit_events" {
        ledger::sign_seed(rows, &platform.signer, &mut line)?;
    }
    let cells: Result<Vec<Cell>, String> = line.values().map(|value| cell(platform, &line, value)).collect();
    let names: Vec<&str> = line.keys().map(String::as_str).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let statement = format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(", "));
    rows.execute(&statement, params_from_iter(cells?)).map(drop).map_err(|error| error.to_string())
}

fn columns(rows: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    rows.prepare("SELECT name FROM pragma_table_info(?1)")?.query_map([table], |row| row.get(0))?.collect()
}

fn cell(platform: &Platform, line: &Line, value: &Value) -> Result<Cell, String> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(yes) => Cell::Integer((*yes).into()),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cell::Real(number.as_f64().unwrap_or_default()), Cell::Integer)
        }
        Value::String(text) => Cell::Text(text.clone()),
        Value::Array(_) => Cell::Text(value.to_string()),
        Value::Object(object) => return special(platform, line, object),
    })
}

fn special(platform: &Platform, line: &Line, object: &Map<String, Value>) -> Result<Cell, String> {
    if let Some(text) = object.get("$bytes").and_then(Value::as_str) {
        return Ok(Cell::Blob(text.as_bytes().to_vec()));
    }
    if object.contains_key("$random") {
        let key = keys::Key::mint().map_err(|_| "no randomness to be had".to_owned())?;
        return Ok(Cell::Text(key.hash));
    }
    if let Some(plain) = object.get("$sealed").and_then(Value::as_str) {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        let sealed = platform.vault.seal(&vault::place(text("workspace_id"), text("key")), plain);
        return sealed.map(Cell::Blob).ok_or_else(|| "a secret could not be sealed".to_owned());
    }
    Ok(Cell::Text(Value::from(object.clone()).to_string()))
}
