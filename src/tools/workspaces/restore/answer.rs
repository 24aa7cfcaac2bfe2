//! What restore_workspace answers: what is there again, and what isn't.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::capsule::Kept;
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;

/// Names in one row.
const NAMED: usize = 30;

#[derive(Serialize, JsonSchema)]
pub struct Restored {
    /// All that can come back is there. False: call again with the same capsule.
    complete: bool,
    workspaces: Vec<Back>,
    missing: Vec<Lost>,
}

#[derive(Serialize, JsonSchema)]
pub struct Back {
    pub id: WorkspaceId,
    /// Its id before.
    pub was: WorkspaceId,
    pub name: String,
    /// What of it is there again, counted.
    pub restored: Vec<String>,
    /// Schedules that run by themselves from now on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules_on: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Lost {
    /// The new workspace.
    workspace_id: WorkspaceId,
    what: String,
    /// Which, 30 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// Why, or what brings it back.
    why: String,
    /// Another call with the capsule may bring it.
    again: bool,
}

impl Restored {
    pub fn of(furnished: Vec<(Back, Vec<Lost>)>) -> Self {
        let (workspaces, missing): (Vec<Back>, Vec<Vec<Lost>>) = furnished.into_iter().unzip();
        let missing: Vec<Lost> = missing.into_iter().flatten().collect();
        Self { complete: !missing.iter().any(|one| one.again), workspaces, missing }
    }
}

impl Lost {
    /// It didn't come this time.
    pub fn this_time(id: &WorkspaceId, what: &str, failure: &Failure) -> Self {
        let why = format!("{}: {}", failure.code(), failure.message());
        Self { workspace_id: id.clone(), what: what.to_owned(), names: Vec::new(), why, again: true }
    }

    /// The tenant doesn't take these.
    pub fn refused(id: &WorkspaceId, what: &str, names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then(|| Self::for_good(id, what, names, "the tenant refuses them"))
    }

    fn for_good(id: &WorkspaceId, what: &str, names: Vec<String>, why: &str) -> Self {
        let names = names.into_iter().take(NAMED).collect();
        Self { workspace_id: id.clone(), what: what.to_owned(), names, why: why.to_owned(), again: false }
    }
}

/// What no capsule brings back.
pub fn lost_for_good(kept: &Kept, id: &WorkspaceId) -> Vec<Lost> {
    let own = kept.secrets.iter().filter(|secret| secret.scope != "global" && secret.key != "MODEL_PROVIDER");
    let channel = |one: &super::super::capsule::Channel| format!("{} ({})", one.channel_type, one.kept_back.join(", "));
    let rows = [
        ("secrets", own.map(|secret| secret.key.clone()).collect(), "nobody can read their values: set_secret"),
        ("channels", kept.channels.iter().map(channel).collect(), "their credentials are gone: add_channel"),
        ("plugins", kept.plugins.iter().map(plugin).collect(), "where they came from isn't known: install_plugin"),
    ];
    let mut lost: Vec<Lost> = rows
        .into_iter()
        .filter(|(_, names, _): &(_, Vec<String>, _)| !names.is_empty())
        .map(|(what, names, why)| Lost::for_good(id, what, names, why))
        .collect();
    lost.extend(kept.missing.iter().map(|part| Lost::for_good(id, &part.what, Vec::new(), &part.why)));
    let old = &kept.workspace;
    if old.workspace_dir.is_some() {
        lost.push(Lost::for_good(id, "workspace_access", Vec::new(), "the tenant doesn't tell it: it is `none` now"));
    }
    if old.is_external() {
        lost.push(Lost::for_good(id, "token", Vec::new(), "its agent needs a new one: create_workspace_token"));
    }
    if matches!(old.status.as_str(), "paused" | "hibernated") {
        lost.push(Lost::for_good(id, "status", Vec::new(), &format!("it was {}, and starts now", old.status)));
    }
    lost
}

fn plugin(one: &super::super::capsule::Plugin) -> String {
    if one.version.is_empty() { one.name.clone() } else { format!("{} {}", one.name, one.version) }
}
