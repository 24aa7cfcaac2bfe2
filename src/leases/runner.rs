//! Revokes what is due, for as long as a process serves. The tenant is asked for its keys first: while it
//! is away nothing is claimed and nothing written, and what somebody else revoked is noticed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Lease;
use crate::backend::Route;
use crate::dispatch::Dispatch;
use crate::failure::{Code, Failure};
use crate::tools::keys::{CAP, LIST_KEYS, fetch_org_keys};

/// The wall clock may jump, and other processes mint: nobody sleeps longer than this.
const LOOK: Duration = Duration::from_secs(10);
/// Between tries while the tenant is away.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const AWAY_PAUSE: Duration = Duration::from_secs(10);
/// What can't be done now isn't tried again for so long: a person has to look.
pub(super) const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// Later than this is worth a warning.
const ON_TIME: i64 = 60;

pub async fn run(dispatch: Arc<Dispatch>) {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        let wait = match look(&dispatch, Utc::now(), &mut told).await {
            Ok(wait) => {
                pause = FIRST_PAUSE;
                wait
            }
            Err(failure) => {
                tracing::warn!(%failure, "a leased key is due and can't be revoked yet; it is tried again");
                let wait = pause;
                pause = (pause * 2).min(AWAY_PAUSE);
                wait
            }
        };
        let leases = &dispatch.server().leases;
        tokio::select! {
            () = sleep(wait) => {}
            () = leases.begun() => {}
        }
    }
}

/// Revokes what is due, and says how long nothing will be.
async fn look(dispatch: &Dispatch, now: DateTime<Utc>, told: &mut bool) -> Result<Duration, Failure> {
    let server = dispatch.server();
    let next = match server.leases.next(&server.tenant, now) {
        Ok(Some(next)) => next,
        Ok(None) => return Ok(LOOK),
        Err(failure) => {
            tracing::error!(%failure, "leases can't be looked up");
            return Ok(LOOK);
        }
    };
    if next > now {
        return Ok((next - now).to_std().unwrap_or_default().min(LOOK));
    }
    if server.policy.now().read_only {
        if !*told {
            tracing::warn!("a leased key is due; this server is read-only and doesn't revoke it");
        }
        *told = true;
        return Ok(LOOK);
    }
    *told = false;
    revoke_due(dispatch, now).await?;
    Ok(Duration::from_millis(100))
}

/// Everything whose time has come by `now`. Fails where the tenant is away.
pub async fn revoke_due(dispatch: &Dispatch, now: DateTime<Utc>) -> Result<(), Failure> {
    const ROUTES: &[Route] = &[LIST_KEYS];
    let server = dispatch.server();
    let tenant = dispatch.client().invocation(Uuid::now_v7(), ROUTES, CancellationToken::new());
    let keys = fetch_org_keys(&tenant).await?;
    let live: HashSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    while let Some(lease) = server.leases.claim(&server.tenant, now).await? {
        let prefix = &lease.key.prefix;
        let is_live = live.contains(lease.key.id.as_str());
        let trouble = if !is_live && keys.len() < CAP {
            tracing::info!(prefix, "a leased key was revoked by somebody else before its time");
            server.leases.gone(&server.tenant, &lease, Utc::now()).await?;
            continue;
        } else if !is_live {
            "a leased key is due, and can't be found: the tenant lists no more than the newest 500"
        } else if server.is_own_key(prefix) {
            "the lease of this server's own key is over, which isn't revoked by itself: rotate it"
        } else {
            revoke(dispatch, &lease, now).await?;
            continue;
        };
        tracing::error!(prefix, "{trouble}");
        server.leases.postpone(&server.tenant, &lease, now + LONGEST_PAUSE).await?;
    }
    Ok(())
}

/// The row ends together with the outcome in the journal; here only what didn't work is dealt with.
async fn revoke(dispatch: &Dispatch, lease: &Lease, now: DateTime<Utc>) -> Result<(), Failure> {
    let server = dispatch.server();
    let outcome = dispatch.by_itself("revoke_key", json!({ "key": lease.key.id })).await;
    let late = (Utc::now().max(now) - lease.until).num_seconds();
    let prefix = &lease.key.prefix;
    match outcome {
        Ok(_) if late > ON_TIME => tracing::warn!(prefix, late_seconds = late, "a leased key was revoked late"),
        Ok(_) => tracing::info!(prefix, late_seconds = late, "a leased key was revoked"),
        Err(failure) if failure.code() == Code::NotFound => {
            server.leases.gone(&server.tenant, lease, Utc::now()).await?;
        }
        Err(failure) => {
            // 1 s, 2 s, 4 s … until the claim would be over anyway.
            let pause = TimeDelta::seconds(1 << lease.tries.clamp(1, 5).saturating_sub(1));
            server.leases.postpone(&server.tenant, lease, Utc::now() + pause).await?;
            return Err(failure);
        }
    }
    Ok(())
}
