//! The question as a form in a client: a text of ours, and one field. It never asks for a secret.

use serde_json::{Map, Value, json};

use super::Question;
use super::preview::Preview;
use crate::fence;

#[derive(Clone, Debug)]
pub struct Form {
    pub message: String,
    /// JSON schema of the answer: one field.
    pub schema: Map<String, Value>,
    /// What a client has to bring back with the answer, where the answer comes with its next call.
    pub state: String,
}

impl Form {
    pub fn of(question: &Question, state: String) -> Self {
        Self { message: question.preview.text(), schema: schema(&question.preview), state }
    }
}

fn schema(preview: &Preview) -> Map<String, Value> {
    let (field, description) = match &preview.name {
        Some(name) => ("name", json!({ "type": "string", "title": format!("Type {} to agree", fence::name(name)) })),
        None => ("agree", json!({ "type": "boolean", "title": "Agree to exactly this" })),
    };
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), json!({ field: description }));
    schema.insert("required".into(), json!([field]));
    schema
}
