//! GET /ws: the events of the whole organisation as they happen, for whoever asks; to a workspace that names itself,
//! those of the workspaces that it is related to. What a client sends is read and dropped.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use chrono::{SecondsFormat, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::answer::{Answer, Refuse, broken};
use super::super::events::Told;
use super::super::platform::App;
use super::super::registry::neighbours::are_related;
use super::super::{guard, ids};
use super::Watch;

struct Viewer {
    watch: Watch,
    /// The workspace that looks; none: the organisation.
    workspace: Option<String>,
}

pub(crate) async fn open(
    State(platform): App,
    headers: HeaderMap,
    until: Option<Extension<CancellationToken>>,
    upgrade: WebSocketUpgrade,
) -> Answer {
    let named = headers.get("x-workspace-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let workspace = match named {
        None => None,
        Some(raw) => {
            let id = ids::canonical(raw).refuse(broken("auth check failed"))?;
            guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
            Some(id)
        }
    };
    let viewer = Viewer { watch: Watch::new(platform, until), workspace };
    Ok(upgrade.on_upgrade(|socket| viewer.show(socket)))
}

impl Viewer {
    async fn show(mut self, mut socket: WebSocket) {
        loop {
            tokio::select! {
                // Answers to pings are sent by reading on.
                read = socket.recv() => if !matches!(read, Some(Ok(_))) { return },
                told = self.watch.next() => {
                    let Some(told) = told else { return };
                    if self.may_see(&told).await && socket.send(Message::Text(frame(&told).into())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn may_see(&self, told: &Told) -> bool {
        let Some(own) = &self.workspace else { return true };
        let related = self.watch.platform.read(|rows| Ok(are_related(rows, own, &told.workspace)?)).await;
        related.unwrap_or(false)
    }
}

fn frame(told: &Told) -> String {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true);
    json!({ "event": told.event, "workspace_id": told.workspace, "timestamp": now, "payload": told.payload })
        .to_string()
}
