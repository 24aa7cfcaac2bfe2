//! Secrets of workspaces and of the whole organisation: names in, names out. A value goes from a
//! source on this server to the tenant.

mod compare;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{SecretName, WorkspaceId};
use super::invocation::Invocation;
use super::list::List;
use super::many::each_told;
use super::tool::{Act, Draft, Tool};
use super::workspaces::wire::{Detail, Workspace};
use super::workspaces::{self, confirm_exists, fetch_all, fetch_one};
use crate::backend::Route;
use crate::failure::Failure;
use crate::secrets::credential::in_the_clear;
use crate::secrets::{Credential, Source};

pub const LIST: Route = Route::get("/workspaces/{workspace_id}/secrets");
pub const SET: Route = Route::post("/workspaces/{workspace_id}/secrets");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}/secrets/{key}");
pub const LIST_GLOBAL: Route = Route::get("/settings/secrets");
pub const SET_GLOBAL: Route = Route::put("/settings/secrets");
const DELETE_GLOBAL: Route = Route::delete("/settings/secrets/{key}");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_secrets", &[LIST, workspaces::GET])
        .about("List the names of a workspace's secrets, its own and those inherited from the organisation. Never a value.")
        .said("environment variables of an agent, which keys does it have, credentials names, env vars")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<ListSecrets>(),
    Draft::read("list_global_secrets", &[LIST_GLOBAL])
        .about("List the names of the organisation's secrets, which every workspace inherits. Never a value.")
        .said("environment variables for everybody, shared credentials, inherited, organisation-wide env vars, defined globally, just the names")
        .org_wide()
        .lists::<ListGlobalSecrets>(),
    Draft::escalate("set_secret", &[workspaces::GET, SET])
        .idempotent()
        .about("Set a workspace's secret. The value is read from a source on the server, never passed here. The workspace restarts.")
        .said("give an agent a credential, api key for an agent, environment variable, env var, store, a credential expired and the new one is in a file, rotate an agent's variable")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"GITHUB_TOKEN","source":"env:GITHUB_TOKEN"}"#)
        .everyday()
        .not_to_oneself()
        .keeping(&["source"])
        .acts::<SetSecret>(),
    Draft::escalate("set_global_secret", &[workspaces::LIST, LIST, SET_GLOBAL])
        .idempotent()
        .about("Set a secret that every workspace inherits, from a source on the server. Says which workspaces restart.")
        .said("one api key for all agents, shared credential for everybody, env var for the whole organisation")
        .example(r#"{"key":"ANTHROPIC_API_KEY","source":"file:anthropic"}"#)
        .org_wide()
        .keeping(&["source"])
        .acts::<SetGlobalSecret>(),
    Draft::destroy("delete_secret", &[workspaces::GET, DELETE])
        .about("Delete a workspace's own secret; one inherited under the same name shows again. The workspace restarts.")
        .said("remove env var, take a credential away from an agent, unset environment variable, wipe an env var from one agent")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","key":"GITHUB_TOKEN"}"#)
        .acts::<DeleteSecret>(),
    Draft::destroy("delete_global_secret", &[workspaces::LIST, LIST, DELETE_GLOBAL])
        .by_name()
        .about("Delete a secret of the organisation. Says which workspaces restart without it.")
        .said("remove a shared credential from everybody, unset env var for all")
        .example(r#"{"key":"ANTHROPIC_API_KEY"}"#)
        .org_wide()
        .acts::<DeleteGlobalSecret>(),
    Draft::read("compare_secrets", &[workspaces::LIST, LIST_GLOBAL, LIST])
        .said("missing credentials which workspaces lack api key audit difference, which agents have a variable and which ones don't, miss a variable, differences between agents, missing env var")
        .example(r#"{"names":["ANTHROPIC_API_KEY","GITHUB_TOKEN"]}"#)
        .about("Compare secrets by name over workspaces: which each holds itself, overrides, inherits or misses. Never a value.")
        .long()
        .filtered()
        .lists::<compare::CompareSecrets>(),
];

/// Workspaces whose own secrets are looked at before a global one is changed.
const LOOKED_INTO: usize = 100;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct SecretLine {
    pub key: String,
    /// `workspace` or `global`.
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<SecretLine>, Failure> {
    call.tenant.ask(&LIST).part("workspace_id", workspace).fetch().await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSecrets {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListSecrets {
    type Item = SecretLine;
    const USUAL: u32 = 50;
    const MOST: u32 = 500;

    fn mark(line: &SecretLine) -> String {
        line.key.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<SecretLine>, Failure> {
        // A workspace that isn't there shows the global ones, so the list says nothing about it.
        let (secrets, ()) =
            tokio::try_join!(fetch(&self.workspace_id, call), confirm_exists(&self.workspace_id, call))?;
        Ok(secrets)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListGlobalSecrets {}

impl List for ListGlobalSecrets {
    type Item = SecretLine;
    const USUAL: u32 = 50;
    const MOST: u32 = 500;

    fn mark(line: &SecretLine) -> String {
        line.key.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<SecretLine>, Failure> {
        call.tenant.ask(&LIST_GLOBAL).fetch().await
    }
}

/// The body that carries a value to the tenant.
#[derive(Serialize)]
struct Body<'a> {
    key: &'a SecretName,
    #[serde(serialize_with = "in_the_clear")]
    value: Credential,
}

#[derive(Serialize, JsonSchema)]
pub struct Changed {
    key: SecretName,
    /// `saved` or `deleted`.
    status: &'static str,
    /// Workspaces that restart to see it; on a hosted tenant they see it only when restarted.
    restarts: Vec<Restarted>,
    /// Not looked at for an own secret of that name, which would spare them.
    #[serde(skip_serializing_if = "is_zero")]
    not_looked_at: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize, JsonSchema)]
struct Restarted {
    id: WorkspaceId,
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSecret {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The secret's name.
    key: SecretName,
    /// Where the server finds the value: `env:`, `file:`, `keyring:`, `command:NAME`; `drop`: a person types it in.
    source: Source,
}

impl Act for SetSecret {
    type Answer = Changed;

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.source.ready(&call.places().about(&self.about())).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let value = self.source.read(&call.places().about(&self.about())).await?;
        set(fetch_one(&self.workspace_id, call).await?, self.key, value, call).await
    }
}

impl SetSecret {
    /// What a person is told that the value is for.
    fn about(&self) -> String {
        format!("{} of workspace {}", self.key, self.workspace_id)
    }
}

pub async fn set(one: Detail, key: SecretName, value: Credential, call: &Invocation) -> Result<Changed, Failure> {
    call.may_pass_on(value.expose())?;
    let ask = call.tenant.ask(&SET).part("workspace_id", &one.id);
    ask.hiding(value.expose()).body(&Body { key: &key, value }).received().await?;
    Ok(Changed { key, status: "saved", restarts: restarted(one), not_looked_at: 0 })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetGlobalSecret {
    /// The secret's name.
    key: SecretName,
    /// Where the server finds the value: `env:`, `file:`, `keyring:`, `command:NAME`; `drop`: a person types it in.
    source: Source,
}

impl Act for SetGlobalSecret {
    type Answer = Changed;

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.source.ready(&call.places().about(self.key.as_str())).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let value = self.source.read(&call.places().about(self.key.as_str())).await?;
        let (restarts, not_looked_at) = global_restarts(&self.key, call).await?;
        call.may_pass_on(value.expose())?;
        let ask = call.tenant.ask(&SET_GLOBAL).hiding(value.expose());
        ask.body(&Body { key: &self.key, value }).received().await?;
        Ok(Changed { key: self.key, status: "saved", restarts, not_looked_at })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteSecret {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The secret's name.
    key: SecretName,
}

impl Act for DeleteSecret {
    type Answer = Changed;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let restarts = own_restart(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&DELETE).part("workspace_id", &self.workspace_id);
        ask.part("key", &self.key).received().await?;
        Ok(Changed { key: self.key, status: "deleted", restarts, not_looked_at: 0 })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteGlobalSecret {
    /// The secret's name.
    key: SecretName,
}

impl Act for DeleteGlobalSecret {
    type Answer = Changed;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let (restarts, not_looked_at) = global_restarts(&self.key, call).await?;
        call.tenant.ask(&DELETE_GLOBAL).part("key", &self.key).received().await?;
        Ok(Changed { key: self.key, status: "deleted", restarts, not_looked_at })
    }
}

/// The workspace itself, where it runs here; and a clear error where there is none.
async fn own_restart(id: &WorkspaceId, call: &Invocation) -> Result<Vec<Restarted>, Failure> {
    Ok(restarted(fetch_one(id, call).await?))
}

fn restarted(one: Detail) -> Vec<Restarted> {
    let restarts = !one.is_external() && one.status != "paused" && one.status != "removed";
    restarts.then_some(Restarted { id: one.id, name: one.name }).into_iter().collect()
}

/// Every workspace that isn't paused, external, or holding a secret of its own under that name.
async fn global_restarts(key: &SecretName, call: &Invocation) -> Result<(Vec<Restarted>, usize), Failure> {
    let all = fetch_all(call).await?;
    let touched: Vec<Workspace> = all.into_iter().filter(|one| !one.is_external() && one.status != "paused").collect();
    let not_looked_at = touched.len().saturating_sub(LOOKED_INTO);
    let looked_at = touched.into_iter().enumerate().map(async |(at, one)| {
        let overrides = at < LOOKED_INTO && overrides(&one.id, key, call).await?;
        Ok((!overrides).then_some(Restarted { id: one.id, name: one.name }))
    });
    let restarts: Result<Vec<Option<Restarted>>, Failure> =
        each_told(call, "who has its own", looked_at).await.into_iter().collect();
    Ok((restarts?.into_iter().flatten().collect(), not_looked_at))
}

async fn overrides(id: &WorkspaceId, key: &SecretName, call: &Invocation) -> Result<bool, Failure> {
    let secrets = fetch(id, call).await?;
    Ok(secrets.iter().any(|line| line.scope == "workspace" && line.key == key.as_str()))
}
