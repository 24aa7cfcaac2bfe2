//! The files in a simulated workspace's container, as rows. The volume under it stays when the container
//! stops; only reading wants one that runs.

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};

use super::super::Provisioner;
use super::super::answer::{Refusal, refused_with};
use super::super::folder::Files;
use super::super::platform::Platform;
use super::super::templates;

/// Where plugins lie below /configs.
const PLUGINS: &str = "plugins/";

pub(crate) fn is_running(rows: &Connection, platform: &Platform, workspace: &str) -> rusqlite::Result<bool> {
    let runs = "SELECT EXISTS (SELECT 1 FROM workspaces
                WHERE id = ?1 AND external = 0 AND status IN ('online', 'degraded'))";
    Ok(has_volumes(platform) && rows.prepare_cached(runs)?.query_row([workspace], |row| row.get(0))?)
}

pub(crate) fn not_running() -> Refusal {
    refused_with(StatusCode::SERVICE_UNAVAILABLE, "workspace container not running")
}

/// Whether somebody keeps files for workspaces at all.
pub(super) fn has_volumes(platform: &Platform) -> bool {
    platform.settings.provisioner == Provisioner::Simulated
}

/// What a container that is made from a template will find, once it is up.
pub(crate) fn fill(rows: &Connection, platform: &Platform, workspace: &str, template: &str) -> rusqlite::Result<()> {
    if !has_volumes(platform) {
        return Ok(());
    }
    for (path, content) in templates::files(rows, platform, template)? {
        write(rows, workspace, super::paths::CONFIGS, &path, &content)?;
    }
    Ok(())
}

/// A container that comes up for the first time without a configuration gets one.
pub(crate) fn furnish(rows: &Connection, workspace: &str) -> rusqlite::Result<usize> {
    rows.prepare_cached(
        "INSERT OR IGNORE INTO workspace_files (workspace_id, root, path, content)
         SELECT id, '/configs', 'config.yaml', CAST('name: ' || json_quote(name) || char(10) ||
           'description: ' || json_quote(coalesce(role, '')) || char(10) ||
           'tier: ' || tier || char(10) || 'runtime: ' || json_quote(runtime) || char(10) AS BLOB)
         FROM workspaces WHERE id = ?1",
    )?
    .execute([workspace])
}

/// Paths and sizes of everything below a root.
pub(super) fn sizes(rows: &Connection, workspace: &str, root: &str) -> rusqlite::Result<Vec<(String, usize)>> {
    rows.prepare_cached("SELECT path, length(content) FROM workspace_files WHERE workspace_id = ?1 AND root = ?2")?
        .query_map((workspace, root), |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize)))?
        .collect()
}

pub(super) fn read(rows: &Connection, workspace: &str, root: &str, path: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    rows.prepare_cached("SELECT content FROM workspace_files WHERE workspace_id = ?1 AND root = ?2 AND path = ?3")?
        .query_row((workspace, root, path), |row| row.get(0))
        .optional()
}

pub(super) fn write(
    rows: &Connection,
    workspace: &str,
    root: &str,
    path: &str,
    content: &[u8],
) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "INSERT OR REPLACE INTO workspace_files (workspace_id, root, path, content) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((workspace, root, path, content))
    .map(drop)
}

/// What lies in a plugin's folder, for each plugin's name and path.
pub(crate) fn plugin_files(rows: &Connection, workspace: &str) -> rusqlite::Result<Files> {
    rows.prepare_cached(
        "SELECT substr(path, length(?2) + 1), content FROM workspace_files
         WHERE workspace_id = ?1 AND root = '/configs' AND substr(path, 1, length(?2)) = ?2",
    )?
    .query_map((workspace, PLUGINS), |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

pub(crate) fn add_plugin(rows: &Connection, workspace: &str, name: &str, files: &Files) -> rusqlite::Result<()> {
    remove_plugin(rows, workspace, name)?;
    for (path, content) in files {
        write(rows, workspace, super::paths::CONFIGS, &format!("{PLUGINS}{name}/{path}"), content)?;
    }
    Ok(())
}

pub(crate) fn remove_plugin(rows: &Connection, workspace: &str, name: &str) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "DELETE FROM workspace_files
         WHERE workspace_id = ?1 AND root = '/configs' AND substr(path, 1, length(?2)) = ?2",
    )?
    .execute((workspace, format!("{PLUGINS}{name}/")))
    .map(drop)
}
