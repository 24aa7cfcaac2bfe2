//! A message as it travels: a JSON-RPC request. What came without an envelope is given one, and a
//! message without an id gets one; nothing else is looked at.

use serde_json::{Map, Value, json};

use super::super::ids;

/// More is cut, and so no longer JSON.
const LONGEST: usize = 1 << 20;

pub(super) struct Envelope(Value);

impl Envelope {
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let body = body.get(..LONGEST).unwrap_or(body);
        let asked: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let mut whole = if asked.contains_key("jsonrpc") { asked } else { wrapped(asked) };
        if let Some(message) = whole.get_mut("params").and_then(|params| params.get_mut("message")?.as_object_mut()) {
            message.entry("messageId").or_insert_with(|| ids::fresh().into());
        }
        Some(Self(whole.into()))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self(serde_json::from_str(text).ok()?))
    }

    pub(super) fn json(&self) -> &Value {
        &self.0
    }

    pub(super) fn method(&self) -> &str {
        self.0.get("method").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn message_id(&self) -> Option<&str> {
        self.0.pointer("/params/message/messageId")?.as_str()
    }

    pub(super) fn delegation(&self) -> Option<&str> {
        self.0.pointer("/params/message/metadata/delegation_id")?.as_str()
    }

    /// All that was said in it.
    pub(super) fn text(&self) -> String {
        texts(self.0.pointer("/params/message/parts")).unwrap_or_default()
    }
}

fn wrapped(asked: Map<String, Value>) -> Map<String, Value> {
    let kept = ["method", "params"].map(|name| (name.to_owned(), asked.get(name).cloned().unwrap_or_default()));
    let envelope = [("jsonrpc".to_owned(), json!("2.0")), ("id".to_owned(), ids::fresh().into())];
    envelope.into_iter().chain(kept).collect()
}

/// What an agent's answer says: the text of its parts or its artifacts, or else the answer as it stands.
pub(crate) fn said(answer: &[u8]) -> String {
    let whole = || String::from_utf8_lossy(answer).into_owned();
    let Ok(parsed) = serde_json::from_slice::<Value>(answer) else { return whole() };
    let places =
        ["/result/parts", "/result/artifacts/0/parts", "/result/message/parts", "/result/status/message/parts"];
    places.iter().find_map(|place| texts(parsed.pointer(place))).unwrap_or_else(whole)
}

fn texts(parts: Option<&Value>) -> Option<String> {
    let texts = parts?.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
    let texts: Vec<&str> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
