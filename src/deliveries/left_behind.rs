//! After a crash, or where a key couldn't be taken back: what became of credentials that were on their way. What
//! reached nobody is revoked, on the road that every call goes, and what was found out stands in the journal. What
//! isn't certain is told and not touched. `runner` asks again and again.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Made, Standing, Step, What};
use crate::backend::{Route, Tenant};
use crate::dispatch::Dispatch;
use crate::failure::{Code, Failure};
use crate::journal::resolve::{Finding, LiveKey, resolve};
use crate::tools::ids::WorkspaceId;
use crate::tools::keys::{LIST_KEYS, LIST_TOKENS, OrgKey, fetch_org_keys, tokens};

/// Longer than a request takes that is sent already.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(5);
/// The tenant's clock may be this far from ours.
const SKEW: TimeDelta = TimeDelta::minutes(2);
const ROUTES: &[Route] = &[LIST_KEYS, LIST_TOKENS];

/// A credential as the tenant lists it now, that may have come of what was begun.
struct Live {
    id: String,
    prefix: String,
}

/// What one process has found out and needn't again.
#[derive(Default)]
pub struct Known {
    /// What only the journal tells of comes of former processes alone.
    older: bool,
    arrived: BTreeSet<(String, i64)>,
}

/// Looks after all that invocations left behind which are over. Fails where something is left to be tried again.
pub async fn settle(dispatch: &Dispatch, known: &mut Known) -> Result<(), Failure> {
    let server = dispatch.server();
    let mut left = server.deliveries.left_behind().await?;
    let mut settled = if known.older { Ok(()) } else { settle_older(dispatch, &left).await };
    known.older = settled.is_ok();
    left.retain(|one| !known.arrived.contains(&(one.invocation.clone(), one.row)));
    if left.is_empty() {
        return settled;
    }
    // While the tenant is away nothing is tried, and nothing written.
    fetch_org_keys(&looking(dispatch)).await?;
    let begun = left.iter().filter(|one| one.step == Step::Minting).map(|one| one.at).max();
    wait_for_what_is_under_way(begun).await;
    for one in left {
        match find_out(&one, dispatch).await {
            Ok(finding) => {
                let found = finding.as_str();
                tracing::warn!(invocation = one.invocation, found, "a credential was on its way when its call ended");
                server.journal.resolved(&one.invocation, &finding).await?;
                if matches!(finding, Finding::Done(_)) {
                    known.arrived.insert((one.invocation, one.row));
                }
            }
            Err(failure) => {
                tracing::info!(invocation = one.invocation, %failure, "a credential is still on its way");
                settled = Err(failure);
            }
        }
    }
    settled
}

/// What was sent when its call ended may still arrive: a list from before that says nothing.
async fn wait_for_what_is_under_way(begun: Option<DateTime<Utc>>) {
    let Some(begun) = begun else { return };
    tokio::time::sleep((begun + ON_ITS_WAY - Utc::now()).to_std().unwrap_or_default()).await;
}

async fn find_out(one: &Standing, dispatch: &Dispatch) -> Result<Finding, Failure> {
    let server = dispatch.server();
    let delivery = server.deliveries.of(one);
    match &one.step {
        Step::Delivered(made) => {
            if let What::OrgKey { instead: Some(old), .. } = &one.what {
                let keys = fetch_org_keys(&looking(dispatch)).await?;
                if keys.iter().any(|key| key.id.as_str() == old.id) {
                    tracing::warn!(key = old.id, "a key was replaced and still lives: rotate_org_key revokes it");
                } else {
                    delivery.old_is_gone().await?;
                }
            }
            Ok(Finding::Done(name(made)))
        }
        Step::Minted(made) if one.is_in_place(&server.keys) => {
            delivery.delivered().await?;
            Ok(Finding::Done(name(made)))
        }
        Step::Minted(made) => {
            let id = match &made.id {
                Some(id) => Some(id.clone()),
                None => {
                    listed(one, dispatch).await?.into_iter().find(|live| live.prefix == made.prefix).map(|it| it.id)
                }
            };
            match id {
                Some(id) => revoke(one, id, dispatch).await,
                None => gone(one, dispatch).await,
            }
        }
        Step::Minting => look_for(one, dispatch).await,
    }
}

