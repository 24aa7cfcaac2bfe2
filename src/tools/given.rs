//! What an agent gives that it may have read here before: without the fences that were put around it
//! then, so that reading, changing and writing back keeps it as it was. An excerpt is refused, because
//! the rest would be lost.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::fence::{self, Given};

const WHOLE: &str = "expected the whole text and not an excerpt of it";

/// JSON of any shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GivenData(Value);

impl GivenData {
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl<'de> Deserialize<'de> for GivenData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        unfence(&mut value).map_err(D::Error::custom)?;
        Ok(Self(value))
    }
}

fn unfence(value: &mut Value) -> Result<(), &'static str> {
    match value {
        Value::String(text) => match fence::given(text) {
            Given::Plain(_) => {}
            Given::Fenced(inner) => *value = inner.into(),
            Given::Cut => return Err(WHOLE),
        },
        Value::Array(items) => items.iter_mut().try_for_each(unfence)?,
        Value::Object(fields) => fields.values_mut().try_for_each(unfence)?,
        _ => {}
    }
    Ok(())
}

impl JsonSchema for GivenData {
    fn schema_name() -> Cow<'static, str> {
        "GivenData".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// Text of 1 to `MOST` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct GivenText<const MOST: usize>(String);

impl<const MOST: usize> GivenText<MOST> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MOST: usize> TryFrom<String> for GivenText<MOST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = match fence::given(&text) {
            Given::Plain(_) => text,
            Given::Fenced(inner) => inner.to_owned(),
            Given::Cut => return Err(WHOLE.to_owned()),
        };
        let fits = !text.is_empty() && text.len() <= MOST && !text.contains('\0');
        fits.then_some(Self(text)).ok_or_else(|| format!("expected text of 1 to {MOST} bytes"))
    }
}

impl<const MOST: usize> JsonSchema for GivenText<MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("GivenText{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": MOST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fences_come_off_and_excerpts_are_refused() {
        let fenced = fence::around("two\nlines", "");
        let given: GivenData = serde_json::from_value(json!({ "a": [fenced, "plain", 1] })).unwrap();
        assert_eq!(given.0, json!({ "a": ["two\nlines", "plain", 1] }));
        assert_eq!(GivenText::<20>::try_from(fenced).unwrap().as_str(), "two\nlines");
        let cut = fence::around("two", "; 3 of 9 characters, the rest: x");
        assert!(serde_json::from_value::<GivenData>(json!([cut])).is_err());
        assert!(GivenText::<500>::try_from(cut).is_err());
        assert!(GivenText::<2>::try_from("abc".to_owned()).is_err());
    }
}
