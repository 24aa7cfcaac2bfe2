//! All memories of the organisation, out and in. They name their workspace by its name, so the first of
//! namesakes gets what is imported; what is there already is skipped.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, bad, ok};
use super::guard::Admin;
use super::payload::{Payload, filled};
use super::platform::App;
use super::{clock, ids};

const SCOPES: [&str; 3] = ["LOCAL", "TEAM", "GLOBAL"];

#[derive(Deserialize)]
struct Memory {
    content: Option<String>,
    scope: Option<String>,
    namespace: Option<String>,
    created_at: Option<String>,
    workspace_name: Option<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Imported,
    Skipped,
    Error,
}

pub(crate) async fn export(_: Admin, State(platform): App) -> Answer {
    let memories = platform
        .read(|rows| {
            let mut all = rows.prepare_cached(
                "SELECT m.id, m.content, m.scope, m.namespace, m.created_at, w.name FROM agent_memories m
                 JOIN workspaces w ON w.id = m.workspace_id ORDER BY m.created_at, m.rowid",
            )?;
            let memories = all.query_map([], exported)?;
            Ok(memories.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&memories)
}

fn exported(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>(0)?,
        "content": row.get::<_, String>(1)?,
        "scope": row.get::<_, String>(2)?,
        "namespace": row.get::<_, String>(3)?,
        "created_at": clock::shown(&row.get::<_, String>(4)?),
        "workspace_name": row.get::<_, String>(5)?,
    }))
}

pub(crate) async fn import(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let memories: Vec<Memory> = payload.json().ok_or_else(|| unreadable(&payload))?;
    platform
        .write(move |rows, _| {
            let mut fates: BTreeMap<Fate, usize> = BTreeMap::new();
            for memory in &memories {
                *fates.entry(insert(rows, memory)?).or_default() += 1;
            }
            let count = |fate: Fate| fates.get(&fate).copied().unwrap_or(0);
            ok(&json!({
                "imported": count(Fate::Imported),
                "skipped": count(Fate::Skipped),
                "errors": count(Fate::Error),
                "total": memories.len(),
            }))
        })
        .await
}

/// In the words of the platform's JSON reader.
fn unreadable(payload: &Payload) -> Refusal {
    let kind = match payload.json::<Value>() {
        None if payload.0.iter().all(u8::is_ascii_whitespace) => return bad("invalid JSON: EOF"),
        None => return bad("invalid JSON: unexpected EOF"),
        Some(Value::Object(_)) => "object",
        Some(Value::String(_)) => "string",
        Some(Value::Number(_)) => "number",
        Some(Value::Bool(_)) => "bool",
        Some(_) => "array",
    };
    bad(&format!("invalid JSON: json: cannot unmarshal {kind} into Go value of type []handlers.memoryImportEntry"))
}

fn insert(rows: &Connection, memory: &Memory) -> Result<Fate, Refusal> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let Some(workspace) = named(rows, &text(&memory.workspace_name))? else { return Ok(Fate::Skipped) };
    let (content, scope) = (text(&memory.content), text(&memory.scope));
    let known = "SELECT EXISTS (SELECT 1 FROM agent_memories WHERE workspace_id = ?1 AND content = ?2 AND scope = ?3)";
    if rows.prepare_cached(known)?.query_row((&workspace, &content, &scope), |row| row.get(0))? {
        return Ok(Fate::Skipped);
    }
    let made = match filled(memory.created_at.clone()) {
        None => Some(clock::now()),
        Some(moment) => moment_of(&moment),
    };
    let Some(made) = made.filter(|_| SCOPES.contains(&scope.as_str())) else { return Ok(Fate::Error) };
    let namespace = filled(memory.namespace.clone()).unwrap_or_else(|| "general".to_owned());
    rows.prepare_cached(
        "INSERT INTO agent_memories (id, workspace_id, content, scope, namespace, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((ids::fresh(), workspace, content, scope, namespace, made))?;
    Ok(Fate::Imported)
}

/// The first of equals, removed ones too.
fn named(rows: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    rows.prepare_cached("SELECT id FROM workspaces WHERE name = ?1 ORDER BY created_at, rowid LIMIT 1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// The platform's database reads more than RFC 3339.
fn moment_of(text: &str) -> Option<String> {
    let exact = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).ok();
    let plain = |format: &str| NaiveDateTime::parse_from_str(text, format).ok().map(|moment| moment.and_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc());
    exact
        .or_else(|| plain("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(day)
        .or_else(|| in_words(text))
        .map(clock::stored)
}

/// Words for days, with whatever punctuation.
fn in_words(text: &str) -> Option<DateTime<Utc>> {
    let days = match text.trim_end_matches(|sign: char| sign.is_ascii_punctuation()) {
        "now" => return Some(Utc::now()),
        "yesterday" => -1,
        "today" => 0,
        "tomorrow" => 1,
        _ => return None,
    };
    let day = Utc::now().date_naive().checked_add_signed(TimeDelta::days(days))?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}
