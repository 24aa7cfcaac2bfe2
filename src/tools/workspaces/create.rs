//! create_workspace: one that is made, looked at, and its token delivered where the caller said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::CREATE;
use super::wire::fetch_one;
use crate::failure::{Changed, Failure};
use crate::secrets::credential::in_the_clear;
use crate::secrets::sink::Proved;
use crate::secrets::{Credential, Sink, Source};
use crate::tools::bounds::Whole;
use crate::tools::effect::Effect;
use crate::tools::given::GivenText;
use crate::tools::ids::{HostDirectory, Role, SecretName, TemplateName, Word, WorkspaceId, WorkspaceName};
use crate::tools::invocation::Invocation;
use crate::tools::keys::tokens;
use crate::tools::lenient::filled;
use crate::tools::tool::Act;

const MEMORIES: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Name.
    #[schemars(with = "String")]
    name: WorkspaceName,
    /// Purpose.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(with = "Option<String>")]
    role: Option<Role>,
    /// From list_templates.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(with = "Option<String>")]
    template: Option<TemplateName>,
    /// Like `claude-code`.
    runtime: Option<Word>,
    /// Its LLM.
    model: Option<Word>,
    /// 1 to 10; usually 3.
    #[schemars(with = "Option<i64>")]
    tier: Option<Tier>,
    /// Above it.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(with = "Option<String>")]
    parent_id: Option<WorkspaceId>,
    /// Runs elsewhere.
    #[serde(default)]
    external: bool,
    /// If external.
    url: Option<Word>,
    /// To `env:NAME` or `file:NAME`.
    #[schemars(with = "Option<Map<String, Value>>")]
    secrets: Option<BTreeMap<SecretName, Source>>,
    /// Its token: `file:NAME`.
    #[schemars(with = "Option<String>")]
    sink: Option<Sink>,
    /// Cents a month.
    #[schemars(with = "Option<i64>")]
    budget_limit: Option<Whole<0, { 1 << 53 }>>,
    /// Usually 1.
    #[schemars(with = "Option<i64>")]
    max_concurrent_tasks: Option<Whole<1, 1000>>,
    /// Host path to mount.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(with = "Option<String>")]
    workspace_dir: Option<HostDirectory>,
    /// `read_only`, `read_write`.
    #[schemars(with = "Option<String>")]
    workspace_access: Option<Access>,
    /// `x` and `y`.
    #[schemars(with = "Option<Map<String, Value>>")]
    canvas: Option<Place>,
    /// `content`, and `scope` LOCAL, TEAM or GLOBAL.
    #[schemars(with = "Option<Vec<Value>>")]
    initial_memories: Option<Vec<InitialMemory>>,
}

/// 1 to 10: the tenant takes any number, and means nothing by most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Tier(i64);

impl Tier {
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Tier {
    type Error = &'static str;

    fn try_from(tier: i64) -> Result<Self, Self::Error> {
        if (1..=10).contains(&tier) { Ok(Self(tier)) } else { Err("expected a tier from 1 to 10") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    None,
    ReadOnly,
    ReadWrite,
}

/// The tenant cuts longer ones.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialMemory {
    content: GivenText<100_000>,
    #[serde(default)]
    scope: Scope,
}

/// Who reads a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Scope {
    #[default]
    Local,
    Team,
    Global,
}

/// On the canvas.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    x: f64,
    y: f64,
}

/// The body that goes to the tenant; the one place where secret values are written out.
#[derive(Serialize)]
struct Body<'a> {
    name: &'a WorkspaceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: &'a Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: &'a Option<TemplateName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: &'a Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: &'a Option<WorkspaceId>,
    external: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: &'a Option<Word>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<&'a SecretName, Clear>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: &'a Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_limit: Option<Whole<0, { 1 << 53 }>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrent_tasks: Option<Whole<1, 1000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_dir: &'a Option<HostDirectory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_access: Option<Access>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canvas: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_memories: &'a Option<Vec<InitialMemory>>,
}

