//! Sending a message to an agent and waiting for what it says. chat_with_agent and run_schedule use it.
//!
//! The tenant passes on what the agent answers, with the agent's own status: what is the tenant's word
//! and what the agent's is told apart in `refusal`, what the agent said is read in `reply`.

mod refusal;
mod reply;

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, interval_at};

pub use reply::{Reply, ReplyStatus};

use super::ids::WorkspaceId;
use super::invocation::Invocation;
use crate::backend::Route;
use crate::failure::{Changed, Code, Failure};

pub const SEND: Route = Route::post("/workspaces/{workspace_id}/a2a");

/// When a caller hears for the first time that we still wait, and how often then.
const FIRST_BEAT: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_secs(5);

/// Sends it once and waits, with progress. A workspace that doesn't exist, has no agent or no budget is
/// a failure, and so is an error that the agent answers.
pub async fn send(call: &Invocation, workspace: &WorkspaceId, text: &str, within: Duration) -> Result<Reply, Failure> {
    // One id for both: a message that came twice is one entry in the tenant's queue.
    let message = json!({ "role": "user", "messageId": call.id, "parts": [{ "kind": "text", "text": text }] });
    let body = json!({
        "jsonrpc": "2.0", "id": call.id, "method": "message/send", "params": { "message": message },
    });
    let ask = call.tenant.ask(&SEND).part("workspace_id", workspace).body(&body);
    let heard = watched(call, within, ask.within(within).expecting(refusal::STATUSES).heard());
    let heard = heard.await.map_err(unanswered)?;
    if heard.status >= 300 {
        return Err(refusal::meaning(&heard));
    }
    Reply::read(&heard)
}

async fn watched<T>(call: &Invocation, within: Duration, sending: impl Future<Output = T>) -> T {
    let since = Instant::now();
    let mut beat = interval_at(since + FIRST_BEAT, BEAT);
    let total = u32::try_from(within.as_secs()).ok();
    tokio::pin!(sending);
    loop {
        tokio::select! {
            done = &mut sending => return done,
            _ = beat.tick() => {
                let seconds = u32::try_from(since.elapsed().as_secs()).unwrap_or(u32::MAX);
                call.progress.step(seconds, total, format!("waiting for the agent, {seconds} s"));
            }
        }
    }
}

/// The agent's work goes on when nobody waits for it any more.
fn unanswered(failure: Failure) -> Failure {
    match (failure.code(), failure.has_changed()) {
        (Code::OutcomeUnknown | Code::Cancelled, Changed::Unknown | Changed::Yes) => failure.next(
            "The agent may have the message and still be working on it. Look for its answer with list_activity \
             (type a2a_receive) before you send it again.",
        ),
        _ => failure,
    }
}
