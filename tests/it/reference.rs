//! `docs/tools.md`: the catalogue for people, written from the catalogue.

use std::fmt::Write as _;

use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use molecule_org_mcp::tools::toolset::Toolset;
use serde_json::{Map, Value};

use crate::snapshot;

const HEAD: &str = "\
# Tools

Written from the catalogue by `UPDATE=1 cargo test --test it reference`; a test keeps it true.

An *effect* is what a call does to the organisation: a **read** changes nothing a person would notice, a **write** can
be put back, what **destroys** can't, and what **escalates** gives someone power, money or a credential. Read-only mode
refuses everything but reads. Where the arguments decide, the mildest and the heaviest effect are both named.
";

#[test]
fn the_reference_is_what_the_catalogue_says() {
    let catalogue = Catalogue::new();
    let mut text = HEAD.to_owned();
    for toolset in Toolset::ALL.into_iter().chain([Toolset::Surface]) {
        let tools = || catalogue.entries().iter().filter(|entry| entry.toolset == toolset);
        write!(text, "\n## {}\n\n| tool | effect | |\n|---|---|---|\n", toolset.as_str()).unwrap();
        for entry in tools() {
            let name = entry.tool.name;
            writeln!(text, "| [{name}](#{name}) | {} | {} |", effect(entry), entry.tool.about).unwrap();
        }
        for entry in tools() {
            text.push_str(&section(entry));
        }
    }
    snapshot::is("docs/tools.md", &text);
}

/// The README's table stands between two marks.
#[test]
fn the_readme_lists_what_there_is() {
    let catalogue = Catalogue::new();
    let named = |toolset: Toolset| {
        let of = catalogue.entries().iter().filter(|entry| entry.toolset == toolset);
        of.map(|entry| entry.tool.name).collect::<Vec<_>>()
    };
    let count: usize = Toolset::ALL.into_iter().map(|toolset| named(toolset).len()).sum();
    let mut table = format!("{count} tools in {} toolsets.\n\n| toolset | tools |\n|---|---|\n", Toolset::ALL.len());
    for toolset in Toolset::ALL {
        writeln!(table, "| {} | {} |", toolset.as_str(), named(toolset).join(", ")).unwrap();
    }
    snapshot::part("README.md", "tools", &table);
}

#[test]
fn the_examples_are_calls_that_would_be_taken() {
    for entry in Catalogue::new().entries().iter().filter(|entry| entry.tool.calls.is_none()) {
        if let Err(failure) = entry.tool.prepare(example(entry)) {
            panic!("{}: {failure}", entry.tool.name);
        }
    }
}

fn section(entry: &Entry) -> String {
    let tool = &entry.tool;
    let mut text = format!("\n### {}\n\n{}\n\n", tool.name, tool.about);
    writeln!(text, "- effect: {}", effect(entry)).unwrap();
    let is = |yes: bool| if yes { "yes" } else { "no" };
    writeln!(text, "- idempotent: {}; reaches beyond the tenant: {}", is(tool.idempotent), is(tool.open_world))
        .unwrap();
    if !tool.aliases.is_empty() {
        writeln!(text, "- also called: `{}`", tool.aliases.join("`, `")).unwrap();
    }
    let routes: Vec<String> = tool.routes.iter().map(|route| format!("`{route}`")).collect();
    let routes = if routes.is_empty() { "none: it asks this server alone".to_owned() } else { routes.join(", ") };
    writeln!(text, "- routes: {routes}").unwrap();
    text.push_str(&inputs(&tool.input_schema()));
    text.push_str("\n| output | type | |\n|---|---|---|\n");
    outputs(&tool.output_schema(), "", &mut text);
    write!(text, "\n```sh\n{}\n```\n", command(entry)).unwrap();
    text
}

fn effect(entry: &Entry) -> String {
    let (least, most) = (entry.tool.least.as_str(), entry.tool.most.as_str());
    if least == most { least.to_owned() } else { format!("{least}, up to {most}") }
}

fn inputs(schema: &Map<String, Value>) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty()) else {
        return "\nTakes no arguments.\n".to_owned();
    };
    let mut text = "\n| input | type | |\n|---|---|---|\n".to_owned();
    for (name, field) in properties {
        let needed = if required(schema, name) { "required" } else { "optional" };
        let about = field["description"].as_str().unwrap_or_default();
        writeln!(text, "| `{name}` | {}, {needed} | {} |", kind(field), cell(about)).unwrap();
    }
    text
}

fn required(schema: &Map<String, Value>, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == name))
}

fn kind(field: &Value) -> String {
    let mut words = field["format"].as_str().or(field["type"].as_str()).unwrap_or("any").to_owned();
    if let Some(choices) = field["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(|one| format!("`{}`", one.as_str().unwrap_or("?"))).collect();
        words = choices.join(" or ");
    }
    if let (Some(least), Some(most)) = (field["minimum"].as_i64(), field["maximum"].as_i64()) {
        write!(words, " from {least} to {most}").unwrap();
    }
    if let Some(usual) = field.get("default") {
        write!(words, ", usually {usual}").unwrap();
    }
    words
}

/// One row a field; what is nested is written as a path.
fn outputs(schema: &Map<String, Value>, path: &str, into: &mut String) {
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let is_list = field["type"] == "array";
        let inner = if is_list { &field["items"] } else { field };
        let path = format!("{path}{name}{}", if is_list { "[]" } else { "" });
        let about = field["description"].as_str().unwrap_or_default();
        writeln!(into, "| `{path}` | {} | {} |", kind(inner), cell(about)).unwrap();
        if let Some(inner) = inner.as_object() {
            outputs(inner, &format!("{path}."), into);
        }
    }
}

fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn example(entry: &Entry) -> Map<String, Value> {
    serde_json::from_str(entry.tool.example).unwrap()
}

/// Texts as they are, anything else as JSON in quotes.
fn command(entry: &Entry) -> String {
    let mut text = format!("molecule-org-mcp call {}", entry.tool.name);
    for (name, value) in example(entry) {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte));
        let value = if plain { value } else { format!("'{}'", value.replace('\'', "'\\''")) };
        write!(text, " {name}={value}").unwrap();
    }
    text
}
