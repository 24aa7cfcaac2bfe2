//! No answer is larger than a client can take: some refuse what is over 25,000 tokens, and writing a
//! giant out would hold up everybody else on the way.

use serde_json::Value;

use crate::failure::{Code, Failure};

/// About 25,000 tokens.
const LARGEST: usize = 100_000;

pub(super) fn bounded(answer: Value) -> Result<Value, Failure> {
    if weight(&answer) <= LARGEST {
        return Ok(answer);
    }
    Err(Failure::new(Code::TooLarge, "the answer would be larger than 100 kB")
        .next("Ask for less: a smaller `limit`, a filter, or without `long`."))
}

/// Roughly its length as JSON.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum(),
        Value::Object(fields) => fields.iter().map(|(name, inner)| name.len() + weight(inner) + 4).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_giant_is_refused_wherever_it_hides() {
        assert!(bounded(json!({ "items": vec!["x".repeat(90); 1000] })).is_ok());
        for giant in [json!("x".repeat(200_000)), json!(vec![0; 30_000]), json!({ "a": { "b": vec!["xy"; 40_000] } })] {
            assert_eq!(bounded(giant).unwrap_err().code(), Code::TooLarge);
        }
    }
}
