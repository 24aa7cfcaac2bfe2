//! Putting a plugin into a workspace's container, and taking it out; either restarts the workspace. The
//! checks come before the question whether there is a container, in the platform's order.

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, bad, forbidden, ok};
use super::super::files::container;
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::{App, Platform};
use super::super::provisioning::{self, Start};
use super::source::{self, Fetched};
use super::{allowlist, checks};

const LARGEST_BODY: usize = 64 << 10;

#[derive(Deserialize)]
struct Wish {
    source: Option<String>,
    sha256: Option<String>,
}

pub(crate) async fn install(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Option<Wish> = payload.json().filter(|_| payload.0.len() <= LARGEST_BODY);
    let wish = wish.refuse(bad("invalid request body"))?;
    let told = "'source' is required (e.g. \"local://my-plugin\" or \"github://owner/repo\")";
    let source = filled(wish.source).refuse(bad(told))?;
    platform
        .write(move |rows, platform| {
            let Fetched { name, files } = source::fetch(platform, &source)?;
            checks::expected(&files, wish.sha256.as_deref())
                .and_then(|()| checks::declared(&files))
                .map_err(|refusal| refusal.with("source", source.as_str()))?;
            let workspace = access.uuid();
            if let Some(workspace) = &workspace
                && !allowlist::allows(rows, workspace, &name)?
            {
                return Err(forbidden(&format!("plugin {name:?} is not in the org allowlist")));
            }
            let workspace = running(rows, platform, workspace)?;
            container::add_plugin(rows, &workspace, &name, &files)?;
            provisioning::restart(rows, platform, &workspace, Start::FromVolume)?;
            ok(&json!({ "status": "installed", "plugin": name, "source": source }))
        })
        .await
}

/// Says so also of a plugin that wasn't there.
pub(crate) async fn uninstall(access: Access, State(platform): App, Path((_, name)): Path<(String, String)>) -> Answer {
    source::valid_name(&name).refuse(bad("invalid plugin name"))?;
    platform
        .write(move |rows, platform| {
            let workspace = running(rows, platform, access.uuid())?;
            container::remove_plugin(rows, &workspace, &name)?;
            provisioning::restart(rows, platform, &workspace, Start::FromVolume)?;
            ok(&json!({ "status": "uninstalled", "plugin": name }))
        })
        .await
}

fn running(rows: &Connection, platform: &Platform, workspace: Option<String>) -> Result<String, Refusal> {
    let workspace = workspace.refuse(container::not_running())?;
    match container::is_running(rows, platform, &workspace)? {
        true => Ok(workspace),
        false => Err(container::not_running()),
    }
}
