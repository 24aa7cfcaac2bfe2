//! Templates of workspaces: folders with a `config.yaml`. They come from the fixtures (or are built in)
//! and from POST /templates/import, whose files lie in the database. A workspace's template is found by
//! its name, and is what `files` shows of one without a container.

mod library;
pub(crate) mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refuse, bad, broken, conflict, created, ok};
use super::guard::Admin;
use super::payload::{Payload, filled};
use super::platform::{App, Platform};
pub(crate) use library::{Template, all, bytes, exists, files, for_workspace, keep};

const MOST_FILES: usize = 200;

#[derive(Deserialize)]
struct Wish {
    name: Option<String>,
    files: Option<BTreeMap<String, String>>,
}

/// Whether a path doesn't leave the folder that it's relative to.
pub(crate) fn stays_inside(path: &str) -> bool {
    yaml::inside(Path::new(path)).is_some()
}

pub(crate) fn runtime_of(rows: &Connection, platform: &Platform, name: &str) -> Option<String> {
    let template = library::load(rows, platform, name)?;
    filled(template.config.get("runtime").and_then(Value::as_str).map(str::to_owned))
}

pub(crate) async fn list(_: Admin, State(platform): App) -> Answer {
    let templates = platform.read(|rows| Ok(all(rows, &platform)?)).await?;
    ok(&templates.iter().map(listed).collect::<Vec<Value>>())
}

fn listed(template: &Template) -> Value {
    let config = &template.config;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let runtime = config.get("runtime_config").cloned().unwrap_or_default();
    let model = filled(Some(text(config, "model"))).unwrap_or_else(|| text(&runtime, "model"));
    let skills = config.get("skills").cloned().unwrap_or_default();
    let mut listed = Map::from_iter([
        ("id".to_owned(), template.id.clone().into()),
        ("name".to_owned(), text(config, "name").into()),
        ("description".to_owned(), text(config, "description").into()),
        ("tier".to_owned(), config.get("tier").and_then(Value::as_i64).unwrap_or(0).into()),
        ("runtime".to_owned(), text(config, "runtime").into()),
        ("model".to_owned(), model.into()),
        ("skill_count".to_owned(), skills.as_array().map_or(0, Vec::len).into()),
        ("skills".to_owned(), skills),
    ]);
    for name in ["models", "required_env", "provision_timeout_seconds"] {
        if let Some(value) = runtime.get(name) {
            listed.insert(name.to_owned(), value.clone());
        }
    }
    listed.into()
}

pub(crate) async fn import(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    let (name, mut files) = filled(wish.name).zip(wish.files).refuse(bad("invalid request body"))?;
    if files.len() > MOST_FILES {
        return Err(bad(&format!("too many files ({}), max {MOST_FILES}", files.len())));
    }
    if files.keys().any(|path| !stays_inside(path)) {
        return Err(bad("invalid request body"));
    }
    let id = id_of(&name);
    platform
        .write(move |rows, platform| {
            if exists(rows, platform, &id) {
                return Err(conflict("template already exists").with("id", id));
            }
            if files.is_empty() {
                return Err(broken("failed to write config.yaml"));
            }
            let config = generated(&name, files.keys());
            files.entry("config.yaml".to_owned()).or_insert(config);
            for (path, content) in &files {
                keep(rows, &id, path, content)?;
            }
            created(&json!({ "status": "imported", "id": id, "name": name }))
        })
        .await
}

fn id_of(name: &str) -> String {
    let spaced = name.to_lowercase().replace(' ', "-");
    let id: String = spaced.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    filled(Some(id)).unwrap_or_else(|| "unnamed".to_owned())
}

fn generated<'a>(name: &str, files: impl Iterator<Item = &'a String>) -> String {
    let skill = |path: &'a String| path.strip_prefix("skills/")?.split_once('/').map(|(skill, _)| skill);
    let mut skills: Vec<&str> = files.filter_map(skill).collect();
    skills.dedup();
    json!({
        "name": name,
        "description": "Imported agent",
        "version": "1.0.0",
        "tier": 3,
        "model": "anthropic:claude-haiku-4-5-20251001",
        "skills": skills,
    })
    .to_string()
}
