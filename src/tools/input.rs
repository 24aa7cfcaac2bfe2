//! What an agent reads when its arguments don't fit: which argument, what was expected, and the
//! nearest right name. Never the value, which may be a secret put in the wrong place.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::schema;
use super::tool::Tool;
use crate::failure::Failure;
use crate::nearest::nearest;

const NEVER_AN_ARGUMENT: &str =
    "A secret value is never an argument: have it put where this server can read it, and name the place";

fn is_for_a_secret(name: &str) -> bool {
    matches!(name, "value" | "secret" | "token" | "bot_token" | "webhook_url" | "webhook_secret" | "verify_token")
}

fn unknown_name(tool: &Tool, unknown: &str) -> Failure {
    let schema = tool.input_schema();
    let names: Vec<&str> = schema::names(&schema).collect();
    let next = match (nearest(unknown, names.iter().copied()), names.is_empty()) {
        (_, true) => format!("{} takes no arguments.", tool.name),
        // What users of other servers are used to, and what must never be in a conversation.
        _ if is_for_a_secret(unknown) && names.contains(&"source") => {
            format!("{NEVER_AN_ARGUMENT} as `source` (`env:NAME` or `file:NAME`).")
        }
        _ if is_for_a_secret(unknown) && names.contains(&"sources") => {
            format!("{NEVER_AN_ARGUMENT} in `sources`: {{\"{unknown}\": \"file:NAME\"}}.")
        }
        (Some(right), _) => format!("Did you mean `{right}`? {} takes: {}.", tool.name, names.join(", ")),
        (None, _) => format!("{} takes: {}.", tool.name, names.join(", ")),
    };
    Failure::invalid(format!("{} has no argument {}", tool.name, shown(unknown))).next(next)
}

/// Arguments into their checked type.
pub fn read<T: DeserializeOwned>(tool: &Tool, arguments: Map<String, Value>) -> Result<T, Failure> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| mistake(tool, &error))
}

/// For what may be left out: some clients write `""` for that.
pub fn unless_blank<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let given = Option::<Value>::deserialize(deserializer)?;
    let filled = given.filter(|value| !value.is_null() && value != "");
    filled.map(serde_json::from_value).transpose().map_err(D::Error::custom)
}

/// Says where the mistake is and what was expected there.
fn mistake(tool: &Tool, error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let words = error.inner().to_string();
    let path = error.path().to_string();
    if let Some(name) = quoted_after(&words, "unknown field `")
        && !path.contains(['.', '['])
    {
        return unknown_name(tool, name);
    }
    if let Some(name) = quoted_after(&words, "missing field `") {
        return Failure::invalid(format!("{} needs `{name}`", tool.name))
            .next(format!("Give `{name}` and call again."));
    }
    let place = if path == "." { "the arguments".to_owned() } else { format!("`{path}`") };
    Failure::invalid(format!("{place}: {}", expectation(&words)))
}

/// A name that somebody made up, fit for a message; what doesn't look like a name may be a credential.
pub fn shown(name: &str) -> String {
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_name { format!("`{name}`") } else { "of that name".to_owned() }
}

fn quoted_after<'a>(words: &'a str, prefix: &str) -> Option<&'a str> {
    words.strip_prefix(prefix).and_then(|rest| rest.split('`').next())
}

/// Serde's words quote the value before ", expected …"; only what follows is safe to repeat.
fn expectation(words: &str) -> String {
    match words.rfind("expected ") {
        Some(at) => in_words(words.get(at..).unwrap_or_default()),
        None => "not acceptable here".to_owned(),
    }
}

/// Types as people call them.
fn in_words(expected: &str) -> String {
    let kind = expected.strip_prefix("expected ").unwrap_or(expected);
    let word = match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        kind if kind.starts_with("struct ") => "an object",
        _ => return expected.to_owned(),
    };
    format!("expected {word}")
}