/// Nobody told what it is known by, if it is there at all.
async fn look_for(one: &Standing, dispatch: &Dispatch) -> Result<Finding, Failure> {
    // First: of what is in this list and somebody else's, what is asked next knows.
    let mut live = listed(one, dispatch).await?;
    let alike = dispatch.server().deliveries.alike(&one.what).await?;
    if alike.iter().any(|other| !other.over) {
        return Err(Failure::new(Code::Conflict, "another one like it is being minted now"));
    }
    let known = dispatch.server().journal.made_since(one.at - SKEW).await?;
    let others: BTreeSet<&str> = alike.iter().filter_map(Standing::made).map(|made| made.prefix.as_str()).collect();
    live.retain(|it| !one.seen.contains(&it.prefix) && !others.contains(it.prefix.as_str()) && !known.contains(&it.id));
    let unclear = alike.iter().filter(|other| other.step == Step::Minting && other.minter == one.minter).count();
    if live.len() > unclear {
        // Some of them are somebody else's.
        dispatch.server().deliveries.of(one).is_gone().await?;
        return Ok(Finding::Ambiguous(live.into_iter().map(|it| it.id).collect()));
    }
    match live.pop() {
        Some(it) => revoke(one, it.id, dispatch).await,
        None => gone(one, dispatch).await,
    }
}

/// What the tenant lists that might be it: of an org key name, minter and that nobody used it, of a token the time.
async fn listed(one: &Standing, dispatch: &Dispatch) -> Result<Vec<Live>, Failure> {
    let tenant = looking(dispatch);
    match &one.what {
        What::OrgKey { name, .. } => {
            let is_it = |key: &OrgKey| {
                let by = key.minted_by();
                let ours = by.is_none_or(|by| by == one.minter) && (by.is_some() || one.minter.starts_with("other:"));
                ours && key.name.as_deref() == Some(name) && key.last_used_at.is_none()
            };
            let keys = fetch_org_keys(&tenant).await?.into_iter().filter(is_it);
            Ok(keys.map(|key| Live { id: key.id.to_string(), prefix: key.prefix }).collect())
        }
        What::WorkspaceToken { workspace } => {
            let workspace: WorkspaceId = serde_json::from_value(json!(workspace))
                .map_err(|_| Failure::new(Code::Internal, "a token is on its way for no workspace"))?;
            let tokens = match tokens::fetch_of(&workspace, &tenant).await {
                Err(failure) if failure.code() == Code::NotFound => Vec::new(),
                tokens => tokens?,
            };
            let is_it = |token: &tokens::Token| {
                let new = token.last_used_at.is_none() && (token.created_at - one.at).abs() <= SKEW;
                new || one.step != Step::Minting
            };
            let tokens = tokens.into_iter().filter(is_it);
            Ok(tokens.map(|token| Live { id: token.id.to_string(), prefix: token.prefix }).collect())
        }
    }
}

async fn revoke(one: &Standing, id: String, dispatch: &Dispatch) -> Result<Finding, Failure> {
    if dispatch.server().policy.now().read_only {
        // Not even tried: each try would stand in the journal.
        return Err(Failure::new(Code::ForbiddenByPolicy, "this server is read-only and revokes nothing"));
    }
    let (tool, arguments) = match &one.what {
        What::OrgKey { .. } => ("revoke_key", json!({ "key": id })),
        What::WorkspaceToken { workspace } => {
            ("revoke_workspace_token", json!({ "workspace_id": workspace, "token_id": id }))
        }
    };
    match dispatch.by_itself(tool, arguments).await {
        // Somebody was quicker.
        Err(failure) if failure.code() != Code::NotFound => return Err(failure),
        _ => {}
    }
    dispatch.server().deliveries.of(one).is_gone().await?;
    Ok(Finding::Revoked(id))
}

async fn gone(one: &Standing, dispatch: &Dispatch) -> Result<Finding, Failure> {
    dispatch.server().deliveries.of(one).is_gone().await?;
    Ok(Finding::NotDone)
}

fn looking(dispatch: &Dispatch) -> Tenant {
    dispatch.client().invocation(Uuid::now_v7(), ROUTES, CancellationToken::new())
}

fn name(made: &Made) -> String {
    made.id.clone().unwrap_or_else(|| made.prefix.clone())
}

/// Mints of which only the journal tells, because they were never begun or are older than the table: told alone.
async fn settle_older(dispatch: &Dispatch, left: &[Standing]) -> Result<(), Failure> {
    let journal = &dispatch.server().journal;
    let mut mints = journal.unresolved_mints().await?;
    mints.retain(|mint| !left.iter().any(|one| one.invocation == mint.invocation));
    let Some(first) = mints.first().map(|mint| mint.at) else { return Ok(()) };
    wait_for_what_is_under_way(mints.iter().map(|mint| mint.at).max()).await;
    let known = journal.made_since(first).await?;
    let keys: Vec<LiveKey> = fetch_org_keys(&looking(dispatch)).await?.into_iter().map(live).collect();
    for (mint, finding) in mints.iter().zip(resolve(&mints, &keys, &known)) {
        let found = finding.as_str();
        tracing::warn!(invocation = mint.invocation, found, "a key was being minted when all stopped");
        journal.resolved(&mint.invocation, &finding).await?;
    }
    Ok(())
}

fn live(key: OrgKey) -> LiveKey {
    let OrgKey { id, prefix, name, created_by, created_at, .. } = key;
    LiveKey { id: id.to_string(), prefix, name, created_by, created_at }
}
