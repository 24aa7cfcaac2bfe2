//! Messages to agents. Whoever may speak to a workspace posts JSON-RPC here; it goes to the agent's
//! address, and what the agent says comes back as it is. A message that an agent swallows waits in a
//! queue until a heartbeat says that there is room. Delegations and schedules send through here too.

mod agent;
mod envelope;
mod note;
mod queue;
mod sender;
mod target;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, refused_with, with_type};
use super::payload::Payload;
use super::platform::{App, Platform};
pub(crate) use agent::Agents;
use agent::Heard;
use envelope::Envelope;
pub(crate) use envelope::said;
pub(crate) use queue::drain;
pub(crate) use sender::Sender;

/// What came of a message that was sent.
pub(crate) enum Outcome {
    Answered {
        status: StatusCode,
        body: Bytes,
    },
    Queued {
        id: String,
        depth: i64,
    },
    /// Nobody listens at the agent's address.
    Unreachable,
}

pub(crate) async fn proxy(
    State(platform): App,
    Path(raw): Path<String>,
    headers: HeaderMap,
    payload: Payload,
) -> Answer {
    let from = Sender::of(&platform, &raw, &headers).await?;
    // a task, because the agent's work goes on when the client goes away
    let sending = tokio::spawn(async move { send(&platform, &from, &raw, &payload.0).await });
    match sending.await.refuse(broken("internal error"))?? {
        Outcome::Answered { status, body } => Ok(with_type(status, plain_json(), body.into())),
        Outcome::Queued { id, depth } => {
            let told = json!({
                "queued": true,
                "queue_id": id,
                "queue_depth": depth,
                "message": "workspace agent busy — request queued, will dispatch when capacity available",
            });
            Ok(with_type(StatusCode::ACCEPTED, plain_json(), told.to_string().into()))
        }
        Outcome::Unreachable => Err(refused_with(StatusCode::BAD_GATEWAY, UNREACHABLE)),
    }
}

pub(crate) const UNREACHABLE: &str = "failed to reach workspace agent";

/// What comes from the agent is passed on without the platform's charset.
fn plain_json() -> HeaderValue {
    HeaderValue::from_static("application/json")
}

/// Asks the agent of a workspace and notes what came of it. A refusal is the platform's own, or has the
/// status that the agent answered with.
pub(crate) async fn send(platform: &Arc<Platform>, from: &Sender, raw: &str, body: &[u8]) -> Result<Outcome, Refusal> {
    let target = target::ready(platform, from, raw).await?;
    let message = Envelope::of(body).refuse(bad("invalid JSON"))?;
    let began = Instant::now();
    let heard = agent::ask(platform, &target, &message).await;
    let duration = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let from = from.clone();
    platform
        .write(move |rows, _| {
            note::exchange(rows, &from, &target, &message, &heard, duration)?;
            match heard {
                Heard::Answer { status, body } if status.as_u16() >= 300 => Ok(Err(agent::refusal(status, &body))),
                Heard::Answer { status, body } => Ok(Ok(Outcome::Answered { status, body })),
                Heard::BrokenOff => Ok(Err(agent::broken_off())),
                Heard::Nobody(_) => Ok(Ok(Outcome::Unreachable)),
                Heard::Nothing(_) => {
                    let (id, depth) = queue::add(rows, &target.id, &from, &message)?;
                    Ok(Ok(Outcome::Queued { id, depth }))
                }
            }
        })
        .await?
}

/// Sends a prompt as the platform itself. The error is what the platform would note of it.
pub(crate) async fn deliver(platform: &Arc<Platform>, workspace: &str, text: &str) -> Result<(), String> {
    let body = prompt(text, None).to_string();
    match send(platform, &Sender::Platform, workspace, body.as_bytes()).await {
        Ok(Outcome::Answered { .. } | Outcome::Queued { .. }) => Ok(()),
        Ok(Outcome::Unreachable) => Err(UNREACHABLE.to_owned()),
        Err(refusal) => Err(refusal.reason().to_owned()),
    }
}

/// A user's message of one text. A delegation's carries its id, twice.
pub(crate) fn prompt(text: &str, delegation: Option<&str>) -> Value {
    let mut message = json!({ "role": "user", "parts": [{ "kind": "text", "text": text }] });
    if let (Some(id), Some(message)) = (delegation, message.as_object_mut()) {
        message.insert("messageId".to_owned(), id.into());
        message.insert("metadata".to_owned(), json!({ "delegation_id": id }));
    }
    json!({ "method": "message/send", "params": { "message": message } })
}
