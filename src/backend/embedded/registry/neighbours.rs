//! Who may talk to whom, and where: the hierarchy decides. Siblings (roots among themselves), ancestors
//! and descendants are related.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, forbidden, missing, ok, refused_with};
use super::super::payload::{Params, Payload, filled};
use super::super::platform::{App, Platform};
use super::super::workspaces::row::{COLUMNS, Workspace};
use super::super::{guard, ids};

#[derive(Deserialize)]
struct Pair {
    caller_id: Option<String>,
    target_id: Option<String>,
}

pub(crate) async fn check_access(State(platform): App, payload: Payload) -> Answer {
    let pair = payload.json::<Pair>().and_then(|pair| filled(pair.caller_id).zip(filled(pair.target_id)));
    let (caller, target) = pair.refuse(bad("invalid request body"))?;
    let allowed = platform.read(|rows| Ok(are_related(rows, &caller, &target)?)).await?;
    ok(&json!({ "allowed": allowed }))
}

pub(crate) fn are_related(rows: &Connection, caller: &str, target: &str) -> rusqlite::Result<bool> {
    if caller == target {
        return Ok(true);
    }
    let found = |raw: &str| ids::canonical(raw).map_or(Ok(None), |id| Workspace::find(rows, &id));
    let (Some(one), Some(other)) = (found(caller)?, found(target)?) else { return Ok(false) };
    Ok(one.parent_id == other.parent_id || is_above(rows, &one.id, &other.id)? || is_above(rows, &other.id, &one.id)?)
}

fn is_above(rows: &Connection, upper: &str, lower: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached(
        "WITH RECURSIVE above(id) AS (
           SELECT parent_id FROM workspaces WHERE id = ?1
           UNION
           SELECT w.parent_id FROM workspaces w JOIN above ON w.id = above.id)
         SELECT EXISTS (SELECT 1 FROM above WHERE id = ?2)",
    )?
    .query_row((lower, upper), |row| row.get(0))
}

pub(crate) async fn discover(State(platform): App, Path(target): Path<String>, headers: HeaderMap) -> Answer {
    let caller = headers.get("x-workspace-id").and_then(|value| value.to_str().ok());
    let caller = filled(caller.map(str::to_owned)).refuse(bad("X-Workspace-ID header is required"))?;
    own_token(&platform, &caller, &headers).await?;
    platform
        .read(|rows| {
            let stranger = || forbidden("not authorized to discover this workspace");
            are_related(rows, &caller, &target)?.then_some(()).refuse(stranger())?;
            let found = |raw: &str| ids::canonical(raw).map_or(Ok(None), |id| Workspace::find(rows, &id));
            let (caller, target) = found(&caller)?.zip(found(&target)?).refuse(stranger())?;
            address(&caller, &target)
        })
        .await
}

fn address(caller: &Workspace, target: &Workspace) -> Answer {
    let unavailable = |error| refused_with(StatusCode::SERVICE_UNAVAILABLE, error);
    if target.url.is_empty() {
        return Err(unavailable("workspace not available").with("status", target.status.as_str()));
    }
    // a container can't reach an agent that listens on the host's own loopback
    let is_elsewhere = target.runtime == "external" && caller.runtime != "external";
    if is_elsewhere && target.url.starts_with("http://127.0.0.1") {
        return Err(unavailable("workspace URL failed safety check"));
    }
    ok(&json!({ "id": target.id, "url": target.url, "name": target.name }))
}

pub(crate) async fn peers(State(platform): App, Path(raw): Path<String>, headers: HeaderMap, params: Params) -> Answer {
    let id = ids::canonical(&raw).refuse(broken("lookup failed"))?;
    if !(platform.is_development() && guard::bearer(&headers).is_none()) {
        guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
    }
    let wanted = params.get("q").unwrap_or("").trim().to_lowercase();
    platform
        .read(|rows| {
            let own = Workspace::find(rows, &id)?.refuse(missing("workspace not found"))?;
            let peers = related(rows, &own)?;
            let peers = if wanted.is_empty() { peers } else { matching(peers, &wanted)? };
            ok(&peers.iter().map(listed).collect::<Vec<Value>>())
        })
        .await
}

async fn own_token(platform: &Arc<Platform>, raw: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    match ids::canonical(raw) {
        Some(id) => guard::own_token(platform, &id, guard::bearer(headers)).await,
        None => Ok(()),
    }
}

/// Siblings, then children, then the parent.
fn related(rows: &Connection, own: &Workspace) -> rusqlite::Result<Vec<Workspace>> {
    rows.prepare_cached(&format!(
        "SELECT {COLUMNS}, CASE WHEN parent_id IS ?2 THEN 0 WHEN parent_id = ?1 THEN 1 ELSE 2 END AS kin
         FROM workspaces
         WHERE id <> ?1 AND status <> 'removed' AND (parent_id IS ?2 OR parent_id = ?1 OR id = ?2)
         ORDER BY kin, created_at, rowid"
    ))?
    .query_map((&own.id, &own.parent_id), Workspace::read)?
    .collect()
}

/// The platform crashes over a peer without a role: a 500 with nothing in it.
fn matching(peers: Vec<Workspace>, wanted: &str) -> Result<Vec<Workspace>, Refusal> {
    if peers.iter().any(|peer| peer.role.is_none()) {
        return Err(Refusal::empty(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let matches = |text: &str| text.to_lowercase().contains(wanted);
    let fits = |peer: &Workspace| matches(&peer.name) || peer.role.as_deref().is_some_and(matches);
    Ok(peers.into_iter().filter(fits).collect())
}

fn listed(peer: &Workspace) -> Value {
    json!({
        "id": peer.id,
        "name": peer.name,
        "role": peer.role,
        "tier": peer.tier,
        "status": peer.status,
        "url": peer.url,
        "parent_id": peer.parent_id,
        "active_tasks": peer.active_tasks,
        "agent_card": peer.agent_card,
    })
}
