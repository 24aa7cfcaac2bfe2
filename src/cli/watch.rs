//! What is found out about the tenant at the start: whether it lets everybody in, and which of its
//! keys is ours.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Ending;
use crate::backend::Route;
use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::journal::resolve::{LiveKey, resolve};
use crate::tools::governance::OPEN;
use crate::tools::keys::{LIST_KEYS, OrgKey, fetch_org_keys};

/// Longer than a request takes that is sent already.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(5);

/// For a local session: nobody waits for it, and what is wrong is said loudly.
pub(super) fn in_background(dispatch: &Arc<Dispatch>) {
    let dispatch = Arc::clone(dispatch);
    tokio::spawn(async move {
        match dispatch.client().lets_everybody_in().await {
            Ok(false) => {}
            Ok(true) => tracing::error!("{OPEN}"),
            Err(failure) => tracing::warn!(%failure, "whether this tenant lets everybody in isn't known"),
        }
        look_up_own_key(&dispatch).await;
    });
}

/// Before others than this machine may come: a tenant that can't be asked counts as open.
pub(super) async fn closed_or_refuse(dispatch: &Arc<Dispatch>) -> Result<(), Ending> {
    match dispatch.client().lets_everybody_in().await {
        Ok(false) => {
            look_up_own_key(dispatch).await;
            Ok(())
        }
        Ok(true) => Err(Ending::Failed(OPEN.to_owned())),
        Err(failure) => Err(Ending::Failed(format!(
            "whether this tenant lets everybody in can't be found out, so nothing but loopback is listened on ({failure})"
        ))),
    }
}

/// Only the journal's entries from now on carry the id; the prefix was known all along. The same list
/// says what became of keys that were being minted when a process died.
async fn look_up_own_key(dispatch: &Arc<Dispatch>) {
    match list_keys(dispatch).await {
        Ok(keys) => {
            let own = keys.iter().find(|key| dispatch.server().is_own_key(&key.prefix));
            if let Some(own) = own {
                // Looked up once a process; a second answer would be the same.
                let _ = dispatch.server().key_id.set(own.id.to_string());
            }
            let dispatch = Arc::clone(dispatch);
            tokio::spawn(async move {
                if let Err(failure) = resolve_mints(&dispatch, keys).await {
                    tracing::warn!(%failure, "what became of keys that were being minted isn't known yet");
                }
            });
        }
        Err(failure) => tracing::warn!(%failure, "our own key couldn't be looked up"),
    }
}

async fn list_keys(dispatch: &Dispatch) -> Result<Vec<OrgKey>, Failure> {
    const ROUTES: &[Route] = &[LIST_KEYS];
    let tenant = dispatch.client().invocation(Uuid::now_v7(), ROUTES, CancellationToken::new());
    fetch_org_keys(&tenant).await
}

async fn resolve_mints(dispatch: &Dispatch, keys: Vec<OrgKey>) -> Result<(), Failure> {
    let journal = &dispatch.server().journal;
    let (mints, known) = journal.unresolved_mints().await?;
    let Some(last) = mints.iter().map(|mint| mint.at).max() else { return Ok(()) };
    // What was on its way when the process died may still arrive: a list from before that says nothing.
    let early = (last + ON_ITS_WAY - Utc::now()).to_std().unwrap_or_default();
    let keys = if early.is_zero() {
        keys
    } else {
        tokio::time::sleep(early).await;
        list_keys(dispatch).await?
    };
    let keys: Vec<LiveKey> = keys.into_iter().map(live).collect();
    for (mint, finding) in mints.iter().zip(resolve(&mints, &keys, &known)) {
        tracing::warn!(
            invocation = mint.invocation,
            found = finding.as_str(),
            "a key was being minted when all stopped"
        );
        journal.resolved(mint, &finding).await?;
    }
    Ok(())
}

fn live(key: OrgKey) -> LiveKey {
    let OrgKey { id, prefix, name, created_by, created_at, .. } = key;
    LiveKey { id: id.to_string(), prefix, name, created_by, created_at }
}
