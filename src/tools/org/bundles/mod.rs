//! A workspace and what is below it as one document: export_bundle and import_bundle. A bundle can go
//! to a file on the server and come from there, so that it needn't pass through a model.

pub mod export;
pub mod import;

use serde_json::Value;

/// What a file may hold.
const LARGEST: u64 = 16 << 20;

/// The bundles directly below this one.
fn below(bundle: &Value) -> impl Iterator<Item = &Value> {
    bundle.get("sub_workspaces").and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(bundle: &'a Value, field: &str) -> &'a str {
    bundle.get(field).and_then(Value::as_str).unwrap_or_default()
}
