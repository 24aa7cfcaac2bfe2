//! What the services want of a configuration. The tenant says only that one is wrong, and of a changed
//! one not even that; what isn't known here is left to it.

use serde_json::{Map, Value};

/// What is wrong with it, without a word of what is in it.
pub fn complaint(kind: &str, config: &Map<String, Value>) -> Option<&'static str> {
    let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
    let webhook = text("webhook_url");
    let fits = |prefixes: &[&str]| prefixes.iter().any(|prefix| webhook.starts_with(prefix));
    match kind {
        "telegram" if !is_bot_token(text("bot_token")) => {
            Some("telegram needs a `bot_token` as BotFather gives it: digits, a colon, 30 characters or more")
        }
        "telegram" if !config.contains_key("chat_id") => Some("telegram needs a `chat_id`"),
        "slack" if !text("bot_token").is_empty() && !text("channel_id").is_empty() => None,
        "slack" if !fits(&["https://hooks.slack.com/"]) => {
            Some("slack needs a `bot_token` and a `channel_id`, or a `webhook_url` of https://hooks.slack.com/")
        }
        "discord" if !fits(&["https://discord.com/", "https://discordapp.com/"]) => {
            Some("discord needs a `webhook_url` of https://discord.com/api/webhooks/")
        }
        "lark" if !fits(&["https://open.feishu.cn/", "https://open.larksuite.com/"]) => {
            Some("lark needs a `webhook_url` of https://open.feishu.cn/ or https://open.larksuite.com/")
        }
        _ => None,
    }
}

pub fn is_bot_token(token: &str) -> bool {
    let parts = token.split_once(':').filter(|(id, rest)| !id.is_empty() && rest.len() >= 30);
    parts.is_some_and(|(id, _)| id.chars().all(|c| c.is_ascii_digit()))
}

/// What the tenant takes and doesn't do what somebody would expect.
pub fn notes(config: &Map<String, Value>, allowed_users: &[String]) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if !has_chat(config) {
        notes.push("It has no `chat_id`, and so can neither send nor receive: set one with update_channel.");
    }
    if allowed_users.is_empty() {
        notes.push("No `allowed_users` are named, so everybody in the chat may write to the agent.");
    }
    notes
}

/// Messages go to the chat of this name only, whatever else the service calls it.
pub fn has_chat(config: &Map<String, Value>) -> bool {
    config.get("chat_id").and_then(Value::as_str).is_some_and(|chat| !chat.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_service_wants_its_own() {
        let token = "123456789:AAE0000000000000000000000000000000000";
        let of = |kind: &str, config: Value| complaint(kind, config.as_object().unwrap());
        assert_eq!(of("telegram", json!({ "bot_token": token, "chat_id": -100 })), None);
        assert!(of("telegram", json!({ "bot_token": token })).unwrap().contains("chat_id"));
        assert!(of("telegram", json!({ "bot_token": "1:abc", "chat_id": "1" })).unwrap().contains("BotFather"));
        assert_eq!(of("slack", json!({ "bot_token": "xoxb", "channel_id": "C1" })), None);
        assert_eq!(of("slack", json!({ "webhook_url": "https://hooks.slack.com/services/T0" })), None);
        assert!(of("slack", json!({ "bot_token": "xoxb" })).is_some());
        assert!(of("discord", json!({ "webhook_url": "https://example.com/x" })).is_some());
        assert!(of("lark", json!({})).is_some());
        assert_eq!(of("irc", json!({})), None);
    }
}
