//! Starting and stopping workspaces. The simulated provisioner has no background task: a row carries
//! when it will have settled and to what status, and the next look at the rows applies it. So it
//! survives a restart, and several processes agree.

use rusqlite::Connection;
use serde_json::json;

use super::answer::Refusal;
use super::platform::Platform;
use super::workspaces::row::{self, Workspace};
use super::{Provisioner, clock, events, files};

const DAEMON_AWAY: &str =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
const NO_PROVISIONER: &str =
    "Docker not available — workspace containers require a Docker daemon or external provisioning.";

/// Why a workspace is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// It's new, or restarted with a template: its configuration has a source.
    Configured,
    /// Restarted from the volume that it left behind.
    FromVolume,
}

pub(crate) fn is_due(rows: &Connection) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM workspaces WHERE settles_at <= ?1)")?
        .query_row([clock::now()], |row| row.get(0))
}

/// A container that has come up has an address and introduces itself.
pub(crate) fn settle(rows: &Connection) -> rusqlite::Result<()> {
    let mut settle = rows.prepare_cached(
        "UPDATE workspaces SET status = settles_to, settles_at = NULL, settles_to = NULL, last_sample_error = '',
           url = CASE WHEN url = '' THEN 'http://ws-' || substr(id, 1, 12) || ':8000' ELSE url END,
           agent_card = coalesce(agent_card, json_object('name', name, 'description', coalesce(role, ''), 'version', '1.0.0'))
         WHERE settles_at <= ?1
         RETURNING id, status, url, agent_card",
    )?;
    let settled = settle.query_map([clock::now()], |row| {
        let come_up = json!({ "url": row.get::<_, String>(2)?, "agent_card": row::json(row.get(3)?) });
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, come_up))
    })?;
    for (id, _, come_up) in settled.collect::<Result<Vec<_>, _>>()?.iter().filter(|(_, status, _)| status == "online") {
        files::container::furnish(rows, id)?;
        events::tell(rows, "WORKSPACE_ONLINE", id, come_up)?;
    }
    Ok(())
}

/// Where a workspace's own container listens.
pub(crate) fn container_url(id: &str) -> String {
    format!("http://{}:8000", container(id))
}

fn container(id: &str) -> String {
    format!("ws-{}", id.chars().take(12).collect::<String>())
}

/// Starts a workspace that is there already, and tells it.
pub(crate) fn restart(rows: &Connection, platform: &Platform, id: &str, why: Start) -> Result<(), Refusal> {
    if let Some(found) = Workspace::find(rows, id)? {
        let told = json!({ "name": found.name, "tier": found.tier, "runtime": found.runtime });
        events::tell(rows, "WORKSPACE_PROVISIONING", id, &told)?;
    }
    start(rows, platform, id, why)
}

/// Starts a workspace: at once `failed` or sooner or later `online`, by the provisioner.
pub(crate) fn start(rows: &Connection, platform: &Platform, id: &str, why: Start) -> Result<(), Refusal> {
    rows.execute(
        "UPDATE workspaces SET status = 'provisioning', url = '', settles_at = NULL, settles_to = NULL WHERE id = ?1",
        [id],
    )?;
    match platform.settings.provisioner {
        Provisioner::Simulated => {
            let ready = clock::from_now(platform.settings.pace.as_secs_f64());
            rows.execute("UPDATE workspaces SET settles_at = ?2, settles_to = 'online' WHERE id = ?1", (id, ready))?;
        }
        Provisioner::Failing if why == Start::Configured => fail(rows, id, "workspace start failed")?,
        Provisioner::Failing => fail(
            rows,
            id,
            &format!(
                "cannot start workspace {id}: no config.yaml source and config volume is empty — delete the workspace or provide a template"
            ),
        )?,
        Provisioner::None => fail(rows, id, NO_PROVISIONER)?,
        Provisioner::ControlPlane => refuse_large(rows, id)?,
    }
    Ok(())
}

/// The control plane gives no machine of tier 4.
fn refuse_large(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    let tier: i64 = rows.query_row("SELECT tier FROM workspaces WHERE id = ?1", [id], |row| row.get(0))?;
    if tier >= 4 { fail(rows, id, "provisioning failed") } else { Ok(()) }
}

fn fail(rows: &Connection, id: &str, reason: &str) -> rusqlite::Result<()> {
    mark_failed(rows, id, reason)?;
    events::tell(rows, "WORKSPACE_PROVISION_FAILED", id, &json!({ "error": reason }))
}

pub(crate) fn mark_failed(rows: &Connection, id: &str, reason: &str) -> rusqlite::Result<()> {
    rows.execute(
        "UPDATE workspaces SET status = 'failed', last_sample_error = ?2, settles_at = NULL, settles_to = NULL
         WHERE id = ?1",
        (id, reason),
    )?;
    Ok(())
}

/// A changed secret restarts the containers that see it: one workspace's, or those of all that don't
/// override it. Only a local provisioner does so; on a hosted tenant agents keep the old value.
pub(crate) fn restart_for_secret(
    rows: &Connection,
    platform: &Platform,
    workspace: Option<&str>,
    key: &str,
) -> Result<(), Refusal> {
    if !matches!(platform.settings.provisioner, Provisioner::Simulated | Provisioner::Failing) {
        return Ok(());
    }
    for id in containers_seeing(rows, workspace, key)? {
        restart(rows, platform, &id, Start::FromVolume)?;
    }
    Ok(())
}

fn containers_seeing(rows: &Connection, workspace: Option<&str>, key: &str) -> rusqlite::Result<Vec<String>> {
    rows.prepare_cached(
        "SELECT id FROM workspaces w WHERE status NOT IN ('removed', 'paused') AND external = 0
           AND id = coalesce(?1, id)
           AND (?1 IS NOT NULL OR NOT EXISTS
                (SELECT 1 FROM workspace_secrets s WHERE s.workspace_id = w.id AND s.key = ?2))",
    )?
    .query_map((workspace, key), |row| row.get(0))?
    .collect()
}

/// What stopping these containers failed with; nothing where there are none to stop, or it worked.
pub(crate) fn stop_failures(platform: &Platform, workspaces: &[String]) -> Vec<String> {
    if platform.settings.provisioner != Provisioner::Failing {
        return Vec::new();
    }
    let failure = |id: &String| format!("stop {id}: force-remove {}: {DAEMON_AWAY}", container(id));
    workspaces.iter().map(failure).collect()
}

pub(crate) fn daemon_away() -> String {
    format!("container list: {DAEMON_AWAY}")
}

/// Why nothing can be written for a workspace where nobody keeps its volume.
pub(crate) fn no_container(platform: &Platform) -> String {
    match platform.settings.provisioner {
        Provisioner::Failing => format!("failed to create ephemeral container: {DAEMON_AWAY}"),
        Provisioner::Simulated | Provisioner::None | Provisioner::ControlPlane => "docker not available".to_owned(),
    }
}
