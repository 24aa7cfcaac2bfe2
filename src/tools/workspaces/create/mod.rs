//! create_workspace: one that is made, looked at, and its token delivered where the caller said.

mod body;
mod wish;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::body::Clear;
pub use self::wish::{CreateWorkspace, Tier};
use super::CREATE;
use super::wire::{fetch_all, fetch_one};
use crate::failure::{Changed, Failure};
use crate::policy::target::Reach;
use crate::secrets::Credential;
use crate::secrets::sink::Proved;
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::keys::tokens;
use crate::tools::tool::{Act, Earlier};

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
        self.gives_power().then_some(Effect::Escalate)
    }

    /// The tenant says of none when it was made, so one of this name may be older.
    async fn made_before(&self, call: &Invocation, _: DateTime<Utc>) -> Result<Earlier<CreatedWorkspace>, Failure> {
        let all = fetch_all(call).await?;
        Ok(match all.into_iter().find(|one| one.name == self.name.as_str()) {
            None => Earlier::Nothing,
            Some(one) => Earlier::CantTell(format!(
                "A workspace of this name exists: {}. If it isn't the one, call again under another idempotency key.",
                one.id
            )),
        })
    }

    fn reach(&self) -> Option<Reach> {
        self.reaches_all().then_some(Reach::Organisation)
    }

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.ready(call).await?;
        if let Some(sink) = &self.sink {
            sink.may(&call.places(), &self.place_name()).await?;
        }
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.check()?;
        if self.sink.is_some() {
            tokens::refuse_limited(call)?;
        }
        let secrets = self.read_secrets(call).await?;
        let place = match &self.sink {
            Some(sink) => Some(sink.prove(&call.places(), &self.place_name()).await?),
            None => None,
        };
        let body = self.body(secrets);
        let mut ask = call.tenant.ask(&CREATE).body(&body);
        for Clear(secret) in body.secrets.values() {
            call.may_pass_on(secret.expose())?;
            ask = ask.hiding(secret.expose());
        }
        let created: Created = ask.fetch().await?;
        call.made(&created.id);
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
    /// Of its token, where the caller names none.
    fn place_name(&self) -> String {
        format!("workspace-{}", self.name)
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
            Some(connection) => tokens::Fresh::shown(connection.auth_token, id, call).await?,
            None => tokens::Fresh::mint(id, call).await.map_err(after)?,
        };
        let prefix = token.token.prefix();
        let location = token.deliver(place, id, call).await?;
        let sink = self.sink.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(Delivered { prefix, sink, location })
    }
}
