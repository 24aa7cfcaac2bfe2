//! install_plugin and uninstall_plugin. Either restarts the workspace, so neither is done while tasks run in
//! it unless somebody says so.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::Address;
use super::list::fetch_installed;
use super::{INSTALL, UNINSTALL};
use crate::failure::{Changed, Code, Failure};
use crate::tools::container::not_running;
use crate::tools::ids::{PluginName, Sha256, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::Detail;
use crate::tools::workspaces::{fetch_one, refuse_running};

/// The tenant gives up after five minutes.
const PATIENCE: Duration = Duration::from_secs(310);

const RESTARTS: &str = "The workspace restarts now; wait until get_workspace says `online`.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallPlugin {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
    /// A name in the registry, `local://NAME`, or `github://OWNER/REPO#TAG` (tag or commit).
    source: Address,
    /// Of its plugin.yaml: refused where it differs.
    sha256: Option<Sha256>,
    /// Go ahead although tasks run; they are lost.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Installed {
    plugin: String,
    source: String,
    /// What happens now.
    note: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    plugin: String,
    source: String,
}

impl Act for InstallPlugin {
    type Answer = Installed;

    async fn act(self, call: &Invocation) -> Result<Installed, Failure> {
        let workspace = fetch_one(&self.workspace_id, call).await?;
        install(workspace, &self.source, self.sha256.as_ref(), self.interrupting, call).await
    }
}

pub async fn install(
    workspace: Detail,
    source: &Address,
    sha256: Option<&Sha256>,
    interrupting: bool,
    call: &Invocation,
) -> Result<Installed, Failure> {
    refuse_running(&workspace, workspace.active_tasks, interrupting, "installing a plugin in")?;
    let mut body = json!({ "source": source });
    if let (Some(sha256), Some(fields)) = (sha256, body.as_object_mut()) {
        fields.insert("sha256".to_owned(), json!(sha256));
    }
    call.progress.step(0, Some(1), "the tenant fetches and checks the plugin");
    let ask = call.tenant.ask(&INSTALL).part("workspace_id", &workspace.id).body(&body);
    let answer = ask.within(PATIENCE).expecting(&[503]).received().await.map_err(refused)?;
    if answer.status == 503 {
        return Err(not_running(&workspace).confirmed(Changed::No));
    }
    let Answer { plugin, source } = answer.decode()?;
    Ok(Installed { plugin, source, note: RESTARTS })
}

fn refused(failure: Failure) -> Failure {
    match failure.code() {
        Code::ForbiddenByTenant => failure.next(
            "The organisation's allowlist decides which plugins may be installed: a person who holds the admin token can add it with set_plugin_allowlist.",
        ),
        Code::NotFound => failure.next("See list_plugin_registry; of a repository, check owner, name and tag."),
        _ => failure,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UninstallPlugin {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
    /// From list_installed_plugins.
    name: PluginName,
    /// Go ahead although tasks run; they are lost.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Uninstalled {
    plugin: PluginName,
    /// What happens now.
    note: &'static str,
}

impl Act for UninstallPlugin {
    type Answer = Uninstalled;

    async fn act(self, call: &Invocation) -> Result<Uninstalled, Failure> {
        let workspace = fetch_one(&self.workspace_id, call).await?;
        refuse_running(&workspace, workspace.active_tasks, self.interrupting, "uninstalling a plugin from")?;
        // The tenant answers `uninstalled`, and restarts the workspace, for any name.
        let installed = fetch_installed(&self.workspace_id, call).await?;
        if !installed.iter().any(|plugin| plugin.name == self.name.as_str()) {
            return Err(
                Failure::new(Code::NotFound, "that plugin isn't installed there").next("See list_installed_plugins.")
            );
        }
        let ask = call.tenant.ask(&UNINSTALL).part("workspace_id", &self.workspace_id).part("name", &self.name);
        if ask.expecting(&[503]).received().await?.status == 503 {
            return Err(not_running(&workspace).confirmed(Changed::No));
        }
        Ok(Uninstalled { plugin: self.name, note: RESTARTS })
    }
}
