//! Free text from the tenant in an answer: reasons, prompts, memories, files, transcripts. It stands
//! in a fence, so that nothing in it can pass for ours, and where it is cut it says how long it is and
//! how to get the rest.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::fence;
use crate::tools::giant;
use crate::tools::invocation::Invocation;

/// A text, or the first part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    text: String,
    /// Its whole length in characters and the way to the rest, where it was cut.
    cut: Option<(usize, String)>,
}

impl Prose {
    /// At most so many characters of it; `rest` says how to get the others ("read_file with `from`").
    #[must_use]
    pub fn excerpt(mut self, most: usize, rest: &str) -> Self {
        if let Some((end, _)) = self.text.char_indices().nth(most) {
            self.cut = Some((self.text.chars().count(), rest.to_owned()));
            self.text.truncate(end);
        }
        self
    }

    /// The same, with the whole kept for a while. `otherwise` says how to get the others where that can't be.
    #[must_use]
    pub fn excerpt_of_kept(self, most: usize, otherwise: &str, call: &Invocation) -> Self {
        let rest = self.text.chars().nth(most).and_then(|_| call.keep(&self.text));
        self.excerpt(most, rest.as_deref().unwrap_or(otherwise))
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn fenced(&self) -> String {
        let note = match &self.cut {
            None => String::new(),
            Some((length, rest)) => format!("; {} of {length} characters, the rest: {rest}", self.text.chars().count()),
        };
        in_fence(&self.text, &note)
    }
}

/// A giant isn't worked on: whoever looks at the answer last refuses it.
fn in_fence(text: &str, note: &str) -> String {
    if giant::is_one(text) { text.to_owned() } else { fence::around(text, note) }
}

impl From<String> for Prose {
    fn from(text: String) -> Self {
        Self { text, cut: None }
    }
}

impl<'de> Deserialize<'de> for Prose {
    /// The tenant writes null for some texts that aren't there.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default().into())
    }
}

impl Serialize for Prose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.text.is_empty() { serializer.serialize_str("") } else { serializer.serialize_str(&self.fenced()) }
    }
}

impl JsonSchema for Prose {
    fn schema_name() -> Cow<'static, str> {
        "Prose".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// JSON of any shape that an agent or a person in the organisation wrote: configuration, payloads,
/// values of memory. Its long texts and names are fenced like prose; as a whole it can be cut like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Whole(Value),
    /// A text in it, or the first part of its JSON.
    Text(Prose),
}

/// A text in it that is longer than this, or has lines, is prose.
const SHORT: usize = 80;

impl Data {
    /// All of it, or where its JSON is longer, so many characters of that.
    #[must_use]
    pub fn excerpt(self, most: usize, rest: &str) -> Self {
        match self {
            Self::Whole(value) => {
                let text = value.to_string();
                if text.len() <= most { Self::Whole(value) } else { Self::Text(Prose::from(text).excerpt(most, rest)) }
            }
            text @ Self::Text(_) => text,
        }
    }

    /// The same, with the whole kept for a while.
    #[must_use]
    pub fn excerpt_of_kept(self, most: usize, otherwise: &str, call: &Invocation) -> Self {
        match self {
            Self::Whole(value) => {
                let text = value.to_string();
                if text.len() <= most {
                    return Self::Whole(value);
                }
                Self::Text(Prose::from(text).excerpt_of_kept(most, otherwise, call))
            }
            text @ Self::Text(_) => text,
        }
    }

    /// A text in it, as it was cut already.
    pub fn of(text: &Prose) -> Self {
        Self::Text(text.clone())
    }

    pub fn is_null(&self) -> bool {
        *self == Self::default()
    }

    /// Without what stands in it under these names.
    pub fn leave_out(&mut self, names: &[&str]) {
        if let Self::Whole(Value::Object(fields)) = self {
            fields.retain(|name, _| !names.contains(&name.as_str()));
        }
    }

    /// What stands in it under that name.
    pub fn get(&self, name: &str) -> Option<Self> {
        match self {
            Self::Whole(value) => value.get(name).cloned().map(Self::Whole),
            Self::Text(_) => None,
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::Whole(Value::Null)
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        Self::Whole(value)
    }
}

fn fenced(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(fenced_text(text)),
        Value::Array(items) => items.iter().map(fenced).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, inner)| (fenced_text(name), fenced(inner))).collect())
        }
        other => other.clone(),
    }
}

fn fenced_text(text: &str) -> String {
    let is_prose = text.chars().nth(SHORT).is_some() || text.contains('\n');
    if is_prose { in_fence(text, "") } else { text.to_owned() }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => fenced(value).serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

impl JsonSchema for Data {
    fn schema_name() -> Cow<'static, str> {
        "Data".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(prose: &Prose) -> String {
        serde_json::to_value(prose).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_cut_says_so() {
        let text = shown(&Prose::from("äbc".repeat(10)).excerpt(4, "ask for more"));
        assert!(
            text.contains("⟧äbcä⟦end ") && text.ends_with("; 4 of 30 characters, the rest: ask for more⟧"),
            "{text}"
        );
        let whole = shown(&Prose::from("äbc".to_owned()).excerpt(3, "ask for more"));
        assert!(!whole.contains("rest"), "{whole}");
        assert_eq!(shown(&Prose::default()), "");
    }

    #[test]
    fn data_keeps_its_shape_and_fences_its_texts() {
        let data = Data::from(json!({ "a": ["short", "two\nlines"], "n": 1, "a\nname": 2 }));
        let shown = serde_json::to_value(&data).unwrap();
        assert_eq!((&shown["a"][0], &shown["n"]), (&json!("short"), &json!(1)));
        assert!(shown["a"][1].as_str().unwrap().starts_with("⟦text "));
        assert!(shown.as_object().unwrap().keys().any(|name| name.starts_with("⟦text ") && name.contains("a\nname")));
        let cut = serde_json::to_value(data.excerpt(30, "elsewhere")).unwrap();
        let cut = cut.as_str().unwrap();
        assert!(cut.contains("characters, the rest: elsewhere") && !cut.contains("[[text"), "{cut}");
    }
}
