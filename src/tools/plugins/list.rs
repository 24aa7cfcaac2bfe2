//! What there is and what is installed. Without a running container the tenant answers that nothing is
//! installed and everything fits: that is refused, because it isn't known.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{AVAILABLE, INSTALLED, REGISTRY, SOURCES};
use crate::failure::Failure;
use crate::tools::container::{not_running, runs};
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::{confirm_exists, fetch_one};

/// As its author describes it. What a broken manifest leaves out is empty.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Plugin {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    description: Prose,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(default, deserialize_with = "names", skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "names", skip_serializing_if = "Vec::is_empty")]
    skills: Vec<String>,
    /// Absent: it doesn't say, so any.
    #[serde(default, deserialize_with = "names", skip_serializing_if = "Vec::is_empty")]
    runtimes: Vec<String>,
    /// Of an installed one: by the workspace's present runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_on_runtime: Option<bool>,
}

/// The tenant writes null for no names.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

const SHORT: &[&str] = &["name", "version", "description", "runtimes", "supported_on_runtime"];

/// By name, and no description longer than a line or two.
fn shown(mut plugins: Vec<Plugin>, call: &Invocation) -> Vec<Plugin> {
    for plugin in &mut plugins {
        plugin.description = std::mem::take(&mut plugin.description).excerpt_of_kept(300, "its plugin.yaml", call);
    }
    plugins.sort_by(|one, other| one.name.cmp(&other.name));
    plugins
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPluginRegistry {
    /// Only those for it.
    runtime: Option<Word>,
}

impl List for ListPluginRegistry {
    type Item = Plugin;
    const USUAL: u32 = 50;
    const SHORT: &'static [&'static str] = SHORT;

    fn mark(plugin: &Plugin) -> String {
        plugin.name.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Plugin>, Failure> {
        let ask = call.tenant.ask(&REGISTRY);
        let ask = match &self.runtime {
            Some(runtime) => ask.query("runtime", runtime),
            None => ask,
        };
        ask.fetch().await.map(|plugins| shown(plugins, call))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAvailablePlugins {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListAvailablePlugins {
    type Item = Plugin;
    const USUAL: u32 = 50;
    const SHORT: &'static [&'static str] = SHORT;

    fn mark(plugin: &Plugin) -> String {
        plugin.name.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Plugin>, Failure> {
        let asked = call.tenant.ask(&AVAILABLE).part("workspace_id", &self.workspace_id).fetch();
        // For a workspace that isn't there the tenant answers the whole registry.
        let (plugins, ()) = tokio::try_join!(asked, confirm_exists(&self.workspace_id, call))?;
        Ok(shown(plugins, call))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInstalledPlugins {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
}

impl List for ListInstalledPlugins {
    type Item = Plugin;
    const USUAL: u32 = 50;
    const SHORT: &'static [&'static str] = SHORT;

    fn mark(plugin: &Plugin) -> String {
        plugin.name.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Plugin>, Failure> {
        fetch_installed(&self.workspace_id, call).await.map(|plugins| shown(plugins, call))
    }
}

/// None is only believed of a workspace that runs.
pub async fn fetch_installed(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Plugin>, Failure> {
    let installed: Vec<Plugin> = call.tenant.ask(&INSTALLED).part("workspace_id", workspace).fetch().await?;
    if installed.is_empty() {
        must_run(workspace, call).await?;
    }
    Ok(installed)
}

pub async fn must_run(workspace: &WorkspaceId, call: &Invocation) -> Result<(), Failure> {
    let one = fetch_one(workspace, call).await?;
    if runs(&one) { Ok(()) } else { Err(not_running(&one)) }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPluginSources {}

#[derive(Serialize, JsonSchema)]
pub struct Sources {
    /// Each as `SCHEME://…`; a bare name is `local://NAME`.
    items: Vec<String>,
    count: usize,
}

#[derive(Deserialize)]
struct Schemes {
    schemes: Vec<String>,
}

impl Act for ListPluginSources {
    type Answer = Sources;

    async fn act(self, call: &Invocation) -> Result<Sources, Failure> {
        let Schemes { schemes } = call.tenant.ask(&SOURCES).fetch().await?;
        Ok(Sources { count: schemes.len(), items: schemes })
    }
}
