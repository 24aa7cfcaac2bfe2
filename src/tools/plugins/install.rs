//! install_plugin and uninstall_plugin. A plugin is code that runs with all that its workspace may do, so
//! what is installed must be named exactly: a repository by a tag or a commit, not by a branch that moves.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::list::fetch_installed;
use super::{INSTALL, UNINSTALL};
use crate::failure::{Changed, Code, Failure};
use crate::tools::container::not_running;
use crate::tools::ids::{PluginName, Sha256, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::{fetch_one, refuse_running};

/// The tenant gives up after five minutes.
const PATIENCE: Duration = Duration::from_secs(310);

const RESTARTS: &str = "The workspace restarts now; wait until get_workspace says `online`.";

/// Where a plugin comes from, in the tenant's spelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected a name from list_plugin_registry, or `github://OWNER/REPO#TAG` with a tag or commit that doesn't move";
        let is_name = |name: &str| PluginName::try_from(name.to_owned()).is_ok();
        let fits = match text.split_once("://") {
            None => is_name(&text),
            Some(("local", name)) => is_name(name),
            Some(("github", repository)) => is_pinned(repository),
            Some((scheme, rest)) => is_other(scheme, rest),
        };
        if fits && text.len() <= 300 { Ok(Self(text)) } else { Err(EXPECTED) }
    }
}

/// `OWNER/REPO#TAG`: what a branch holds may be another tomorrow.
fn is_pinned(repository: &str) -> bool {
    const MOVING: [&str; 7] = ["main", "master", "develop", "dev", "trunk", "head", "latest"];
    let Some((place, pin)) = repository.split_once('#') else { return false };
    let is_name = |name: &str| PluginName::try_from(name.to_owned()).is_ok();
    let moves = MOVING.contains(&pin.to_ascii_lowercase().as_str());
    place.split('/').count() == 2 && place.split('/').all(is_name) && pin.split('/').all(is_name) && !moves
}

/// A scheme that we don't know. Nothing that a password could stand in.
fn is_other(scheme: &str, rest: &str) -> bool {
    let of = |text: &str, extra: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    of(scheme, "+-.") && of(rest, "._/@#+-") && !rest.contains("..")
}

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 300 })
    }
}

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
        refuse_running(&workspace, workspace.active_tasks, self.interrupting, "installing a plugin in")?;
        let mut body = json!({ "source": self.source });
        if let (Some(sha256), Some(fields)) = (&self.sha256, body.as_object_mut()) {
            fields.insert("sha256".to_owned(), json!(sha256));
        }
        call.progress.step(0, Some(1), "the tenant fetches and checks the plugin");
        let ask = call.tenant.ask(&INSTALL).part("workspace_id", &self.workspace_id).body(&body);
        let answer = ask.within(PATIENCE).expecting(&[503]).received().await.map_err(refused)?;
        if answer.status == 503 {
            return Err(not_running(&workspace).confirmed(Changed::No));
        }
        let Answer { plugin, source } = answer.decode()?;
        Ok(Installed { plugin, source, note: RESTARTS })
    }
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

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_source_says_exactly_what_it_means() {
        for good in [
            "code-review",
            "local://code-review",
            "github://molecule-ai/code-review#v1.2.0",
            "github://o/r#release/2026-04",
            "github://o/r#d81ec9d9ee3b72ca05aa7b495dd82278c0f32cda",
            "clawhub://seo@1.0",
        ] {
            assert!(Address::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "local://",
            "local://../secrets",
            "local://code-review/skills",
            "github://o/r",
            "github://o/r#",
            "github://o/r#main",
            "github://o/r#HEAD",
            "github://o#v1",
            "github://user:pass@o/r#v1",
            "git://user:pass@host/r",
            "https://host/x?key=1",
            "a b",
        ] {
            assert!(Address::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
