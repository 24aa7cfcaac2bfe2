//! The channels of an imported workspace. One that the platform would not take is left out and named in
//! the answer with the reason.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::ids;
use super::template::{Channel, Wanted};

/// Types that were kept, and what was skipped.
pub(super) fn insert(
    rows: &Connection,
    workspace: &str,
    wanted: &Wanted,
) -> rusqlite::Result<(Vec<Value>, Vec<Value>)> {
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    for channel in &wanted.channels {
        match check(channel) {
            Ok(()) => {
                keep(rows, workspace, channel)?;
                kept.push(channel.kind.as_str().into());
            }
            Err(reason) => {
                skipped.push(json!({ "workspace": wanted.name, "type": channel.kind, "reason": reason }));
            }
        }
    }
    Ok((kept, skipped))
}

fn keep(rows: &Connection, workspace: &str, channel: &Channel) -> rusqlite::Result<()> {
    rows.execute(
        "INSERT OR IGNORE INTO workspace_channels (id, workspace_id, channel_type, channel_config, enabled)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            ids::fresh(),
            workspace,
            &channel.kind,
            Value::from(channel.config.clone()).to_string(),
            channel.enabled.unwrap_or(true),
        ),
    )
    .map(drop)
}

fn check(channel: &Channel) -> Result<(), String> {
    let config = &channel.config;
    let unset: Vec<&str> = config.values().filter_map(Value::as_str).filter(|text| is_variable(text)).collect();
    if !unset.is_empty() {
        return Err(format!("missing env: [{}]", unset.join(" ")));
    }
    match channel.kind.as_str() {
        "telegram" if !is_bot_token(text(config, "bot_token")) => {
            Err("bot_token format invalid (expected like '123456789:ABCdefGHIjkl...')".to_owned())
        }
        "telegram" if !config.contains_key("chat_id") => Err("chat_id is required".to_owned()),
        "slack" | "discord" | "lark"
            if text(config, "webhook_url").is_empty() && text(config, "bot_token").is_empty() =>
        {
            Err("webhook_url is required".to_owned())
        }
        "telegram" | "slack" | "discord" | "lark" => Ok(()),
        _ => Err("unknown adapter".to_owned()),
    }
}

fn text<'a>(config: &'a Map<String, Value>, name: &str) -> &'a str {
    config.get(name).and_then(Value::as_str).unwrap_or("")
}

/// The tenant has no environment of its own to fill these from.
fn is_variable(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}')
}

fn is_bot_token(token: &str) -> bool {
    let parts = token.split_once(':').filter(|(id, rest)| !id.is_empty() && rest.len() >= 30);
    parts.is_some_and(|(id, _)| id.chars().all(|c| c.is_ascii_digit()))
}
