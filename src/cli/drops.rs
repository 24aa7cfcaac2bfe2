//! What becomes of one-time pages: a credential that nobody revealed in time is revoked, by this server itself
//! and on the same road as everything; and `call` stays as long as a page of its own waits for a person.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::output;
use crate::dispatch::Dispatch;
use crate::drops::{Link, Standing, Unheld};
use crate::failure::{Changed, Code, Failure};
use crate::transport::stop;

/// Another process may make a page, or die with one, at any time.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// While this process serves; what others left behind, too.
pub(super) async fn look_after(dispatch: Arc<Dispatch>) {
    let mut told = false;
    loop {
        sleep(look(&dispatch, &mut told).await).await;
    }
}

/// Revokes what is due, and says how long nothing will be.
async fn look(dispatch: &Dispatch, told: &mut bool) -> Duration {
    let server = dispatch.server();
    let Some(next) = server.drops.next_end(&server.tenant) else { return LONGEST_SLEEP };
    let left = (next - Utc::now()).to_std().unwrap_or_default();
    if !left.is_zero() {
        return left.min(LONGEST_SLEEP);
    }
    if is_read_only(dispatch) {
        if !*told {
            tracing::warn!(
                "the time of a one-time page is over; this server is read-only and leaves it to one that writes"
            );
        }
        *told = true;
        return LONGEST_SLEEP;
    }
    *told = false;
    match revoke_unheld(dispatch).await {
        Ok(_) => Duration::ZERO,
        Err(failure) => {
            tracing::warn!(%failure, "one-time pages can't be looked after now");
            LONGEST_SLEEP
        }
    }
}

/// Whoever only reads takes nothing that another process could revoke.
fn is_read_only(dispatch: &Dispatch) -> bool {
    dispatch.server().policy.now().read_only
}

/// Revokes what was on pages that nobody opened in time, and says which pages. What can't be revoked now is tried
/// again later.
async fn revoke_unheld(dispatch: &Dispatch) -> Result<Vec<String>, Failure> {
    let server = dispatch.server();
    let mut pages = Vec::new();
    for unheld in server.drops.unheld(&server.tenant, Utc::now()).await? {
        match revoke(dispatch, &unheld).await {
            Ok(()) => {
                tracing::warn!(prefix = unheld.prefix, "nobody opened its one-time page in time: revoked");
                server.drops.revoked(&unheld.id).await?;
            }
            Err(failure) => {
                tracing::error!(prefix = unheld.prefix, %failure, "nobody opened its page, and it isn't revoked yet");
            }
        }
        pages.push(unheld.id);
    }
    Ok(pages)
}

async fn revoke(dispatch: &Dispatch, unheld: &Unheld) -> Result<(), Failure> {
    let revoked = match &unheld.workspace {
        None => dispatch.by_itself("revoke_key", json!({ "key": unheld.prefix })).await.map(|_| ()),
        Some(workspace) => revoke_token(dispatch, workspace, &unheld.prefix).await,
    };
    match revoked {
        // Somebody was faster, or its workspace is gone.
        Err(failure) if failure.code() == Code::NotFound => Ok(()),
        other => other,
    }
}

async fn revoke_token(dispatch: &Dispatch, workspace: &str, prefix: &str) -> Result<(), Failure> {
    let all = json!({ "workspace_id": workspace, "limit": 200 });
    let listed = dispatch.by_itself("list_workspace_tokens", all).await?;
    let tokens = listed.get("items").and_then(Value::as_array).into_iter().flatten();
    let of_it = tokens.filter(|token| token.get("prefix").and_then(Value::as_str) == Some(prefix));
    for token in of_it {
        let id = token.get("id").cloned().unwrap_or_default();
        dispatch.by_itself("revoke_workspace_token", json!({ "workspace_id": workspace, "token_id": id })).await?;
    }
    Ok(())
}

/// `call` would take its pages with it: it stays until a person has revealed what is on them, or revokes it.
pub(super) async fn stay(dispatch: &Dispatch) -> Result<(), Failure> {
    let drops = &dispatch.server().drops;
    let ours = drops.waiting_here()?;
    for page in &ours {
        output::notice(
            "The page is open as long as this command runs; Ctrl-C closes it, and what waits there is revoked.",
        );
        tokio::select! {
            settled = drops.settled(&page.id) => settled.map(|_| ())?,
            _ = stop::asked() => drops.close(&page.id, Utc::now()).await?,
        }
    }
    if is_read_only(dispatch) {
        return Ok(());
    }
    let unheld = revoke_unheld(dispatch).await?;
    match ours.iter().any(|page| unheld.contains(&page.id)) {
        false => Ok(()),
        true => Err(Failure::new(Code::PreconditionFailed, "nobody took the credential from its page")
            .changed(Changed::No)
            .next("What waited there was revoked; call again.")),
    }
}

/// Whether a person has handed over what a call waits for.
pub(super) async fn handed_over(dispatch: &Dispatch, page: &str) -> Result<bool, Failure> {
    output::notice("The call goes on as soon as the value was handed over on the page; Ctrl-C ends it.");
    tokio::select! {
        settled = dispatch.server().drops.settled(Link::id_in(page)) => Ok(settled? == Standing::Filled),
        _ = stop::asked() => Ok(false),
    }
}
