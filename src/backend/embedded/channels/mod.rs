//! Channels: where a workspace's agent is reached by people, on Slack, Discord, Lark and Telegram. One of a
//! type each. Nothing here leaves the machine: `send` keeps what would have gone out.

mod adapters;
mod config;
mod send;
mod webhooks;

use axum::extract::{Path, State};
use rusqlite::{Connection, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, created, done, ok};
use super::guard::Access;
use super::payload::{Payload, filled};
use super::platform::{App, Platform};
use super::workspaces::row;
use super::{clock, ids};
use config::Config;

pub(crate) use adapters::{check, discover, list as list_adapters};
pub(crate) use send::{send, test};
pub(crate) use webhooks::{github, receive};

#[derive(Deserialize)]
struct Wish {
    channel_type: Option<String>,
    config: Option<Config>,
    allowed_users: Option<Vec<String>>,
    enabled: Option<bool>,
}

pub(crate) struct NewChannel<'a> {
    pub(crate) kind: &'a str,
    pub(crate) config: Config,
    pub(crate) allowed_users: Option<Vec<String>>,
    pub(crate) enabled: bool,
}

pub(crate) async fn create(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid JSON"))?;
    let kind = filled(wish.channel_type).refuse(bad("channel_type is required"))?;
    if !adapters::is_known(&kind) {
        return Err(bad(&format!("unsupported channel_type: {kind}")));
    }
    let config = wish.config.unwrap_or_default();
    check(&kind, &config).refuse(bad("invalid channel config"))?;
    let enabled = wish.enabled.unwrap_or(true);
    let id = platform
        .write(move |rows, platform| {
            let workspace = access.uuid();
            let channel = NewChannel { kind: &kind, config, allowed_users: wish.allowed_users, enabled };
            let id = insert(rows, platform, workspace.as_deref(), channel)?;
            Ok(json!({ "id": id, "channel_type": kind, "enabled": enabled }))
        })
        .await?;
    created(&id)
}

/// The id of the new channel. Only one of a type is taken.
pub(crate) fn insert(
    rows: &Connection,
    platform: &Platform,
    workspace: Option<&str>,
    channel: NewChannel,
) -> Result<String, Refusal> {
    let id = ids::fresh();
    let stored = config::stored(&platform.vault, &id, channel.config)?;
    rows.prepare_cached(
        "INSERT INTO workspace_channels
           (id, workspace_id, channel_type, channel_config, enabled, allowed_users, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .execute((
        &id,
        workspace,
        channel.kind,
        stored,
        channel.enabled,
        channel.allowed_users.map(|users| json!(users).to_string()),
        clock::now(),
    ))
    .refuse(broken("failed to create channel"))?;
    Ok(id)
}

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    let listed = platform
        .read(|rows| {
            let mut oldest = rows.prepare_cached(
                "SELECT id, workspace_id, channel_type, channel_config, enabled, allowed_users, message_count,
                   last_message_at, created_at, updated_at
                 FROM workspace_channels WHERE workspace_id = ?1 ORDER BY created_at, rowid",
            )?;
            let listed = oldest.query_map([id], |row| listed(&platform, row))?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

/// When it was last used is left out until it was.
fn listed(platform: &Platform, channel: &Row) -> rusqlite::Result<Value> {
    let id: String = channel.get("id")?;
    let stored: String = channel.get("channel_config")?;
    let mut shown = Map::new();
    if let Some(moment) = channel.get::<_, Option<String>>("last_message_at")? {
        shown.insert("last_message_at".to_owned(), clock::shown(&moment).into());
    }
    for name in ["created_at", "updated_at"] {
        shown.insert(name.to_owned(), clock::shown(&channel.get::<_, String>(name)?).into());
    }
    for name in ["workspace_id", "channel_type"] {
        shown.insert(name.to_owned(), channel.get::<_, String>(name)?.into());
    }
    let config = config::shown(config::opened(&platform.vault, &id, &stored));
    shown.insert("config".to_owned(), config.into());
    shown.insert("id".to_owned(), id.into());
    shown.insert("enabled".to_owned(), channel.get::<_, bool>("enabled")?.into());
    shown.insert("allowed_users".to_owned(), row::json(channel.get("allowed_users")?).unwrap_or_default());
    shown.insert("message_count".to_owned(), channel.get::<_, i64>("message_count")?.into());
    Ok(shown.into())
}

/// A configuration replaces the one before as a whole, and nobody looks at it: a masked token that is
/// written back is the token from then on.
pub(crate) async fn patch(
    access: Access,
    State(platform): App,
    Path((_, raw)): Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid JSON"))?;
    let (workspace, id) = access.uuid().zip(ids::canonical(&raw)).refuse(broken("update failed"))?;
    platform
        .write(move |rows, platform| {
            let config = wish.config.map(|config| config::stored(&platform.vault, &id, config)).transpose()?;
            let users = wish.allowed_users.map(|users| json!(users).to_string());
            let updated = rows
                .prepare_cached(
                    "UPDATE workspace_channels SET channel_config = coalesce(?3, channel_config),
                       allowed_users = coalesce(?4, allowed_users), enabled = coalesce(?5, enabled), updated_at = ?6
                     WHERE workspace_id = ?1 AND id = ?2",
                )?
                .execute((workspace, id, config, users, wish.enabled, clock::now()))?;
            done(updated, "updated", "channel not found")
        })
        .await
}

pub(crate) async fn delete(access: Access, State(platform): App, Path((_, raw)): Path<(String, String)>) -> Answer {
    let ids = access.uuid().zip(ids::canonical(&raw)).refuse(broken("delete failed"))?;
    platform
        .write(move |rows, _| {
            let deleted = rows.execute("DELETE FROM workspace_channels WHERE workspace_id = ?1 AND id = ?2", ids)?;
            done(deleted, "deleted", "channel not found")
        })
        .await
}
