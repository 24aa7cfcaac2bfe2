//! What differs between a recorded body and an answered one. A value that the recorder found to differ
//! from run to run counts by its JSON type; everything else must be the same, key by key.

use chrono::{DateTime, Datelike};
use serde_json::Value;

/// What may differ.
pub(super) struct Allowed<'a> {
    /// Places whose values differ from run to run.
    pub(super) volatile: Vec<&'a str>,
    /// A time of the recording's day may be one of another.
    pub(super) other_days: bool,
}

pub(super) fn differences(want: &Value, got: &Value, allowed: &Allowed<'_>, at: &str) -> Vec<String> {
    let volatile = &allowed.volatile;
    if volatile.contains(&at) {
        let compatible = want.is_null() || got.is_null() || kind(want) == kind(got);
        return if compatible { Vec::new() } else { vec![format!("{at}: {} became {}", kind(want), kind(got))] };
    }
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            let mut found = Vec::new();
            for (key, value) in want {
                let at = format!("{at}/{key}");
                match got.get(key) {
                    Some(answered) => found.extend(differences(value, answered, allowed, &at)),
                    None if volatile.contains(&at.as_str()) => {}
                    None => found.push(format!("{at}: missing")),
                }
            }
            let more = got.keys().filter(|key| !want.contains_key(*key)).map(|key| format!("{at}/{key}"));
            let more = more.filter(|at| !volatile.contains(&at.as_str()));
            found.extend(more.map(|at| format!("{at}: not the platform's")));
            found
        }
        (Value::Array(want), Value::Array(got)) if want.len() != got.len() => {
            vec![format!("{at}/: {} items became {}", want.len(), got.len())]
        }
        (Value::Array(want), Value::Array(got)) => {
            let pairs = want.iter().zip(got).enumerate();
            pairs.flat_map(|(i, (want, got))| differences(want, got, allowed, &format!("{at}/{i}"))).collect()
        }
        _ if same(want, got, allowed.other_days) => Vec::new(),
        _ => vec![format!("{at}/: {want} became {got}")],
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn same(want: &Value, got: &Value, other_days: bool) -> bool {
    match (want, got) {
        (Value::Number(want), Value::Number(got)) => want.as_f64() == got.as_f64(),
        (Value::String(want), Value::String(got)) => want == got || (other_days && is_time_of_another_day(want, got)),
        _ => want == got,
    }
}

/// Midnight, the next 09:05 and the next quarter of an hour of a Monday are exact, but the recording's day
/// is over, and in some zones the clock was turned since. The first year is no day: it is how the platform
/// says never.
fn is_time_of_another_day(want: &str, got: &str) -> bool {
    let time = |text: &str| DateTime::parse_from_rfc3339(text).ok().filter(|time| time.year() > 1);
    time(want)
        .zip(time(got))
        .is_some_and(|(want, got)| want.timestamp() % 60 == 0 && (want.timestamp() - got.timestamp()) % 900 == 0)
}
