//! How large an answer is, before anybody works on it. What no client can take is refused (`dispatch/shape.rs`);
//! until then nobody goes through its megabytes, which would hold up all other calls.

use serde_json::Value;

/// About 25,000 tokens: some clients refuse what is over that.
pub const LARGEST: usize = 100_000;

/// Roughly its length as JSON.
pub fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| length(item) + 1).sum(),
        Value::Object(fields) => fields.iter().map(|(name, inner)| name.len() + length(inner) + 4).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
    }
}

/// Whether an answer with this text in it is refused in any case.
pub fn is_one(text: &str) -> bool {
    text.len() > LARGEST
}
