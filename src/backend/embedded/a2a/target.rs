//! The agent that a message is for, once everything that speaks against sending it has been asked: in
//! the platform's order, kinship, budget, existence, address.

use std::sync::Arc;

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};

use super::super::answer::{Refusal, Refuse, broken, forbidden, missing, refused_with};
use super::super::platform::Platform;
use super::super::provisioning::{self, Start};
use super::super::registry;
use super::super::workspaces::row::Workspace;
use super::super::{Provisioner, ids};
use super::Sender;

const WAKING_SECONDS: i64 = 15;

pub(super) struct Target {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) place: Place,
}

pub(super) enum Place {
    Address(String),
    /// A container that the simulated provisioner started: the tenant answers in its stead.
    Simulated,
}

pub(super) async fn ready(platform: &Arc<Platform>, from: &Sender, raw: &str) -> Result<Target, Refusal> {
    let workspace = platform.read(|rows| allowed(rows, from, raw)).await?;
    if workspace.status == "hibernated" {
        return Err(wake(platform, workspace.id).await?);
    }
    if workspace.url.is_empty() {
        let nowhere = refused_with(StatusCode::SERVICE_UNAVAILABLE, "workspace has no URL");
        return Err(nowhere.with("status", workspace.status));
    }
    let place = place(platform, &workspace)?;
    Ok(Target { id: workspace.id, name: workspace.name, place })
}

fn allowed(rows: &Connection, from: &Sender, raw: &str) -> Result<Workspace, Refusal> {
    if let Some(caller) = from.workspace() {
        let stranger = forbidden("access denied: workspaces cannot communicate per hierarchy rules");
        registry::are_related(rows, caller, raw)?.then_some(()).refuse(stranger)?;
    }
    let id = ids::canonical(raw).refuse(broken("lookup failed"))?;
    if is_spent(rows, &id)? {
        return Err(refused_with(StatusCode::PAYMENT_REQUIRED, "workspace budget limit exceeded"));
    }
    Workspace::find(rows, &id)?.refuse(missing("workspace not found"))
}

fn is_spent(rows: &Connection, id: &str) -> rusqlite::Result<bool> {
    let spent = rows
        .prepare_cached(
            "SELECT budget_limit IS NOT NULL AND monthly_spend >= budget_limit FROM workspaces WHERE id = ?1",
        )?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(spent.unwrap_or(false))
}

/// A message wakes a hibernated workspace; the sender has to come again.
async fn wake(platform: &Arc<Platform>, id: String) -> Result<Refusal, Refusal> {
    platform.write(move |rows, platform| provisioning::restart(rows, platform, &id, Start::FromVolume)).await?;
    let waking = refused_with(StatusCode::SERVICE_UNAVAILABLE, "workspace is waking from hibernation — retry shortly");
    Ok(waking.with("waking", true).with("retry_after", WAKING_SECONDS))
}

fn place(platform: &Platform, workspace: &Workspace) -> Result<Place, Refusal> {
    let is_simulated = platform.settings.provisioner == Provisioner::Simulated;
    if is_simulated && workspace.url == provisioning::container_url(&workspace.id) {
        return Ok(Place::Simulated);
    }
    match registry::is_reachable(platform, &workspace.url) {
        true => Ok(Place::Address(workspace.url.clone())),
        false => Err(refused_with(StatusCode::BAD_GATEWAY, "workspace URL is not publicly routable")),
    }
}
