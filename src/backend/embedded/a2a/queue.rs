//! Messages that an agent swallowed. A heartbeat with room to spare sends the oldest one again, five
//! times at most; what the agent then says reaches only the activity log, and its delegation.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension};

use super::super::answer::Refusal;
use super::super::delegations;
use super::super::ids;
use super::super::platform::Platform;
use super::agent::Heard;
use super::envelope::{Envelope, said};
use super::{Sender, agent, note, target};

const MOST_ATTEMPTS: i64 = 5;

/// The entry's id and how many wait for that workspace; a message that waits already has its entry.
pub(super) fn add(
    rows: &Connection,
    workspace: &str,
    from: &Sender,
    message: &Envelope,
) -> rusqlite::Result<(String, i64)> {
    let waiting: Option<String> = rows
        .prepare_cached(
            "SELECT id FROM a2a_queue
             WHERE workspace_id = ?1 AND message_id = ?2 AND status IN ('queued', 'dispatched')",
        )?
        .query_row((workspace, message.message_id()), |row| row.get(0))
        .optional()?;
    let id = match waiting {
        Some(id) => id,
        None => insert(rows, workspace, from, message)?,
    };
    let depth = rows
        .prepare_cached("SELECT count(*) FROM a2a_queue WHERE workspace_id = ?1 AND status = 'queued'")?
        .query_row([workspace], |row| row.get(0))?;
    Ok((id, depth))
}

fn insert(rows: &Connection, workspace: &str, from: &Sender, message: &Envelope) -> rusqlite::Result<String> {
    let id = ids::fresh();
    rows.prepare_cached(
        "INSERT INTO a2a_queue (id, workspace_id, method, body, message_id, source_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        &id,
        workspace,
        message.method(),
        message.json().to_string(),
        message.message_id(),
        from.workspace(),
    ))?;
    Ok(id)
}

struct Waiting {
    id: String,
    from: Sender,
    message: Envelope,
}

/// Sends the oldest message that waits for this workspace, in the background.
pub(crate) fn drain(platform: &Arc<Platform>, workspace: String) {
    let platform = Arc::clone(platform);
    tokio::spawn(async move {
        if let Err(refusal) = send_oldest(&platform, workspace).await {
            tracing::debug!(reason = refusal.reason(), "a queued message was not sent");
        }
    });
}

async fn send_oldest(platform: &Arc<Platform>, workspace: String) -> Result<(), Refusal> {
    if !platform.read(|rows| Ok(any_waits(rows, &workspace)?)).await? {
        return Ok(());
    }
    let id = workspace.clone();
    let taken = platform.write(move |rows, _| Ok(take(rows, &id)?)).await?;
    let Some(waiting) = taken else { return Ok(()) };
    let ready = target::ready(platform, &waiting.from, &workspace).await;
    let began = Instant::now();
    let (target, heard) = match ready {
        Ok(target) => {
            let heard = agent::ask(platform, &target, &waiting.message).await;
            (target, heard)
        }
        Err(refusal) => {
            platform.write(move |rows, _| Ok(put_back(rows, &waiting.id)?)).await?;
            return Err(refusal);
        }
    };
    let duration = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    platform
        .write(move |rows, _| {
            note::exchange(rows, &waiting.from, &target, &waiting.message, &heard, duration)?;
            match heard {
                Heard::Answer { status, body } if status.as_u16() < 300 => done(rows, &waiting, &target.id, &body),
                _ => put_back(rows, &waiting.id),
            }?;
            Ok(())
        })
        .await
}

fn any_waits(rows: &Connection, workspace: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM a2a_queue WHERE workspace_id = ?1 AND status = 'queued')")?
        .query_row([workspace], |row| row.get(0))
}

fn take(rows: &Connection, workspace: &str) -> rusqlite::Result<Option<Waiting>> {
    let oldest = rows
        .prepare_cached(
            "UPDATE a2a_queue SET status = 'dispatched', attempts = attempts + 1 WHERE id =
               (SELECT id FROM a2a_queue WHERE workspace_id = ?1 AND status = 'queued'
                ORDER BY enqueued_at, rowid LIMIT 1)
             RETURNING id, source_id, body",
        )?
        .query_row([workspace], |row| {
            let from = row.get::<_, Option<String>>(1)?.map_or(Sender::Platform, Sender::Workspace);
            Ok((row.get(0)?, from, row.get::<_, String>(2)?))
        })
        .optional()?;
    Ok(oldest.and_then(|(id, from, body)| Some(Waiting { id, from, message: Envelope::parse(&body)? })))
}

fn put_back(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE a2a_queue SET status = CASE WHEN attempts >= ?2 THEN 'failed' ELSE 'queued' END WHERE id = ?1",
    )?
    .execute((id, MOST_ATTEMPTS))
    .map(drop)
}

fn done(rows: &Connection, waiting: &Waiting, target: &str, answer: &[u8]) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE a2a_queue SET status = 'completed' WHERE id = ?1")?.execute([&waiting.id])?;
    match (waiting.from.workspace(), waiting.message.delegation()) {
        (Some(source), Some(delegation)) => delegations::drained(rows, source, target, delegation, &said(answer)),
        _ => Ok(()),
    }
}
