//! Sending through a channel. The platform answers `sent` whatever the service did with it, and looks for
//! the channel by its id alone: any workspace's path leads to any channel. Our services are a table.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, ok, refused_with};
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::{App, Platform};
use super::super::{clock, events, ids};
use super::config::{self, text};

const TEST: &str = "Test message from Molecule AI: this channel works.";

#[derive(Deserialize, Default)]
struct Message {
    text: Option<String>,
}

pub(crate) async fn send(
    _: Access,
    State(platform): App,
    Path((_, raw)): Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let message: Message = payload.json().unwrap_or_default();
    let text = filled(message.text).refuse(bad("text is required"))?;
    platform
        .write(move |rows, platform| {
            let channel = Channel::find(rows, platform, &raw)?.refuse(broken("send failed"))?;
            if channel.budget.is_some_and(|budget| channel.messages >= budget) {
                return Err(refused_with(StatusCode::TOO_MANY_REQUESTS, "channel budget exceeded"));
            }
            channel.keep(rows, &text)?;
            ok(&json!({ "status": "sent" }))
        })
        .await
}

/// Counts as a message, but is held to no budget.
pub(crate) async fn test(_: Access, State(platform): App, Path((_, raw)): Path<(String, String)>) -> Answer {
    platform
        .write(move |rows, platform| {
            let channel = Channel::find(rows, platform, &raw)?.refuse(broken("test message failed"))?;
            channel.keep(rows, TEST)?;
            ok(&json!({ "status": "ok", "message": "test message sent" }))
        })
        .await
}

struct Channel {
    id: String,
    workspace: String,
    kind: String,
    chat: String,
    messages: i64,
    budget: Option<i64>,
}

impl Channel {
    /// None without a chat to send to as well, which no service's own configuration has but Telegram's.
    fn find(rows: &Connection, platform: &Platform, raw: &str) -> Result<Option<Self>, Refusal> {
        let Some(id) = ids::canonical(raw) else { return Ok(None) };
        let mut one = rows.prepare_cached(
            "SELECT channel_config, message_count, channel_budget, workspace_id, channel_type FROM workspace_channels WHERE id = ?1",
        )?;
        let found = one.query_row([&id], |row| {
            let config = config::opened(&platform.vault, &id, &row.get::<_, String>(0)?);
            Ok(Self {
                id: id.clone(),
                workspace: row.get(3)?,
                kind: row.get(4)?,
                chat: text(&config, "chat_id").to_owned(),
                messages: row.get(1)?,
                budget: row.get(2)?,
            })
        });
        Ok(found.optional()?.filter(|channel| !channel.chat.is_empty()))
    }

    fn keep(&self, rows: &Connection, text: &str) -> rusqlite::Result<()> {
        let now = clock::now();
        rows.prepare_cached(
            "INSERT INTO channel_messages (id, channel_id, chat_id, text, sent_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((ids::fresh(), &self.id, &self.chat, text, &now))?;
        rows.prepare_cached(
            "UPDATE workspace_channels SET message_count = message_count + 1, last_message_at = ?2, updated_at = ?2
             WHERE id = ?1",
        )?
        .execute((&self.id, &now))?;
        let told = json!({ "channel_id": self.id, "channel_type": self.kind, "direction": "outbound" });
        events::tell(rows, "CHANNEL_MESSAGE", &self.workspace, &told)
    }
}
