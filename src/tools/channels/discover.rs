//! discover_channel_chats: which chats a bot sees. Asking has a price, which is why it isn't a read.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::DISCOVER;
use super::config::Plain;
use crate::failure::Failure;
use crate::secrets::credential::in_the_clear;
use crate::secrets::{Credential, Source};
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

/// The tenant asks the service several times.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverChannelChats {
    /// Whose channel it is to become; what listens there with this token pauses meanwhile.
    workspace_id: WorkspaceId,
    /// Where the server finds the bot's token: `file:NAME` or `env:NAME`.
    source: Source,
    /// Default telegram, the only one that can.
    #[serde(alias = "type")]
    channel_type: Option<Word>,
    /// Where the users of another server put the token.
    #[serde(default, rename = "config")]
    #[schemars(skip)]
    _config: Plain,
}

/// The body that carries the token to the tenant.
#[derive(Serialize)]
struct Body<'a> {
    workspace_id: &'a WorkspaceId,
    channel_type: &'a str,
    #[serde(serialize_with = "in_the_clear")]
    bot_token: Credential,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Discovered {
    #[serde(default)]
    bot_username: String,
    #[serde(default, deserialize_with = "chats")]
    chats: Vec<Chat>,
    #[serde(default)]
    can_read_all_group_messages: bool,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    privacy_warning: Prose,
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    hint: Prose,
}

#[derive(Serialize, JsonSchema)]
struct Chat {
    chat_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

/// No recording shows one, so each of its likely forms is taken.
fn chats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Chat>, D::Error> {
    let told = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(told.iter().filter_map(chat).take(MOST).collect())
}

fn chat(told: &Value) -> Option<Chat> {
    let first = |names: &[&str]| {
        names.iter().find_map(|name| match told.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let chat_id = first(&["chat_id", "id"])?;
    Some(Chat { chat_id, name: first(&["title", "name", "username"]), kind: first(&["type", "chat_type", "kind"]) })
}

impl Act for DiscoverChannelChats {
    type Answer = Discovered;

    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.source.ready(&call.places().about(&self.about())).await?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let bot_token = self.source.read(&call.places().about(&self.about())).await?;
        confirm_exists(&self.workspace_id, call).await?;
        call.may_pass_on(bot_token.expose())?;
        call.progress.step(0, None, "asking the service which chats the bot sees");
        let channel_type = self.channel_type.as_ref().map_or("telegram", Word::as_str);
        let ask = call.tenant.ask(&DISCOVER).hiding(bot_token.expose());
        ask.body(&Body { workspace_id: &self.workspace_id, channel_type, bot_token }).within(PATIENCE).fetch().await
    }
}

impl DiscoverChannelChats {
    fn about(&self) -> String {
        format!("the bot's token for workspace {}", self.workspace_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_chat_is_known_in_any_form() {
        let told = json!({ "chats": [{ "id": -100, "title": "Ops", "type": "group" }, { "chat_id": "7" }, {}, 1] });
        let found: Discovered = serde_json::from_value(told).unwrap();
        let expected = json!([{ "chat_id": "-100", "name": "Ops", "kind": "group" }, { "chat_id": "7" }]);
        assert_eq!(serde_json::to_value(&found.chats).unwrap(), expected);
    }
}
