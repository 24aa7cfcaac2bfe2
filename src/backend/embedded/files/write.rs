//! Writing a workspace's files. Where nobody keeps volumes one file can't be written at all, and many are
//! written into the template, for all that have its name. Deleting is refused for every path, as on the
//! platform.

use std::collections::BTreeMap;

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, ok};
use super::super::guard::Access;
use super::super::payload::{Payload, or_default};
use super::super::platform::{App, Platform};
use super::super::workspaces::row::Workspace;
use super::super::{provisioning, templates};
use super::paths::{self, Asked, CONFIGS};
use super::{container, place};

const MOST_FILES: usize = 200;

#[derive(Deserialize)]
struct One {
    /// Absent is an empty file.
    #[serde(default, deserialize_with = "or_default")]
    content: String,
}

#[derive(Deserialize)]
struct Many {
    files: BTreeMap<String, String>,
}

pub(crate) async fn write(access: Access, State(platform): App, asked: Asked, payload: Payload) -> Answer {
    let path = asked.relative()?;
    let wish: One = payload.json().refuse(bad("invalid request body"))?;
    platform
        .write(move |rows, platform| {
            let workspace = place::workspace(rows, &access)?;
            if !container::has_volumes(platform) {
                let told = provisioning::no_container(platform);
                return Err(broken(&format!("failed to write file: {told}")));
            }
            container::write(rows, &workspace.id, CONFIGS, &path, wish.content.as_bytes())?;
            ok(&json!({ "status": "saved", "path": path }))
        })
        .await
}

pub(crate) async fn write_many(access: Access, State(platform): App, payload: Payload) -> Answer {
    let Many { files } = payload.json().refuse(bad("invalid request body"))?;
    if files.len() > MOST_FILES {
        return Err(bad(&format!("too many files ({}), max {MOST_FILES}", files.len())));
    }
    let files: Option<BTreeMap<String, String>> =
        files.into_iter().map(|(path, content)| Some((paths::relative(&path)?, content))).collect();
    let files = files.refuse(bad("invalid request body"))?;
    platform
        .write(move |rows, platform| {
            let workspace = place::workspace(rows, &access)?;
            let source = keep(rows, platform, &workspace, &files)?;
            let workspace = access.raw.as_str();
            ok(&json!({ "status": "replaced", "workspace": workspace, "files": files.len(), "source": source }))
        })
        .await
}

/// Says what the files were written to.
fn keep(
    rows: &Connection,
    platform: &Platform,
    workspace: &Workspace,
    files: &BTreeMap<String, String>,
) -> Result<&'static str, Refusal> {
    if !container::has_volumes(platform) {
        let template = templates::for_workspace(rows, platform, &workspace.name)?;
        let template = template.refuse(broken("failed to write files to workspace"))?;
        for (path, content) in files {
            templates::keep(rows, &template.id, path, content)?;
        }
        return Ok("template");
    }
    for (path, content) in files {
        container::write(rows, &workspace.id, CONFIGS, path, content.as_bytes())?;
    }
    Ok(if container::is_running(rows, platform, &workspace.id)? { "container" } else { "volume" })
}

pub(crate) async fn delete(_: Access) -> Answer {
    Err(bad("absolute paths not permitted"))
}
