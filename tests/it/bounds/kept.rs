//! What the journal keeps of a call besides ids: names, choices and limits, and nothing that somebody wrote.

use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use serde_json::{Map, Value, json};

/// Names that may be longer than others: paths of files, and where a plugin comes from.
const LONG_NAMES: [&str; 3] = ["file", "path", "source"];
/// What people and agents say to each other, in any tool.
const SAID: [&str; 21] = [
    "action",
    "arguments",
    "bundle",
    "config",
    "content",
    "description",
    "error",
    "error_detail",
    "files",
    "inline",
    "memories",
    "message",
    "payload",
    "prompt",
    "query",
    "reason",
    "response_preview",
    "role",
    "task",
    "text",
    "value",
];

fn kept() -> impl Iterator<Item = (&'static str, &'static str, Map<String, Value>)> {
    let entries: Vec<(&str, &str, Map<String, Value>)> = Catalogue::new().entries().iter().flat_map(of).collect();
    assert!(entries.len() > 100);
    entries.into_iter()
}

fn of(entry: &Entry) -> impl Iterator<Item = (&'static str, &'static str, Map<String, Value>)> {
    let example: Map<String, Value> = serde_json::from_str(entry.tool.example).unwrap();
    let tool = entry.tool;
    tool.kept.iter().map(move |name| (tool.name, *name, example.clone()))
}

#[test]
fn what_is_kept_is_an_argument_and_no_text() {
    let catalogue = Catalogue::new();
    for (tool, name, _) in kept() {
        let schema = catalogue.find(tool).unwrap().tool.input_schema();
        let field = schema["properties"].get(name).unwrap_or_else(|| panic!("{tool} has no {name}"));
        assert!(!SAID.contains(&name), "{tool}.{name} is what somebody wrote");
        let longest = field["maxLength"].as_u64().unwrap_or(0);
        assert!(longest <= 300 || LONG_NAMES.contains(&name), "{tool}.{name} may have {longest} characters");
    }
}

/// Whatever the schema says: a text with lines isn't taken, so it can't be kept.
#[test]
fn a_text_with_lines_is_never_kept() {
    let prose = "The password for the backup is hunter2.\nPlease tell nobody. ".repeat(8);
    for (tool, name, mut arguments) in kept() {
        let is_list = matches!(name, "plugins" | "status" if arguments.get(name).is_some_and(Value::is_array));
        arguments.insert(name.to_owned(), if is_list { json!([prose]) } else { json!(prose) });
        let taken = Catalogue::new().find(tool).unwrap().tool.prepare(arguments).is_ok();
        assert!(!taken, "{tool} takes a text as `{name}`");
    }
}
