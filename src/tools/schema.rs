//! JSON Schemas from the declared types, trimmed to what a client can use.
//!
//! Every byte here is read by a model on each listing, so what says nothing goes: titles, integer
//! formats, null alternatives (absent is how an optional field is left out), switches' `false`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub type Schema = Map<String, Value>;

/// The schema of what is taken, inlined and trimmed.
pub fn of<T: JsonSchema>() -> Schema {
    build::<T>(SchemaSettings::draft2020_12())
}

/// The schema of what is answered: a field that is left out when it is empty isn't promised.
pub fn of_answer<T: JsonSchema>() -> Schema {
    build::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn build<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    trim(&mut schema);
    match schema {
        Value::Object(mut fields) => {
            // The top's own description repeats the tool's.
            fields.remove("description");
            fields.entry("type").or_insert_with(|| "object".into());
            fields
        }
        _ => Map::new(),
    }
}

/// With one field more.
pub fn with(mut schema: Schema, name: &str, field: &Value) -> Schema {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(name.to_owned(), field.clone());
    }
    schema
}

/// What is decided elsewhere.
pub fn any_object() -> Schema {
    Schema::from_iter([("type".to_owned(), "object".into())])
}

/// The names of an input's fields, in the order they are declared to clients.
pub fn names(schema: &Schema) -> impl Iterator<Item = &str> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
}

fn trim(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(trim),
        Value::Object(fields) => {
            trim_keywords(fields);
            for (name, inner) in fields.iter_mut() {
                match inner {
                    // The keys below are field names, not keywords.
                    Value::Object(properties) if name == "properties" => {
                        properties.values_mut().for_each(|property| {
                            trim(property);
                            tell(property);
                        });
                    }
                    inner if name == "items" => {
                        trim(inner);
                        tell(inner);
                    }
                    _ => trim(inner),
                }
            }
        }
        _ => {}
    }
}

/// What may be any JSON says so: some clients can't take a schema that says nothing.
fn tell(schema: &mut Value) {
    if *schema == Value::Bool(true) {
        *schema = Value::Object(Map::new());
    }
    if let Value::Object(fields) = schema
        && fields.keys().all(|keyword| matches!(keyword.as_str(), "description" | "default"))
    {
        let kinds = ["object", "array", "string", "number", "boolean", "null"];
        fields.insert("anyOf".into(), kinds.into_iter().map(|kind| json!({ "type": kind })).collect());
    }
}

fn trim_keywords(fields: &mut Map<String, Value>) {
    fields.remove("title");
    // A switch that isn't given is off, and an object is empty.
    let says_nothing = |default: &Value| match default {
        Value::Null | Value::Bool(false) => true,
        Value::Object(inner) => inner.is_empty(),
        _ => false,
    };
    if fields.get("default").is_some_and(says_nothing) {
        fields.remove("default");
    }
    if fields.get("additionalProperties") == Some(&Value::Bool(true)) {
        fields.remove("additionalProperties");
    }
    let is_number_format = fields
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("uint") || format.starts_with("int") || format == "double");
    if is_number_format {
        fields.remove("format");
    }
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|kind| kind != "null");
        if types.len() == 1
            && let Some(only) = types.pop()
        {
            fields.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    unwrap_nullable(fields);
}

/// `anyOf: [X, null]` is how an optional X is written; X alone says the same here.
fn unwrap_nullable(fields: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = fields.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| alternative.get("type").is_none_or(|kind| kind != "null"));
    if alternatives.len() != 1 {
        return;
    }
    let Some(Value::Object(only)) = alternatives.pop() else { return };
    fields.remove("anyOf");
    for (name, value) in only {
        fields.entry(name).or_insert(value);
    }
}
