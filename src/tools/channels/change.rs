//! update_channel. The tenant replaces the whole configuration, checks nothing, and masks the bot token
//! when asked: the change is merged into what is there, and a mask is never written back.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::UPDATE;
use super::add::{Kept, fits, hiding, kept, may_hold, unread};
use super::config::{Plain, Sources, is_secret};
use super::users::Users;
use super::wire::{Channel, find};
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::{ChannelId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateChannel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_channels.
    channel_id: ChannelId,
    /// Plain fields to change; null takes one away.
    #[serde(default)]
    config: Plain,
    /// Secret fields to change, each by its place on the server: `file:NAME` or `env:NAME`.
    #[serde(default)]
    sources: Sources,
    /// All who may write to the agent; an empty list: everybody.
    allowed_users: Option<Users>,
    /// Whether it receives.
    enabled: Option<bool>,
}

impl Act for UpdateChannel {
    type Answer = Kept;

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.sources.ready(&call.places().about(&self.about())).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let before = find(&self.workspace_id, &self.channel_id, call).await?;
        let config = self.merged(&before, call).await?;
        config.as_ref().map_or(Ok(()), |config| may_hold(config, call))?;
        let fields = [
            ("config", config.as_ref().map(|config| json!(config))),
            ("allowed_users", self.allowed_users.as_ref().map(|users| json!(users))),
            ("enabled", self.enabled.map(|enabled| json!(enabled))),
        ];
        let wanted: Map<String, Value> =
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if wanted.is_empty() {
            return Err(Failure::invalid("there is nothing to change").next("Give at least one field besides the ids."));
        }
        let ask = call.tenant.ask(&UPDATE).part("workspace_id", &self.workspace_id);
        let ask = ask.part("channel_id", &self.channel_id).body(&wanted);
        hiding(ask, config.as_ref().unwrap_or(&Map::new())).received().await?;
        let now = find(&self.workspace_id, &self.channel_id, call).await.map_err(unread)?;
        if !self.took_effect(config.as_ref(), &now) {
            return Err(Failure::new(Code::UnexpectedAnswer, "the tenant answered `updated`, but it reads otherwise")
                .changed(Changed::Unknown)
                .next("Look with list_channels: somebody else may have changed it."));
        }
        Ok(kept(now))
    }
}

impl UpdateChannel {
    fn about(&self) -> String {
        format!("channel {} of workspace {}", self.channel_id, self.workspace_id)
    }

    /// The whole configuration as it shall be; `None` leaves it alone.
    async fn merged(&self, before: &Channel, call: &Invocation) -> Result<Option<Map<String, Value>>, Failure> {
        if self.config.is_empty() && self.sources.is_empty() {
            return Ok(None);
        }
        let mut config = before.config();
        let mut masked = before.masked();
        for (name, value) in self.config.fields() {
            match value {
                Value::Null => config.remove(name),
                value => config.insert(name.to_owned(), value.clone()),
            };
            masked.retain(|one| one != name);
        }
        for (name, secret) in self.sources.read(&call.places().about(&self.about())).await? {
            config.insert(name.to_owned(), secret.expose().into());
            masked.retain(|one| one != name);
        }
        if !masked.is_empty() {
            return Err(needed_again(&masked));
        }
        fits(&before.channel_type, &config)?;
        Ok(Some(config))
    }

    /// Secrets read back masked or not at all; the fields are there, and the plain ones as they were given.
    fn took_effect(&self, config: Option<&Map<String, Value>>, now: &Channel) -> bool {
        let reads = now.config();
        let same = |wanted: &Map<String, Value>| {
            wanted.len() == reads.len()
                && wanted.iter().all(|(name, value)| match is_secret(name) {
                    true => reads.contains_key(name),
                    false => reads.get(name) == Some(value),
                })
        };
        config.is_none_or(same)
            && self.enabled.is_none_or(|enabled| now.enabled == enabled)
            && self.allowed_users.as_ref().is_none_or(|users| users.are(now.allowed_users.as_ref()))
    }
}

fn needed_again(masked: &[String]) -> Failure {
    let places: Vec<String> = masked.iter().map(|name| format!("\"{name}\": \"file:NAME\"")).collect();
    Failure::invalid(format!(
        "the tenant replaces the whole configuration and doesn't give {} back, so it would be lost",
        masked.join(", ")
    ))
    .next(format!("Name where this server finds it, too: `sources`: {{{}}}.", places.join(", ")))
}
