//! add_channel. The tenant takes one of a type in a workspace, and says of a configuration only that it is
//! wrong: both are found out first, and said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ADD;
use super::adapters::{self, Adapter};
use super::config::{Plain, Sources};
use super::rules::{complaint, notes};
use super::users::Users;
use super::wire::{Channel, Line, fetch, find, is_kept_back};
use crate::backend::Ask;
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::{ChannelId, Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_lives;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddChannel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_channel_adapters.
    channel_type: Word,
    /// Plain fields: chat_id, channel_id, username …
    #[serde(default)]
    config: Plain,
    /// Secret fields, each by its place on the server: `file:NAME` or `env:NAME`.
    #[serde(default)]
    sources: Sources,
    /// Ids of those who may write to the agent; none: everybody.
    allowed_users: Option<Users>,
    /// Default true.
    enabled: Option<bool>,
}

/// A channel that was added or changed, as it reads now.
#[derive(Serialize, JsonSchema)]
pub struct Kept {
    channel: Line,
    /// What to know of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
}

#[derive(Deserialize)]
struct Added {
    id: ChannelId,
}

impl Act for AddChannel {
    type Answer = Kept;

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.sources.ready(&call.places().about(&self.about())).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let workspace = &self.workspace_id;
        let (kinds, there, ()) =
            tokio::try_join!(adapters::fetch(call), fetch(workspace, call), confirm_lives(workspace, call))?;
        let kind = adapters::find(&kinds, self.channel_type.as_str())?;
        if let Some(taken) = there.iter().find(|one| one.channel_type == kind.channel_type) {
            let message = format!("the workspace has its one channel of this type already: {}", taken.id);
            return Err(
                Failure::new(Code::Conflict, message).next("Change that one with update_channel, or remove it first.")
            );
        }
        let config = self.config(kind, call).await?;
        may_hold(&config, call)?;
        let mut body =
            json!({ "channel_type": self.channel_type, "config": config, "enabled": self.enabled.unwrap_or(true) });
        if let (Some(users), Some(body)) = (&self.allowed_users, body.as_object_mut()) {
            body.insert("allowed_users".into(), json!(users));
        }
        let ask = hiding(call.tenant.ask(&ADD).part("workspace_id", workspace), &config);
        let added: Added = match ask.body(&body).fetch().await {
            Ok(added) => added,
            Err(failure) => return Err(self.after_refusal(failure, call).await),
        };
        call.made(&added.id);
        let now = find(workspace, &added.id, call).await.map_err(unread)?;
        Ok(kept(now))
    }
}

impl AddChannel {
    fn about(&self) -> String {
        format!("the {} channel of workspace {}", self.channel_type.as_str(), self.workspace_id)
    }

    async fn config(&self, kind: &Adapter, call: &Invocation) -> Result<Map<String, Value>, Failure> {
        let given = |key: &str| self.config.fields().any(|(name, _)| name == key);
        if let Some(field) = kind.fields.iter().find(|field| field.sensitive && given(&field.key)) {
            return Err(Failure::invalid(format!("`config`: `{}` is a secret of this type", field.key))
                .next("Name its place on the server in `sources`, like \"file:NAME\"."));
        }
        let plain = self.config.fields().filter(|(_, value)| !value.is_null());
        let mut config: Map<String, Value> = plain.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        for (name, secret) in self.sources.read(&call.places().about(&self.about())).await? {
            config.insert(name.to_owned(), secret.expose().into());
        }
        fits(&kind.channel_type, &config)?;
        Ok(config)
    }

    async fn after_refusal(&self, failure: Failure, call: &Invocation) -> Failure {
        let kind = self.channel_type.as_str();
        match fetch(&self.workspace_id, call).await {
            Ok(now) if !now.iter().any(|one| one.channel_type == kind) => failure.confirmed(Changed::No),
            _ => failure,
        }
    }
}

pub fn fits(kind: &str, config: &Map<String, Value>) -> Result<(), Failure> {
    match complaint(kind, config) {
        None => Ok(()),
        Some(complaint) => Err(Failure::invalid(complaint)
            .next("Plain fields go into `config`, secret ones into `sources`; list_channel_adapters lists them.")),
    }
}

pub fn may_hold(config: &Map<String, Value>, call: &Invocation) -> Result<(), Failure> {
    config.values().filter_map(Value::as_str).try_for_each(|text| call.may_pass_on(text))
}

/// Whatever the tenant says of the request, it won't be what is kept back of it.
pub fn hiding(ask: Ask, config: &Map<String, Value>) -> Ask {
    let secrets = config.iter().filter(|(name, _)| is_kept_back(name)).filter_map(|(_, value)| value.as_str());
    secrets.fold(ask, Ask::hiding)
}

pub fn unread(failure: Failure) -> Failure {
    failure.changed(Changed::Yes).next("It was done; look with list_channels.")
}

pub fn kept(now: Channel) -> Kept {
    let notes = notes(&now.config(), now.allowed_users.as_deref().unwrap_or_default());
    Kept { channel: now.line(), notes }
}
