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
use crate::tools::effect::Effect;
use crate::tools::ids::{Role, SecretName, TemplateName, Word, WorkspaceId, WorkspaceName};
use crate::tools::invocation::Invocation;
use crate::tools::keys::tokens;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Its name.
    #[schemars(with = "String")]
    name: WorkspaceName,
    /// Purpose.
    #[schemars(with = "Option<String>")]
    role: Option<Role>,
    /// Its template.
    #[schemars(with = "Option<String>")]
    template: Option<TemplateName>,
    /// Runtime.
    runtime: Option<Word>,
    /// Default 3.
    #[schemars(with = "Option<i64>")]
    tier: Option<Tier>,
    /// Its parent.
    #[schemars(with = "Option<String>")]
    parent_id: Option<WorkspaceId>,
    /// Runs elsewhere.
    #[serde(default)]
    external: bool,
    /// If external.
    url: Option<Word>,
    /// Names to sources.
    #[schemars(with = "Option<Map<String, Value>>")]
    secrets: Option<BTreeMap<SecretName, Source>>,
    /// `file:NAME`.
    #[schemars(with = "Option<String>")]
    sink: Option<Sink>,
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
        // A token, or secrets that the agent will hold, is power given away.
        (self.sink.is_some() || self.secrets.is_some()).then_some(Effect::Escalate)
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
