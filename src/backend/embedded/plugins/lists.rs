//! Listing plugins: those of the registry, and those in a workspace's container. Without one that runs
//! nothing is installed, whatever the id.

use std::collections::BTreeMap;

use axum::extract::State;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;

use super::super::answer::{Answer, Refuse, bad, ok};
use super::super::files::container;
use super::super::folder::Files;
use super::super::guard::Access;
use super::super::payload::Params;
use super::super::platform::{App, Platform};
use super::super::workspaces::row::Workspace;
use super::registry::{self, About};
use super::source::SCHEMES;

#[derive(Serialize)]
struct Installed {
    #[serde(flatten)]
    about: About,
    supported_on_runtime: bool,
}

pub(crate) async fn registered(State(platform): App, params: Params) -> Answer {
    ok(&of_registry(&platform, params.get("runtime")))
}

fn of_registry(platform: &Platform, runtime: Option<&str>) -> Vec<About> {
    let mut plugins = registry::all(platform);
    if let Some(runtime) = runtime.filter(|runtime| !runtime.is_empty()) {
        plugins.retain(|plugin| plugin.runs_on(runtime));
    }
    plugins
}

pub(crate) async fn sources() -> Answer {
    ok(&json!({ "schemes": SCHEMES }))
}

/// Those of the registry that fit the workspace's runtime; an unknown workspace gets all.
pub(crate) async fn available(access: Access, State(platform): App) -> Answer {
    let runtime = platform.read(|rows| Ok(runtime(rows, &access)?)).await?;
    ok(&of_registry(&platform, runtime.as_deref()))
}

fn runtime(rows: &Connection, access: &Access) -> rusqlite::Result<Option<String>> {
    let found = access.uuid().map_or(Ok(None), |id| Workspace::find(rows, &id))?;
    Ok(found.map(|workspace| workspace.runtime))
}

pub(crate) async fn installed(access: Access, State(platform): App) -> Answer {
    let (plugins, runtime) =
        platform.read(|rows| Ok((in_container(rows, &platform, &access)?, runtime(rows, &access)?))).await?;
    let runtime = runtime.unwrap_or_default();
    let marked = |about: About| Installed { supported_on_runtime: about.runs_on(&runtime), about };
    ok(&plugins.into_iter().map(marked).collect::<Vec<_>>())
}

/// Whether what is installed would run elsewhere. Any name is taken for a runtime.
pub(crate) async fn compatibility(access: Access, State(platform): App, params: Params) -> Answer {
    let runtime = params.get("runtime").filter(|runtime| !runtime.is_empty());
    let runtime = runtime.refuse(bad("runtime query parameter is required"))?;
    let plugins = platform.read(|rows| Ok(in_container(rows, &platform, &access)?)).await?;
    let (compatible, incompatible): (Vec<About>, Vec<About>) =
        plugins.into_iter().partition(|plugin| plugin.runs_on(runtime));
    ok(&json!({
        "target_runtime": runtime,
        "all_compatible": incompatible.is_empty(),
        "compatible": compatible,
        "incompatible": incompatible,
    }))
}

fn in_container(rows: &Connection, platform: &Platform, access: &Access) -> rusqlite::Result<Vec<About>> {
    let Some(workspace) = access.uuid() else { return Ok(Vec::new()) };
    if !container::is_running(rows, platform, &workspace)? {
        return Ok(Vec::new());
    }
    let mut folders: BTreeMap<String, Files> = BTreeMap::new();
    for (path, content) in container::plugin_files(rows, &workspace)? {
        if let Some((name, path)) = path.split_once('/') {
            folders.entry(name.to_owned()).or_default().insert(path.to_owned(), content);
        }
    }
    Ok(folders.iter().map(|(name, files)| About::read(name, files)).collect())
}
