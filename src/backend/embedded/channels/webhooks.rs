//! What the services tell the platform. No credential is asked: a channel without a secret of its own
//! hears anybody. Discord's requests are refused, because nobody here has Discord's key to sign them, and
//! so are GitHub's, for want of a secret.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::super::answer::{Answer, JSON, Refusal, Refuse, bad, missing, ok, refused_with, unauthorized, with_type};
use super::super::payload::Payload;
use super::super::platform::{App, Platform};
use super::super::workspaces::row;
use super::super::{a2a, events, keys};
use super::adapters::{chat_ids, is_known};
use super::config::{self, Config, text};

enum Heard {
    Nothing,
    Challenge(String),
    Message(Message),
}

struct Message {
    chat: String,
    user: String,
    text: String,
}

struct Listener {
    channel: String,
    kind: String,
    workspace: String,
    config: Config,
    allowed_users: Vec<String>,
}

pub(crate) async fn github() -> Answer {
    Err(refused_with(StatusCode::SERVICE_UNAVAILABLE, "github webhook secret is not configured"))
}

pub(crate) async fn receive(
    State(platform): App,
    Path(kind): Path<String>,
    headers: HeaderMap,
    payload: Payload,
) -> Answer {
    is_known(&kind).then_some(()).refuse(missing("unknown channel type"))?;
    match heard(&kind, &headers, &payload)? {
        Heard::Nothing => ok(&json!({ "status": "ignored" })),
        // two documents in one body, as the platform writes them
        Heard::Challenge(challenge) => {
            let body = format!("{}{}", json!({ "challenge": challenge }), json!({ "status": "ignored" }));
            Ok(with_type(StatusCode::OK, JSON, body.into()))
        }
        Heard::Message(message) => {
            let secret = headers.get("x-telegram-bot-api-secret-token").and_then(|value| value.to_str().ok());
            let listeners = listeners(&platform, &kind, &message.chat, secret.unwrap_or("")).await?;
            hand_over(&platform, listeners, message)
        }
    }
}

fn heard(kind: &str, headers: &HeaderMap, payload: &Payload) -> Result<Heard, Refusal> {
    let form = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match kind {
        "discord" => Err(unauthorized("invalid signature")),
        "slack" if is_form => Ok(slash_command(payload)),
        _ => {
            let told: Value = payload.json().refuse(bad("webhook parse failed"))?;
            Ok(match kind {
                "slack" => slack(&told),
                "telegram" => telegram(&told),
                _ => Heard::Nothing,
            })
        }
    }
}

fn slash_command(payload: &Payload) -> Heard {
    let form = payload.form();
    let field = |name| form.get(name).unwrap_or_default().to_owned();
    Heard::message(field("channel_id"), field("user_id"), field("text"))
}

fn slack(told: &Value) -> Heard {
    let field = |at: &str| told.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    match (field("/type").as_str(), field("/event/type").as_str()) {
        ("url_verification", _) => Heard::Challenge(field("/challenge")),
        // its own words come back to a bot
        ("event_callback", "message") if field("/event/bot_id").is_empty() => {
            Heard::message(field("/event/channel"), field("/event/user"), field("/event/text"))
        }
        _ => Heard::Nothing,
    }
}

fn telegram(told: &Value) -> Heard {
    let field = |at: &str| match told.pointer(at) {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    Heard::message(field("/message/chat/id"), field("/message/from/id"), field("/message/text"))
}

impl Heard {
    fn message(chat: String, user: String, text: String) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Message(Message { chat, user, text }) }
    }
}

/// Enabled channels of that chat whose secret, if they have one, was given.
async fn listeners(platform: &Platform, kind: &str, chat: &str, secret: &str) -> Result<Vec<Listener>, Refusal> {
    let mut all = platform
        .read(|rows| {
            let mut enabled = rows.prepare_cached(
                "SELECT id, workspace_id, channel_config, allowed_users FROM workspace_channels
                 WHERE channel_type = ?1 AND enabled ORDER BY created_at, rowid",
            )?;
            let enabled = enabled.query_map([kind], |channel| {
                let users = row::json(channel.get("allowed_users")?).unwrap_or_default();
                let (id, stored): (String, String) = (channel.get("id")?, channel.get("channel_config")?);
                Ok(Listener {
                    kind: kind.to_owned(),
                    workspace: channel.get("workspace_id")?,
                    config: config::opened(&platform.vault, &id, &stored),
                    channel: id,
                    allowed_users: serde_json::from_value(users).unwrap_or_default(),
                })
            })?;
            Ok(enabled.collect::<Result<Vec<Listener>, _>>()?)
        })
        .await?;
    all.retain(|listener| listener.hears(chat, secret));
    Ok(all)
}

impl Listener {
    fn hears(&self, chat: &str, secret: &str) -> bool {
        let own = text(&self.config, "webhook_secret");
        chat_ids(&self.config).any(|listed| listed == chat) && (own.is_empty() || keys::same(own, secret))
    }

    fn slug(&self) -> String {
        text(&self.config, "username").to_lowercase().replace(' ', "-")
    }
}

/// `[dev-lead] hello` is for the channel whose agent has that name. Who isn't allowed is dropped only
/// after the answer.
fn hand_over(platform: &Arc<Platform>, listeners: Vec<Listener>, message: Message) -> Answer {
    let addressed = message.text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let slug = addressed.map(|(slug, _)| slug.to_lowercase());
    if listeners.is_empty() {
        return ok(&json!({ "status": "no_channel" }));
    }
    let slugs: Vec<String> = listeners.iter().map(|listener| format!("[{}]", listener.slug())).collect();
    let listener = listeners.into_iter().find(|listener| slug.as_ref().is_none_or(|slug| listener.slug() == *slug));
    let Some(listener) = listener else {
        return ok(&json!({ "status": "unknown_agent", "requested_slug": slug, "available_slugs": slugs }));
    };
    if listener.allowed_users.is_empty() || listener.allowed_users.contains(&message.user) {
        let text = addressed.map_or(message.text.as_str(), |(_, rest)| rest.trim()).to_owned();
        tokio::spawn(deliver(Arc::clone(platform), listener, message.user, text));
    }
    ok(&json!({ "status": "accepted" }))
}

async fn deliver(platform: Arc<Platform>, listener: Listener, user: String, text: String) {
    let Listener { channel, kind, workspace, .. } = listener;
    let told = json!({ "channel_id": channel, "channel_type": kind, "direction": "inbound", "username": user });
    let to = workspace.clone();
    if platform.write(move |rows, _| Ok(events::tell(rows, "CHANNEL_MESSAGE", &to, &told)?)).await.is_err() {
        tracing::debug!("a message from a channel wasn't told");
    }
    if let Err(error) = a2a::deliver(&platform, &workspace, &text).await {
        tracing::debug!(error, "a message from a channel wasn't delivered");
    }
}
