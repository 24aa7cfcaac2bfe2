//! Which plugins an organisation allows. An organisation is its root workspace here, and an empty list is
//! the widest one there is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ALLOWLIST, SET_ALLOWLIST};
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::{PluginName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

const MOST: usize = 500;
const ALL: &str = "The list is empty, so every plugin may be installed.";

#[derive(Deserialize)]
struct Listed {
    plugins: Vec<Allowed>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Allowed {
    #[serde(alias = "plugin_name")]
    name: String,
    #[serde(default)]
    enabled_by: String,
    enabled_at: DateTime<Utc>,
}

async fn fetch(organisation: &WorkspaceId, call: &Invocation) -> Result<Vec<Allowed>, Failure> {
    let ask = call.tenant.ask(&ALLOWLIST).part("workspace_id", organisation);
    let listed: Listed = ask.fetch().await.map_err(of_no_organisation)?;
    Ok(listed.plugins)
}

/// The tenant binds a key to an organisation only where one was named when the key was minted.
fn of_no_organisation(failure: Failure) -> Failure {
    match failure.code() {
        Code::ForbiddenByTenant => failure.next(
            "This server's org key is bound to no organisation, and such keys aren't let in here: the admin token is needed. Ask the operator; retrying won't help.",
        ),
        Code::NotFound => failure.next("Name a root workspace: one without a parent in list_workspaces."),
        _ => failure,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPluginAllowlist {
    /// The organisation's root workspace.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Allowlist {
    /// The list is empty: every plugin may be installed.
    allow_all: bool,
    plugins: Vec<Allowed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl Act for GetPluginAllowlist {
    type Answer = Allowlist;

    async fn act(self, call: &Invocation) -> Result<Allowlist, Failure> {
        let plugins = fetch(&self.workspace_id, call).await?;
        let allow_all = plugins.is_empty();
        Ok(Allowlist { allow_all, plugins, note: allow_all.then_some(ALL) })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPluginAllowlist {
    /// The organisation's root workspace.
    workspace_id: WorkspaceId,
    /// The whole list, by name; what isn't in it is forbidden.
    plugins: BTreeSet<PluginName>,
    /// With an empty list: go ahead although that allows every plugin.
    #[serde(default)]
    allow_all: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct SetAllowlist {
    allow_all: bool,
    /// As read back.
    plugins: BTreeSet<String>,
    added: Vec<String>,
    removed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl Act for SetPluginAllowlist {
    type Answer = SetAllowlist;

    async fn act(self, call: &Invocation) -> Result<SetAllowlist, Failure> {
        self.check()?;
        let wanted: BTreeSet<String> = self.plugins.iter().map(ToString::to_string).collect();
        let before = names(fetch(&self.workspace_id, call).await?);
        let body = json!({ "plugins": self.plugins, "enabled_by": call.signature() });
        let ask = call.tenant.ask(&SET_ALLOWLIST).part("workspace_id", &self.workspace_id).body(&body);
        ask.received().await.map_err(of_no_organisation)?;
        let now = names(fetch(&self.workspace_id, call).await?);
        if now != wanted {
            return Err(Failure::new(Code::UnexpectedAnswer, "the tenant took the list, but it reads otherwise")
                .changed(Changed::Unknown)
                .next("Look with get_plugin_allowlist."));
        }
        let allow_all = now.is_empty();
        Ok(SetAllowlist {
            allow_all,
            added: now.difference(&before).cloned().collect(),
            removed: before.difference(&now).cloned().collect(),
            plugins: now,
            note: allow_all.then_some(ALL),
        })
    }
}

impl SetPluginAllowlist {
    fn check(&self) -> Result<(), Failure> {
        match (self.plugins.len(), self.allow_all) {
            (0, true) | (1..=MOST, false) => Ok(()),
            (0, false) => Err(Failure::invalid("an empty list would allow every plugin")
                .next("Name the plugins; or, if every one is to be allowed, call again with `allow_all: true`.")),
            (_, true) => Err(Failure::invalid("`allow_all` and a list of plugins exclude each other")),
            (_, false) => Err(Failure::invalid(format!("`plugins`: expected at most {MOST}"))),
        }
    }
}

fn names(plugins: Vec<Allowed>) -> BTreeSet<String> {
    plugins.into_iter().map(|plugin| plugin.name).collect()
}