#[derive(Serialize)]
struct Clear(#[serde(serialize_with = "in_the_clear")] Credential);

#[derive(Deserialize)]
struct Created {
    id: WorkspaceId,
    status: String,
    connection: Option<Connection>,
}

#[derive(Deserialize)]
struct Connection {
    auth_token: Credential,
}

#[derive(Serialize, JsonSchema)]
pub struct CreatedWorkspace {
    id: WorkspaceId,
    name: String,
    /// `provisioning` ends in `online` or `failed` after a while: look again with get_workspace.
    status: String,
    /// Absent where it couldn't be read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
    /// Where the token is, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<Delivered>,
}

#[derive(Serialize, JsonSchema)]
struct Delivered {
    prefix: String,
    sink: String,
    location: String,
}

impl Act for CreateWorkspace {
    type Answer = CreatedWorkspace;

    fn effect(&self) -> Option<Effect> {
        // A token, secrets, a directory of the host or words that every agent reads are power given away.
        let reaches_host = self.workspace_access.is_some_and(|access| access != Access::None);
        let speaks_to_all = self.initial_memories.iter().flatten().any(|memory| memory.scope == Scope::Global);
        let escalates = self.sink.is_some() || self.secrets.is_some() || reaches_host || speaks_to_all;
        escalates.then_some(Effect::Escalate)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.check()?;
        let secrets = self.read_secrets(call)?;
        let place = match &self.sink {
            Some(sink) => Some(sink.prove(&call.server.directories, &format!("workspace-{}", self.name))?),
            None => None,
        };
        let body = self.body(secrets);
        let mut ask = call.tenant.ask(&CREATE).body(&body);
        for Clear(secret) in body.secrets.values() {
            ask = ask.hiding(secret.expose());
        }
        let created: Created = ask.fetch().await?;
        let seen = fetch_one(&created.id, call).await.ok();
        let delivered = match place {
            Some(place) => Some(self.deliver(place, created.connection, &created.id, call).await?),
            None => None,
        };
        Ok(CreatedWorkspace {
            name: self.name.to_string(),
            status: seen.as_ref().map_or(created.status, |seen| seen.status.clone()),
            tier: seen.as_ref().map(|seen| seen.tier),
            runtime: seen.map(|seen| seen.runtime),
            delivered,
            id: created.id,
        })
    }
}

impl CreateWorkspace {
    fn check(&self) -> Result<(), Failure> {
        if self.url.is_some() && !self.external {
            return Err(Failure::invalid("`url` is only kept for an external workspace")
                .next("Add `external: true`, or leave `url` out."));
        }
        let mounts = self.workspace_access.is_some_and(|access| access != Access::None);
        if mounts && self.workspace_dir.is_none() {
            return Err(Failure::invalid("`workspace_access` needs `workspace_dir`"));
        }
        if self.initial_memories.as_ref().is_some_and(|memories| memories.len() > MEMORIES) {
            return Err(Failure::invalid(format!("`initial_memories`: expected at most {MEMORIES}"))
                .next("Add the others with commit_memory."));
        }
        Ok(())
    }

    fn read_secrets(&self, call: &Invocation) -> Result<BTreeMap<&SecretName, Clear>, Failure> {
        let sources = self.secrets.iter().flatten();
        sources.map(|(name, source)| Ok((name, Clear(source.read(&call.server.directories)?)))).collect()
    }

    fn body<'a>(&'a self, secrets: BTreeMap<&'a SecretName, Clear>) -> Body<'a> {
        Body {
            name: &self.name,
            role: &self.role,
            template: &self.template,
            runtime: &self.runtime,
            tier: self.tier,
            parent_id: &self.parent_id,
            external: self.external,
            url: &self.url,
            secrets,
            model: &self.model,
            budget_limit: self.budget_limit,
            max_concurrent_tasks: self.max_concurrent_tasks,
            workspace_dir: &self.workspace_dir,
            workspace_access: self.workspace_access,
            canvas: self.canvas,
            initial_memories: &self.initial_memories,
        }
    }

    /// The tenant shows a token only for some external workspaces; for the others one is minted.
    async fn deliver(
        &self,
        place: Proved,
        connection: Option<Connection>,
        id: &WorkspaceId,
        call: &Invocation,
    ) -> Result<Delivered, Failure> {
        let after = |failure: Failure| {
            failure.changed(Changed::Yes).next(format!(
                "The workspace {id} was created; get its token with create_workspace_token once that works."
            ))
        };
        let token = match connection {
            Some(connection) => connection.auth_token,
            None => tokens::mint(id, call).await.map_err(after)?,
        };
        let location = tokens::deliver(place, &token, id, call).await?;
        let sink = self.sink.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(Delivered { prefix: token.prefix(), sink, location })
    }
}
