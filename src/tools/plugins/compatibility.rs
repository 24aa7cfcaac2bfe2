//! check_plugin_compatibility: what a change of runtime would do to a workspace's plugins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::COMPATIBILITY;
use super::list::{Plugin, must_run};
use crate::failure::Failure;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPluginCompatibility {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
    /// The runtime that it would change to; the tenant doesn't check the name.
    runtime: Word,
}

#[derive(Serialize, JsonSchema)]
pub struct Compatibility {
    runtime: Word,
    all_compatible: bool,
    compatible: Vec<String>,
    /// They would stay installed and do nothing.
    incompatible: Vec<String>,
}

#[derive(Deserialize)]
struct Judged {
    compatible: Vec<Plugin>,
    incompatible: Vec<Plugin>,
}

impl Act for CheckPluginCompatibility {
    type Answer = Compatibility;

    async fn act(self, call: &Invocation) -> Result<Compatibility, Failure> {
        let ask = call.tenant.ask(&COMPATIBILITY).part("workspace_id", &self.workspace_id);
        let judged: Judged = ask.query("runtime", &self.runtime).fetch().await?;
        if judged.compatible.is_empty() && judged.incompatible.is_empty() {
            must_run(&self.workspace_id, call).await?;
        }
        let names = |plugins: Vec<Plugin>| plugins.into_iter().map(|plugin| plugin.name).collect();
        Ok(Compatibility {
            runtime: self.runtime,
            all_compatible: judged.incompatible.is_empty(),
            compatible: names(judged.compatible),
            incompatible: names(judged.incompatible),
        })
    }
}
