//! Restart, pause, resume and hibernate. Restarting takes anything, removed and external ones too, and
//! brings it back as a container; what the platform answers and what then happens are two things.

use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, broken, conflict, missing, ok, refused_with};
use super::super::guard::Access;
use super::super::payload::{Params, Payload, filled};
use super::super::platform::{App, Platform};
use super::super::provisioning::{self, Start};
use super::super::{Provisioner, events, templates};
use super::row::{self, Workspace};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Restart {
    template: Option<String>,
    reset: Option<bool>,
}

pub(crate) async fn restart(access: Access, State(platform): App, params: Params, payload: Payload) -> Answer {
    let id = access.uuid().refuse(broken("lookup failed"))?;
    let wish: Restart = payload.json().unwrap_or_default();
    let reset = wish.reset == Some(true) || params.is_true("reset");
    platform
        .write(move |rows, platform| {
            let found = Workspace::find(rows, &id)?.refuse(missing("workspace not found"))?;
            may_start(rows, platform, &found)?;
            let template = filled(wish.template).filter(|name| templates::exists(rows, platform, name));
            let why = if template.is_some() { Start::Configured } else { Start::FromVolume };
            provisioning::restart(rows, platform, &id, why)?;
            ok(&json!({
                "status": "provisioning",
                "config_dir": template.as_deref().unwrap_or("existing-volume"),
                "reset_session": reset,
            }))
        })
        .await
}

fn may_start(rows: &Connection, platform: &Platform, workspace: &Workspace) -> Result<(), Refusal> {
    if platform.settings.provisioner == Provisioner::None {
        return Err(refused_with(StatusCode::SERVICE_UNAVAILABLE, "provisioner not available"));
    }
    match paused_ancestor(rows, &workspace.id)? {
        Some(name) => Err(conflict(&format!("parent workspace {name:?} is paused — resume it first"))),
        None => Ok(()),
    }
}

fn paused_ancestor(rows: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    rows.prepare_cached(
        "WITH RECURSIVE above(id) AS (
           SELECT parent_id FROM workspaces WHERE id = ?1
           UNION
           SELECT w.parent_id FROM workspaces w JOIN above ON w.id = above.id)
         SELECT w.name FROM workspaces w JOIN above ON w.id = above.id WHERE w.status = 'paused' AND w.id <> ?1 LIMIT 1",
    )?
    .query_row([id], |row| row.get(0))
    .optional()
}

pub(crate) async fn pause(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("lookup failed"))?;
    platform
        .write(move |rows, _| {
            let found = Workspace::find(rows, &id)?.filter(|found| !found.is_removed() && found.status != "paused");
            found.refuse(missing("workspace not found or already paused"))?;
            let mut count = 0;
            for workspace in with_descendants(rows, id)? {
                count += pause_row(rows, &workspace)?;
            }
            ok(&json!({ "status": "paused", "paused_count": count }))
        })
        .await
}

fn pause_row(rows: &Connection, id: &str) -> rusqlite::Result<usize> {
    let paused = rows.execute(
        "UPDATE workspaces SET status = 'paused', url = '', active_tasks = 0, current_task = '',
           settles_at = NULL, settles_to = NULL
         WHERE id = ?1 AND status NOT IN ('paused', 'removed')",
        [id],
    )?;
    if let (1, Some(found)) = (paused, Workspace::find(rows, id)?) {
        events::tell(rows, "WORKSPACE_PAUSED", id, &json!({ "name": found.name }))?;
    }
    Ok(paused)
}

pub(crate) async fn resume(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("lookup failed"))?;
    platform
        .write(move |rows, platform| {
            let found = Workspace::find(rows, &id)?.filter(|found| found.status == "paused");
            let found = found.refuse(missing("workspace not found or not paused"))?;
            may_start(rows, platform, &found)?;
            let mut count = 0;
            for workspace in with_descendants(rows, id)? {
                let paused = Workspace::find(rows, &workspace)?.is_some_and(|found| found.status == "paused");
                if paused {
                    provisioning::restart(rows, platform, &workspace, Start::FromVolume)?;
                    count += 1;
                }
            }
            ok(&json!({ "status": "provisioning", "resumed_count": count }))
        })
        .await
}

fn with_descendants(rows: &Connection, id: String) -> rusqlite::Result<Vec<String>> {
    let below = row::descendants(rows, &id)?;
    Ok([id].into_iter().chain(below).collect())
}

pub(crate) async fn hibernate(access: Access, State(platform): App, params: Params) -> Answer {
    let id = access.uuid().refuse(broken("lookup failed"))?;
    let forced = params.is_true("force");
    platform
        .write(move |rows, platform| {
            let awake = |found: &Workspace| matches!(found.status.as_str(), "online" | "degraded");
            let found = Workspace::find(rows, &id)?
                .filter(awake)
                .refuse(missing("workspace not found or not in a hibernatable state (must be online or degraded)"))?;
            if found.active_tasks > 0 && !forced {
                let busy = conflict("workspace has active tasks; use ?force=true to terminate them");
                return Err(busy.with("active_tasks", found.active_tasks));
            }
            // on the platform as recorded the status has no such value, and nothing happens
            if platform.settings.provisioner == Provisioner::Simulated {
                rows.execute(
                    "UPDATE workspaces SET status = 'hibernated', url = '', active_tasks = 0, current_task = ''
                     WHERE id = ?1",
                    [&id],
                )?;
                let told = json!({ "name": found.name, "tier": found.tier });
                events::tell(rows, "WORKSPACE_HIBERNATED", &id, &told)?;
            }
            ok(&json!({ "status": "hibernated" }))
        })
        .await
}
