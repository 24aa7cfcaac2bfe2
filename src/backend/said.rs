//! What the tenant says in a refusal: `{"error": ".."}` and its companions, where there are any. Its
//! router, its guard and proxies before it say other things or nothing.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::clean;
use super::exchange::Body;
use super::retry;
use crate::fence;

const MOST_NAMES: usize = 50;

#[derive(Default)]
pub(super) struct Said {
    pub(super) error: Option<String>,
    pub(super) missing: Vec<String>,
    pub(super) retry_after: Option<Duration>,
    /// There was a body, and it was empty.
    pub(super) nothing: bool,
}

impl Said {
    /// Tells whether the tenant itself speaks, and not a proxy before it.
    pub(super) fn is_the_tenants_own(body: &Body) -> bool {
        Self::read(body, &[]).error.is_some()
    }

    pub(super) fn read(body: &Body, hidden: &[&str]) -> Self {
        let Body::Whole(bytes) = body else { return Self::default() };
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
            return Self { nothing: bytes.is_empty(), ..Self::default() };
        };
        let error = match fields.get("error") {
            Some(Value::String(text)) => Some(clean::words(text, hidden)),
            Some(Value::Object(inner)) => {
                Some(inner.get("message").and_then(Value::as_str).map_or_else(String::new, |t| clean::words(t, hidden)))
            }
            Some(Value::Null) | None => None,
            Some(_) => Some(String::new()),
        };
        let missing = match fields.get("missing_env") {
            Some(Value::Array(names)) => names.iter().take(MOST_NAMES).filter_map(|n| name(n, hidden)).collect(),
            _ => Vec::new(),
        };
        let retry_after = match fields.get("retry_after") {
            Some(Value::String(text)) => retry::retry_after(text, SystemTime::now()),
            Some(Value::Number(n)) => retry::retry_after(&n.to_string(), SystemTime::now()),
            _ => None,
        };
        Self { error, missing, retry_after, nothing: false }
    }
}

/// One missing name, or a choice of some (`{"any_of": [..]}`).
fn name(value: &Value, hidden: &[&str]) -> Option<String> {
    match value {
        Value::String(text) => Some(fence::name(&clean::words(text, hidden))),
        Value::Object(choice) => {
            let names = choice.get("any_of")?.as_array()?.iter().take(MOST_NAMES).filter_map(Value::as_str);
            let names: Vec<_> = names.map(|text| fence::name(&clean::words(text, hidden))).collect();
            Some(names.join(" or "))
        }
        _ => None,
    }
}
