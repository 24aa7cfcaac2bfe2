//! Which plugins an organisation's workspaces may have. An organisation is a root workspace here; only
//! the admin token, or a key bound to it, passes. An empty list allows everything, and a workspace is held
//! to its direct parent's list, so that a grandchild escapes the root's.

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, forbidden, missing, ok};
use super::super::guard::Admin;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::workspaces::row;
use super::super::{clock, ids};
use super::source::valid_name;

#[derive(Deserialize)]
struct Wish {
    plugins: Option<Vec<String>>,
    enabled_by: Option<String>,
}

pub(crate) async fn show_allowlist(admin: Admin, State(platform): App, Path(raw): Path<String>) -> Answer {
    platform
        .read(|rows| {
            let org = organisation(rows, &admin, &raw)?;
            let plugins = entries(rows, &org)?;
            ok(&json!({ "org_id": raw, "allow_all": plugins.is_empty(), "plugins": plugins }))
        })
        .await
}

fn entries(rows: &Connection, org: &str) -> rusqlite::Result<Vec<Value>> {
    rows.prepare_cached(
        "SELECT plugin_name, enabled_by, enabled_at FROM org_plugin_allowlist WHERE org_id = ?1 ORDER BY plugin_name",
    )?
    .query_map([org], |row| {
        Ok(json!({
            "plugin_name": row.get::<_, String>(0)?,
            "enabled_by": row.get::<_, String>(1)?,
            "enabled_at": clock::shown(&row.get::<_, String>(2)?),
        }))
    })?
    .collect()
}

/// Whether there is one is told before whether the caller belongs to it.
fn organisation(rows: &Connection, admin: &Admin, raw: &str) -> Result<String, Refusal> {
    let org = ids::canonical(raw).refuse(broken("failed to verify org"))?;
    row::exists(rows, &org)?.then_some(()).refuse(missing("org not found"))?;
    let is_bound = admin.key.as_ref().is_none_or(|key| key.org_id.as_ref() == Some(&org));
    is_bound.then_some(org).refuse(forbidden("org access denied"))
}

pub(crate) async fn replace_allowlist(
    admin: Admin,
    State(platform): App,
    Path(raw): Path<String>,
    payload: Payload,
) -> Answer {
    platform
        .write(move |rows, _| {
            let org = organisation(rows, &admin, &raw)?;
            let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
            let enabled_by = filled(wish.enabled_by).refuse(bad("enabled_by is required"))?;
            let plugins = wish.plugins.as_deref().unwrap_or_default();
            plugins.iter().try_for_each(|name| check(name))?;
            rows.execute("DELETE FROM org_plugin_allowlist WHERE org_id = ?1", [&org])?;
            for name in plugins {
                rows.execute(
                    "INSERT OR IGNORE INTO org_plugin_allowlist (org_id, plugin_name, enabled_by, enabled_at)
                     VALUES (?1, ?2, ?3, ?4)",
                    (&org, name, &enabled_by, clock::now()),
                )?;
            }
            ok(&json!({ "org_id": raw, "allow_all": plugins.is_empty(), "plugins": wish.plugins }))
        })
        .await
}

fn check(name: &str) -> Result<(), Refusal> {
    let refused = |detail: &str| bad("invalid plugin name").with("plugin_name", name).with("detail", detail);
    valid_name(name).map_err(refused)
}

/// Whether that workspace may have that plugin.
pub(super) fn allows(rows: &Connection, workspace: &str, plugin: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached(
        "WITH listed AS (SELECT plugin_name FROM org_plugin_allowlist
           WHERE org_id = coalesce((SELECT parent_id FROM workspaces WHERE id = ?1), ?1))
         SELECT NOT EXISTS (SELECT 1 FROM listed) OR EXISTS (SELECT 1 FROM listed WHERE plugin_name = ?2)",
    )?
    .query_row((workspace, plugin), |row| row.get(0))
}
