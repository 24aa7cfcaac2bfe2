//! What the platform notes of a message: a row of activity on the target, the tokens it took, when its
//! sender last spoke, and, where somebody at the canvas waits, the answer for whoever watches.

use chrono::Utc;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::activity::Entry;
use super::super::{clock, events};
use super::Sender;
use super::agent::Heard;
use super::envelope::Envelope;
use super::target::Target;

pub(super) fn exchange(
    rows: &Connection,
    from: &Sender,
    to: &Target,
    message: &Envelope,
    heard: &Heard,
    duration: i64,
) -> rusqlite::Result<()> {
    if let Some(caller) = from.workspace() {
        rows.prepare_cached("UPDATE workspaces SET last_outbound_at = ?2 WHERE id = ?1")?
            .execute((caller, clock::now()))?;
    }
    let row = Entry {
        workspace: &to.id,
        kind: "a2a_receive",
        source: from.workspace(),
        target: Some(&to.id),
        method: Some(message.method()),
        request: Some(message.json()),
        ..Entry::default()
    };
    match heard {
        Heard::Answer { status, body } => {
            let body: Option<Value> = serde_json::from_slice(body).ok();
            let worked = status.as_u16() < 300;
            Entry {
                summary: Some(&format!("{} → {}", message.method(), to.name)),
                response: body.as_ref(),
                tool_trace: body.as_ref().and_then(|body| body.pointer("/result/metadata/tool_trace")),
                duration_ms: Some(duration),
                status: if worked { "ok" } else { "error" },
                ..row
            }
            .log(rows)?;
            count_tokens(rows, &to.id, body.as_ref())?;
            if matches!(from, Sender::Canvas) && status.as_u16() < 400 {
                let told = json!({ "response_body": body, "method": message.method(), "duration_ms": duration });
                events::show(rows, "A2A_RESPONSE", &to.id, &told)?;
            }
            Ok(())
        }
        Heard::Nothing(reason) | Heard::Nobody(reason) => failed(rows, row, &to.name, reason),
        Heard::BrokenOff => failed(rows, row, &to.name, "unexpected EOF"),
    }
}

/// What was never answered counts as no time.
fn failed(rows: &Connection, row: Entry, name: &str, reason: &str) -> rusqlite::Result<()> {
    let summary = format!("A2A request to {name} failed: {reason}");
    Entry { summary: Some(&summary), duration_ms: Some(0), status: "error", error: Some(reason), ..row }.log(rows)
}

fn count_tokens(rows: &Connection, workspace: &str, answer: Option<&Value>) -> rusqlite::Result<()> {
    let usage = answer.and_then(|answer| answer.pointer("/result/usage").or_else(|| answer.get("usage")));
    let count = |name: &str| usage.and_then(|usage| usage.get(name)?.as_i64()).unwrap_or(0).max(0);
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    if input + output == 0 {
        return Ok(());
    }
    rows.prepare_cached(
        "INSERT INTO token_usage (workspace_id, day, input_tokens, output_tokens, calls) VALUES (?1, ?2, ?3, ?4, 1)
         ON CONFLICT (workspace_id, day) DO UPDATE SET input_tokens = input_tokens + ?3,
           output_tokens = output_tokens + ?4, calls = calls + 1",
    )?
    .execute((workspace, Utc::now().date_naive().to_string(), input, output))
    .map(drop)
}
