//! Asking an agent: over HTTP where it has an address of its own, and in this process where the
//! provisioner only pretends that there is one.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use reqwest::Client;
use rustls::crypto::ring;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::super::answer::{Refusal, refused_with};
use super::super::ids;
use super::super::platform::Platform;
use super::envelope::Envelope;
use super::target::{Place, Target};

/// How long an agent may be silent.
const PATIENCE: Duration = Duration::from_secs(300);
const CONNECT: Duration = Duration::from_secs(10);

/// The way to agents, made when the first one is asked: reading the system's certificates takes time.
#[derive(Default)]
pub(crate) struct Agents(OnceCell<Client>);

impl Agents {
    pub(crate) async fn client(&self) -> Result<&Client, String> {
        self.0.get_or_try_init(async || tokio::task::spawn_blocking(build).await.map_err(|e| e.to_string())?).await
    }
}

fn build() -> Result<Client, String> {
    // whoever was first has installed the same one
    let _ = ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        // an agent that hung up may have worked: the queue decides what is sent again
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .read_timeout(PATIENCE)
        .build();
    client.map_err(|error| error.to_string())
}

/// What came back.
pub(super) enum Heard {
    Answer {
        status: StatusCode,
        body: Bytes,
    },
    /// It began to answer and didn't end.
    BrokenOff,
    /// It took the message and hung up, or was silent for too long. With what the platform would note.
    Nothing(String),
    /// Nobody took the message.
    Nobody(String),
}

pub(super) async fn ask(platform: &Platform, target: &Target, message: &Envelope) -> Heard {
    match &target.place {
        Place::Address(url) => over_http(platform, url, message).await,
        Place::Simulated => {
            tokio::time::sleep(platform.settings.pace).await;
            echo(message)
        }
    }
}

async fn over_http(platform: &Platform, url: &str, message: &Envelope) -> Heard {
    let noted = |reason: &str| format!("Post {url:?}: {reason}");
    let client = match platform.agents.client().await {
        Ok(client) => client,
        Err(reason) => return Heard::Nobody(noted(&reason)),
    };
    let body = message.json().to_string();
    let sent = client.post(url).header("content-type", "application/json").body(body).send().await;
    match sent {
        Ok(answer) => {
            let status = answer.status();
            answer.bytes().await.map_or(Heard::BrokenOff, |body| Heard::Answer { status, body })
        }
        Err(error) if error.is_connect() => Heard::Nobody(noted("connect: connection refused")),
        Err(error) if error.is_timeout() => Heard::Nothing(noted("context deadline exceeded")),
        Err(_) => Heard::Nothing(noted("EOF")),
    }
}

fn echo(message: &Envelope) -> Heard {
    let text = format!("echo: {}", message.text());
    let answer = json!({
        "jsonrpc": "2.0",
        "id": message.json().get("id"),
        "result": {
            "kind": "message",
            "role": "agent",
            "messageId": ids::fresh(),
            "parts": [{ "kind": "text", "text": text }],
        },
    });
    Heard::Answer { status: StatusCode::OK, body: answer.to_string().into() }
}

/// The agent's status with its own words, where it has said some.
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> Refusal {
    let told: Option<Value> = serde_json::from_slice(body).ok();
    let words = told.as_ref().and_then(|told| told.get("error")?.as_str()).filter(|words| !words.is_empty());
    refused_with(status, words.or(status.canonical_reason()).unwrap_or_default())
}

pub(super) fn broken_off() -> Refusal {
    refused_with(StatusCode::BAD_GATEWAY, "failed to read agent response").with("delivery_confirmed", true)
}
