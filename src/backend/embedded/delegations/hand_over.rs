//! POST /workspaces/{id}/delegate, and the life of a delegation: pending, dispatched, and then completed,
//! failed or queued. Whether the target exists or may be spoken to shows only then.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::a2a::{self, Outcome, Sender, UNREACHABLE, said};
use super::super::answer::{Answer, Refusal, Refuse, bad, ok, reply};
use super::super::guard::Access;
use super::super::ids;
use super::super::payload::{Payload, filled};
use super::super::platform::{App, Platform};
use super::super::workspaces::row;
use super::end::{self, End};
use super::rows::{self, Task};

/// Before the only second attempt, where nobody listened: a container may be starting.
const SECOND_ATTEMPT: Duration = Duration::from_secs(8);

#[derive(Deserialize)]
struct Wish {
    target_id: Option<String>,
    task: Option<String>,
    idempotency_key: Option<String>,
}

enum Tracked {
    New,
    /// What the first one with that key is told.
    Known(Value),
    /// Its source is no workspace, so nothing of it is kept.
    Unknown,
}

pub(crate) async fn delegate(access: Access, State(platform): App, payload: Payload) -> Answer {
    let invalid = || bad("invalid delegation request");
    let wish: Wish = payload.json().refuse(invalid())?;
    let (target, text) = filled(wish.target_id).zip(filled(wish.task)).refuse(invalid())?;
    let target = ids::canonical(&target).refuse(bad("target_id must be a valid UUID"))?;
    let source = access.uuid().unwrap_or(access.raw);
    if target == source {
        return Err(bad("self-delegation not permitted"));
    }
    let task = Task { id: ids::fresh(), source, target, text };
    let (begun, key) = (task.clone(), filled(wish.idempotency_key));
    let tracked = platform.write(move |rows, _| Ok(track(rows, &begun, key.as_deref())?)).await?;
    let mut told = json!({ "delegation_id": task.id, "status": "delegated", "target_id": task.target });
    match (tracked, told.as_object_mut()) {
        (Tracked::Known(known), _) => return ok(&known),
        (Tracked::Unknown, Some(told)) => {
            told.insert("warning".to_owned(), "delegation dispatched but status tracking unavailable".into());
        }
        _ => {}
    }
    tokio::spawn(async move {
        if let Err(refusal) = carry_out(&platform, task).await {
            tracing::warn!(reason = refusal.reason(), "the end of a delegation was not noted");
        }
    });
    Ok(reply(StatusCode::ACCEPTED, &told))
}

fn track(rows: &Connection, task: &Task, key: Option<&str>) -> rusqlite::Result<Tracked> {
    if !row::exists(rows, &task.source)? {
        return Ok(Tracked::Unknown);
    }
    if let Some(known) = key.map_or(Ok(None), |key| rows::known(rows, &task.source, key))? {
        return Ok(Tracked::Known(known));
    }
    rows::begin(rows, task, key)?;
    Ok(Tracked::New)
}

async fn carry_out(platform: &Arc<Platform>, task: Task) -> Result<(), Refusal> {
    let begun = task.clone();
    platform.write(move |rows, _| Ok(rows::dispatched(rows, &begun)?)).await?;
    let mut outcome = send(platform, &task).await;
    if matches!(outcome, Ok(Outcome::Unreachable)) {
        tokio::time::sleep(SECOND_ATTEMPT).await;
        outcome = send(platform, &task).await;
    }
    let end = match outcome {
        Ok(Outcome::Answered { body, .. }) => End::Completed(said(&body)),
        Ok(Outcome::Queued { .. }) => End::Queued,
        Ok(Outcome::Unreachable) => End::Failed(UNREACHABLE.to_owned()),
        Err(refusal) => End::Failed(refusal.reason().to_owned()),
    };
    platform.write(move |rows, _| Ok(end::note(rows, &task, &end)?)).await
}

async fn send(platform: &Arc<Platform>, task: &Task) -> Result<Outcome, Refusal> {
    let body = a2a::prompt(&task.text, Some(&task.id)).to_string();
    a2a::send(platform, &Sender::Workspace(task.source.clone()), &task.target, body.as_bytes()).await
}
