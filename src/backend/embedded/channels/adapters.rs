//! The four services that a channel may be of: what their configuration consists of, and what the
//! platform checks of it. Only Telegram's chats can be discovered; ours knows the bots that the tenant's
//! own channels have.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, JSON, Refusal, Refuse, bad, ok, with_type};
use super::super::guard::Admin;
use super::super::payload::{Payload, filled};
use super::super::platform::{App, Platform};
use super::config::{self, Config, text};

const ADAPTERS: &str = include_str!("adapters.json");
const KINDS: [&str; 4] = ["discord", "lark", "slack", "telegram"];
const LARKS: [&str; 2] = ["https://open.feishu.cn/", "https://open.larksuite.com/"];

pub(crate) async fn list() -> Answer {
    Ok(with_type(StatusCode::OK, JSON, ADAPTERS.into()))
}

pub(super) fn is_known(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Why the platform would not take such a channel.
pub(crate) fn check(kind: &str, config: &Config) -> Result<(), &'static str> {
    let webhook = text(config, "webhook_url");
    match kind {
        "telegram" if !is_bot_token(text(config, "bot_token")) => {
            Err("bot_token format invalid (expected like '123456789:ABCdefGHIjkl...')")
        }
        "telegram" if !config.contains_key("chat_id") => Err("chat_id is required"),
        "telegram" => Ok(()),
        "slack" if !text(config, "bot_token").is_empty() && !text(config, "channel_id").is_empty() => Ok(()),
        "slack" => begins(webhook, &["https://hooks.slack.com/"]),
        "discord" => begins(webhook, &["https://discord.com/api/webhooks/"]),
        "lark" => begins(webhook, &LARKS),
        _ => Err("unknown adapter"),
    }
}

fn begins(webhook: &str, prefixes: &[&str]) -> Result<(), &'static str> {
    match webhook {
        "" => Err("webhook_url is required"),
        _ if prefixes.iter().any(|prefix| webhook.starts_with(prefix)) => Ok(()),
        _ => Err("webhook_url is not one of this service"),
    }
}

fn is_bot_token(token: &str) -> bool {
    let parts = token.split_once(':').filter(|(id, rest)| !id.is_empty() && rest.len() >= 30);
    parts.is_some_and(|(id, _)| id.chars().all(|c| c.is_ascii_digit()))
}

#[derive(Deserialize, Default)]
struct Search {
    channel_type: Option<String>,
    bot_token: Option<String>,
    workspace_id: Option<String>,
}

pub(crate) async fn discover(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let search: Search = payload.json().unwrap_or_default();
    let token = filled(search.bot_token).refuse(bad("bot_token is required"))?;
    filled(search.workspace_id).refuse(bad("workspace_id is required"))?;
    match search.channel_type.as_deref() {
        Some("telegram") => {}
        Some(kind) if is_known(kind) => return Err(bad(&format!("discovery not supported for {kind}"))),
        _ => return Err(bad("unsupported channel_type")),
    }
    if !is_bot_token(&token) {
        return Err(bad("Invalid bot token. Check the token from @BotFather and try again."));
    }
    let chats = chats_of(&platform, &token).await?;
    let bot = token.split(':').next().unwrap_or_default();
    ok(&json!({
        "bot_username": format!("bot_{bot}"),
        "chats": chats,
        "can_read_all_group_messages": false,
        "privacy_warning": "The bot's privacy mode is on: in groups it sees commands and replies only.",
        "hint": "Add the bot to a group, or send it /start, and try again.",
    }))
}

async fn chats_of(platform: &Platform, token: &str) -> Result<Vec<Value>, Refusal> {
    let configs = platform
        .read(|rows| {
            let mut bots = rows
                .prepare_cached("SELECT id, channel_config FROM workspace_channels WHERE channel_type = 'telegram'")?;
            let bots = bots.query_map([], |row| {
                let (id, stored): (String, String) = row.try_into()?;
                Ok(config::opened(&platform.vault, &id, &stored))
            })?;
            Ok(bots.collect::<Result<Vec<Config>, _>>()?)
        })
        .await?;
    let own = configs.iter().filter(|config| text(config, "bot_token") == token);
    let chats = own.flat_map(chat_ids);
    Ok(chats
        .map(|chat| json!({ "chat_id": chat, "type": if chat.starts_with('-') { "group" } else { "private" } }))
        .collect())
}

/// One or more, with commas between.
pub(super) fn chat_ids(config: &Config) -> impl Iterator<Item = &str> {
    text(config, "chat_id").split(',').map(str::trim).filter(|chat| !chat.is_empty())
}
