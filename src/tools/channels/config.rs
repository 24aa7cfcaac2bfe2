//! A channel's configuration as a caller gives it: plain fields as they are, secret ones by the place
//! where this server finds them. A secret among the plain ones is refused when the arguments are read,
//! before anything could keep it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::rules::is_bot_token;
use crate::failure::Failure;
use crate::secrets::{Credential, Places, Source};
use crate::tools::ids::FieldName;

/// Nobody's chat id or name is longer.
const LONGEST: usize = 500;
/// From this length on a run of key characters is a key rather than a name.
const KEY_LIKE: usize = 40;
const EXPECTED: &str = "expected an object of plain fields like `chat_id`, and no secret among them: a token, key or \
    webhook address is named by its place on the server in `sources`, like {\"bot_token\": \"file:NAME\"} \
    (discover_channel_chats: `source`)";

/// Its plain fields; null takes one away.
#[derive(Clone, Default)]
pub struct Plain(BTreeMap<FieldName, Value>);

impl Plain {
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Plain {
    /// An object, or what the users of another server are used to: its JSON as text, empty for none.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
            Value::String(text) => serde_json::from_str(&text).map_err(|_| D::Error::custom(EXPECTED))?,
            given => given,
        };
        plain(given).map(Self).ok_or_else(|| D::Error::custom(EXPECTED))
    }
}

fn plain(given: Value) -> Option<BTreeMap<FieldName, Value>> {
    let Value::Object(fields) = given else { return None };
    let field = |(name, value): (String, Value)| {
        let name = FieldName::try_from(name).ok()?;
        let fits = match &value {
            Value::Null => true,
            Value::Bool(_) | Value::Number(_) => !is_secret(name.as_str()),
            Value::String(text) => !is_secret(name.as_str()) && text.len() <= LONGEST && !looks_secret(text),
            Value::Array(_) | Value::Object(_) => false,
        };
        fits.then_some((name, value))
    };
    fields.into_iter().map(field).collect()
}

/// Whether a field of that name holds a credential. A webhook's address is one: who has it can post.
pub fn is_secret(name: &str) -> bool {
    const SIGNS: [&str; 9] = ["token", "secret", "key", "url", "hook", "password", "credential", "sign", "auth"];
    SIGNS.iter().any(|sign| name.contains(sign))
}

/// Whether a text is a credential, whatever its field is called.
fn looks_secret(text: &str) -> bool {
    let is_key_like = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.contains("://")
        || text.contains("xox")
        || is_bot_token(text)
        || text.split(|c| !is_key_like(c)).any(|run| run.len() >= KEY_LIKE)
}

impl JsonSchema for Plain {
    fn schema_name() -> Cow<'static, str> {
        "Plain".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// Its secret fields, by their places.
#[derive(Clone, Default, Deserialize)]
pub struct Sources(BTreeMap<FieldName, Source>);

impl Sources {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether people have typed in what they were asked for; `places` say for which channel.
    pub async fn ready(&self, places: &Places<'_>) -> Result<(), Failure> {
        for (name, source) in &self.0 {
            source.ready(&places.about(&field_of(name, places))).await?;
        }
        Ok(())
    }

    pub async fn read(&self, places: &Places<'_>) -> Result<Vec<(&str, Credential)>, Failure> {
        let mut read = Vec::new();
        for (name, source) in &self.0 {
            read.push((name.as_str(), source.read(&places.about(&field_of(name, places))).await?));
        }
        Ok(read)
    }
}

fn field_of(name: &FieldName, places: &Places<'_>) -> String {
    format!("{} of {}", name.as_str(), places.about)
}

impl JsonSchema for Sources {
    fn schema_name() -> Cow<'static, str> {
        "Sources".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_fields_pass_as_an_object_or_as_its_text() {
        for given in [
            json!({ "chat_id": "-1001, oc_0123456789abcdef0123456789abcdef", "username": "PM", "silent": true, "n": 1 }),
            json!({ "bot_token": null }),
            json!("{\"chat_id\":\"-1001234567890\"}"),
            json!(""),
        ] {
            assert!(serde_json::from_value::<Plain>(given.clone()).is_ok(), "{given}");
        }
    }

    #[test]
    fn a_secret_is_refused_wherever_it_stands_and_isnt_repeated() {
        let token = "123456789:AAE0000000000000000000000000000000000";
        for given in [
            json!({ "bot_token": token }),
            json!({ "webhook_url": "x" }),
            json!({ "app_public_key": 17 }),
            json!({ "chat_id": token }),
            json!({ "username": "https://hooks.slack.com/services/T0/B0/xyz" }),
            json!({ "username": "xoxb-1-2-abcdef" }),
            json!({ "chat_id": "0123456789abcdefghijABCDEFGHIJ0123456789" }),
            json!({ "a": { "b": { "bot_token": token } } }),
            json!({ token: "x" }),
            json!([{ "bot_token": token }]),
            json!(format!("{{\"bot_token\":\"{token}\"}}")),
            json!(format!("{{\"bot_token\":\"{token}\"")),
        ] {
            let refused = serde_json::from_value::<Plain>(given.clone()).err().expect("a refusal").to_string();
            assert_eq!(refused, EXPECTED, "{given}");
        }
    }
}
