//! DELETE /workspaces/{id}. Removing is a status, with everything that runs stopped; purging deletes
//! the rows. It's idempotent: unknown ids are removed as well. Where a container can't be stopped the
//! answer is a 500 although the removal has happened; the purge hasn't.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, broken, conflict, ok};
use super::super::guard::Admin;
use super::super::payload::Params;
use super::super::platform::{App, Platform};
use super::super::{clock, events, ids, provisioning};
use super::row;

pub(crate) async fn delete(_: Admin, State(platform): App, Path(raw): Path<String>, params: Params) -> Answer {
    let id = ids::checked(&raw)?;
    let (confirmed, purge) = (params.is_true("confirm"), params.is_true("purge"));
    platform
        .write(move |rows, platform| {
            let children = row::living_children(rows, &id)?;
            if !children.is_empty() && !confirmed {
                return Err(unconfirmed(&children));
            }
            remove(rows, platform, &id, purge)
        })
        .await
}

fn unconfirmed(children: &[(String, String)]) -> Refusal {
    let children: Vec<Value> = children.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    conflict("")
        .without_error()
        .with("status", "confirmation_required")
        .with("message", "This workspace has sub-workspaces. Delete with ?confirm=true to cascade delete.")
        .with("children_count", children.len())
        .with("children", children)
}

fn remove(rows: &Connection, platform: &Platform, id: &str, purge: bool) -> Answer {
    let below = row::descendants(rows, id)?;
    let cascaded = below.len();
    let all: Vec<String> = below.into_iter().chain([id.to_owned()]).collect();
    for workspace in &all {
        remove_row(rows, workspace)?;
        revoke(rows, workspace)?;
        let told = if workspace == id { json!({ "cascade_deleted": cascaded }) } else { json!({}) };
        events::tell(rows, "WORKSPACE_REMOVED", workspace, &told)?;
    }
    let failures = provisioning::stop_failures(platform, &all);
    if !failures.is_empty() {
        let count = failures.len();
        let told = format!(
            "workspace marked removed, but {count} stop call(s) failed — please retry: {}",
            failures.join("\n")
        );
        // an answer, not a refusal: the removal stays
        let told = broken(&told).with("removed_count", all.len()).with("stop_failures", count);
        return Ok(told.into_response());
    }
    if purge {
        for workspace in &all {
            rows.execute("DELETE FROM workspaces WHERE id = ?1", [workspace])?;
        }
    }
    ok(&json!({ "status": if purge { "purged" } else { "removed" }, "cascade_deleted": cascaded }))
}

/// Marks a workspace removed and takes it off the canvas. Its tokens are another matter: collapsing a
/// team leaves them.
pub(crate) fn remove_row(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE workspaces SET status = 'removed', x = 0, y = 0, collapsed = 0, settles_at = NULL, settles_to = NULL
         WHERE id = ?1",
    )?
    .execute([id])
    .map(drop)
}

fn revoke(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE workspace_auth_tokens SET revoked_at = ?2 WHERE workspace_id = ?1 AND revoked_at IS NULL",
    )?
    .execute((id, clock::now()))?;
    rows.prepare_cached("UPDATE workspace_schedules SET enabled = 0 WHERE workspace_id = ?1")?.execute([id]).map(drop)
}
