//! A channel as the tenant tells it, secrets and all, and what of it may be shown.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LIST;
use super::config::is_secret;
use crate::failure::{Code, Failure};
use crate::tools::ids::{ChannelId, FieldName, WorkspaceId};
use crate::tools::invocation::Invocation;

/// Holds webhook addresses in clear: it isn't shown, and has no way to be.
#[derive(Clone, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub channel_type: String,
    #[serde(default)]
    pub config: Option<Map<String, Value>>,
    pub enabled: bool,
    pub allowed_users: Option<Vec<String>>,
    #[serde(default)]
    message_count: i64,
    last_message_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Line {
    pub id: ChannelId,
    channel_type: String,
    enabled: bool,
    config: Shown,
    /// Fields that are set and never shown: tokens, keys, webhook addresses.
    kept_back: Vec<String>,
    /// Who may write to the agent; none: everybody.
    allowed_users: Vec<String>,
    message_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

/// All that is shown of a configuration.
#[derive(Serialize, JsonSchema)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_emoji: Option<String>,
}

const SHOWN: [&str; 4] = ["chat_id", "channel_id", "username", "icon_emoji"];

/// Whether it is kept back: what isn't known to be harmless may be a credential.
pub fn is_kept_back(name: &str) -> bool {
    !SHOWN.contains(&name)
}

impl Channel {
    pub fn config(&self) -> Map<String, Value> {
        self.config.clone().unwrap_or_default()
    }

    /// The secret fields that the tenant masks: whoever writes the configuration back writes the mask.
    pub fn masked(&self) -> Vec<String> {
        let config = self.config.iter().flatten();
        config.filter(|(name, value)| is_masked(name, value)).map(|(name, _)| name.clone()).collect()
    }

    pub fn line(self) -> Line {
        let config = self.config.unwrap_or_default();
        let text = |name: &str| match config.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let shown = Shown {
            chat_id: text("chat_id"),
            channel_id: text("channel_id"),
            username: text("username"),
            icon_emoji: text("icon_emoji"),
        };
        Line {
            id: self.id,
            channel_type: self.channel_type,
            enabled: self.enabled,
            config: shown,
            kept_back: config.keys().filter(|name| is_kept_back(name)).map(|name| named(name)).collect(),
            allowed_users: self.allowed_users.unwrap_or_default(),
            message_count: self.message_count,
            last_message_at: self.last_message_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The tenant masks bot tokens; another one may mask more.
fn is_masked(name: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let looks_masked = text.contains("...") || (!text.is_empty() && text.chars().all(|c| c == '*'));
    name == "bot_token" || (is_secret(name) && looks_masked)
}

/// What isn't a name may be anything.
fn named(name: &str) -> String {
    FieldName::try_from(name.to_owned()).map_or_else(|_| "(another field)".to_owned(), |name| name.to_string())
}

/// By age; none for a workspace that isn't there.
pub async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<Channel>, Failure> {
    call.tenant.ask(&LIST).part("workspace_id", workspace).fetch().await
}

/// What may be kept of them: what is shown.
pub async fn kept<T: DeserializeOwned>(workspace: &WorkspaceId, call: &Invocation) -> Result<Vec<T>, Failure> {
    let shown = fetch(workspace, call).await?.into_iter().map(|one| serde_json::to_value(one.line()));
    let kept: serde_json::Result<Vec<T>> = shown.map(|line| line.and_then(serde_json::from_value)).collect();
    kept.map_err(|_| Failure::new(Code::Internal, "a channel can't be kept"))
}

/// One of this workspace's. The tenant itself would send through anybody's.
pub async fn find(workspace: &WorkspaceId, id: &ChannelId, call: &Invocation) -> Result<Channel, Failure> {
    let all = fetch(workspace, call).await?;
    all.into_iter().find(|one| one.id == *id).ok_or_else(|| {
        Failure::new(Code::NotFound, "this workspace has no such channel")
            .next("Look at list_channels of the workspace, and use an id from there.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_secret_is_shown_and_what_is_masked_is_known() {
        let channel: Channel = serde_json::from_value(json!({
            "id": "8d4f3654-3053-4519-a391-c5b4cc0bfab8", "channel_type": "slack", "enabled": true,
            "allowed_users": null,
            "config": {
                "chat_id": -100, "username": "PM", "bot_token": "xoxb...cdef", "webhook_url": "https://hook.canary",
                "verify_token": "***", "webhook_secret": "canary", "Odd canary key": 1, "later": "canary",
            },
        }))
        .unwrap();
        assert_eq!(channel.masked(), ["bot_token", "verify_token"]);
        let shown = serde_json::to_value(channel.line()).unwrap();
        assert_eq!(shown["config"], json!({ "chat_id": "-100", "username": "PM" }));
        let kept_back = ["(another field)", "bot_token", "later", "verify_token", "webhook_secret", "webhook_url"];
        assert_eq!(shown["kept_back"], json!(kept_back));
        assert!(!shown.to_string().contains("canary") && !shown.to_string().contains("cdef"), "{shown}");
    }
}
