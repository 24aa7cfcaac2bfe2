//! House rules over the catalogue, and over who may know whom in the source.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::mcp;
use serde_json::{Map, Value, json};

use crate::snapshot;

/// What a listing costs an agent's context, at four bytes a token.
const ONE_TOOL: usize = 360;
const FULL_AVERAGE: usize = 200;
const COMPACT_TOOLS: usize = 25;
const COMPACT_TOKENS: usize = 5_000;
const VERBS: &str = "add assign call cancel chat check collapse commit compare create decide delegate delete diagnose discover download \
    drop expand export find fork get hibernate import inspect install list mint move notify pause plan query read record refresh \
    remove replace report resolve restore restart resume revoke rotate run save search send set start test uninstall update upload verify wait write";
/// Kept for the users of other tools that have them.
const NOT_VERB_FIRST: [&str; 6] =
    ["whoami", "session_search", "memory_set", "memory_get", "memory_list", "memory_delete_kv"];
/// Not reads, although they only GET.
const ACTING_GETS: [&str; 1] = ["list_pending_approvals"];
/// It changes nothing at the tenant, and what it breaks off may be an act.
const OWN_JOBS: &str = "cancel_job";
/// Reads, although they POST: the platform asks for the two ids in a body, and looks something up.
const ASKING_POSTS: [&str; 1] = ["check_access"];
/// A value that is no secret: what an agent keeps under a key, named as the platform's users know it.
const PLAIN_VALUES: [(&str, &str); 1] = [("memory_set", "value")];

const TOKEN_REPORT: &str = "\
# What a listing costs

Written by `UPDATE=1 cargo test --test it catalogue`; a test keeps it true. Tokens are bytes / 4 of name, description and
input schema, as a client's model reads them.

| surface | tools | tokens | a tool | with output schemas |
|---|--:|--:|--:|--:|
";

fn all(catalogue: &Catalogue) -> impl Iterator<Item = &Entry> {
    assert!(!catalogue.entries().is_empty());
    catalogue.entries().iter()
}

/// As `tools/list` has it.
fn listed(entry: &Entry) -> Value {
    let list = serde_json::to_value(mcp::list([entry.listed()].into_iter(), false)).unwrap();
    list["tools"][0].clone()
}

#[test]
fn names_and_aliases_are_unique_and_begin_with_a_verb() {
    let catalogue = Catalogue::new();
    let mut seen = BTreeSet::new();
    for tool in all(&catalogue).map(|entry| &entry.tool) {
        for name in [&tool.name].into_iter().chain(tool.aliases) {
            assert!(seen.insert(*name), "{name} twice");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
        let verb = tool.name.split('_').next().unwrap();
        let is_verb = VERBS.split_whitespace().any(|known| known == verb);
        assert!(is_verb || NOT_VERB_FIRST.contains(&tool.name), "{}", tool.name);
    }
}

#[test]
fn every_toolset_has_tools() {
    let catalogue = Catalogue::new();
    let used: BTreeSet<Toolset> = all(&catalogue).map(|entry| entry.toolset).collect();
    assert_eq!(used, Toolset::ALL.into_iter().chain([Toolset::Surface]).collect());
}

#[test]
fn inputs_are_closed_objects_whose_fields_are_documented() {
    for entry in all(&Catalogue::new()) {
        let (name, input) = (entry.tool.name, &entry.listed().input);
        assert_eq!(input["type"], "object", "{name}");
        assert_eq!(input["additionalProperties"], false, "{name}");
        for keyword in ["anyOf", "oneOf", "allOf", "$ref", "$defs"] {
            assert!(!input.contains_key(keyword), "{name} has {keyword} at the top");
        }
        assert_eq!(entry.listed().output["type"], "object", "{name}");
        assert!(!entry.tool.about.is_empty(), "{name}");
        for (field, schema) in fields(input) {
            let description = schema["description"].as_str().unwrap_or_default();
            assert!(!description.trim().is_empty(), "{name}.{field} says nothing");
        }
    }
}

fn fields(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

#[test]
fn no_field_is_named_like_a_secret() {
    for entry in all(&Catalogue::new()) {
        let (input, output) = (entry.tool.input_schema(), entry.tool.output_schema());
        for schema in [input, output] {
            let mut names = Vec::new();
            property_names(&Value::Object(schema), &mut names);
            for name in names {
                let is_plain = PLAIN_VALUES.contains(&(entry.tool.name, name.as_str()));
                assert!(!is_secret(&name) || is_plain, "{} has a field `{name}`", entry.tool.name);
            }
        }
    }
}

fn property_names(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, inner) in keywords {
                if let ("properties", Value::Object(properties)) = (keyword.as_str(), inner) {
                    into.extend(properties.keys().cloned());
                }
                property_names(inner, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| property_names(item, into)),
        _ => {}
    }
}

/// `token_id` and `key_prefix` are names of things; these would be the things.
fn is_secret(name: &str) -> bool {
    const SECRETS: [&str; 11] = [
        "token",
        "tokens",
        "password",
        "passphrase",
        "secret",
        "api_key",
        "apikey",
        "value",
        "values",
        "credential",
        "bearer",
    ];
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name == *secret || name.ends_with(&format!("_{secret}")))
}

#[test]
fn the_rule_about_secrets_can_fail() {
    assert!(is_secret("auth_token") && is_secret("Value") && is_secret("client_secret"));
    assert!(!is_secret("token_id") && !is_secret("secrets") && !is_secret("key_prefix"));
    let mut names = Vec::new();
    let nested = json!({ "properties": { "items": { "items": { "properties": { "auth_token": {} } } } } });
    property_names(&nested, &mut names);
    assert_eq!(names, ["items", "auth_token"]);
}

#[test]
fn reads_only_get_and_what_only_gets_is_a_read() {
    for tool in all(&Catalogue::new()).map(|entry| &entry.tool) {
        assert!(tool.least <= tool.most, "{}", tool.name);
        if tool.calls.is_some() || tool.name == OWN_JOBS {
            continue;
        }
        let only_gets = tool.routes.iter().all(|route| route.method.as_str() == "GET");
        let is_read = tool.most.is_read();
        assert_eq!(is_read, tool.least.is_read(), "{}", tool.name);
        let is_exception = ACTING_GETS.contains(&tool.name) || ASKING_POSTS.contains(&tool.name);
        assert_eq!(only_gets != is_exception, is_read, "{}", tool.name);
        assert_eq!(is_read, !tool.routes.iter().any(|route| route.acts()), "{}", tool.name);
    }
}

#[test]
fn annotations_follow_the_effect() {
    for entry in all(&Catalogue::new()) {
        let (tool, hints) = (&entry.tool, &listed(entry)["annotations"]);
        assert_eq!(hints["readOnlyHint"], tool.most.is_read(), "{}", tool.name);
        assert_eq!(hints["destructiveHint"], tool.most.is_destructive(), "{}", tool.name);
    }
}

/// Routes that no tool may reach, with the reason: `METHOD path<TAB>reason`.
fn excluded() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(snapshot::file("tests/fixtures/excluded-routes.tsv")).unwrap();
    let lines = text.lines().map(|line| {
        let (route, reason) = line.split_once('\t').expect(line);
        let (method, path) = route.split_once(' ').expect(line);
        assert!(!reason.is_empty(), "{line}: no reason");
        (method.to_owned(), pattern(path), reason.to_owned())
    });
    lines.collect()
}

#[test]
fn every_route_is_mapped_or_excluded_with_a_reason() {
    let catalogue = Catalogue::new();
    let used: BTreeSet<(String, String)> = all(&catalogue)
        .flat_map(|entry| entry.tool.routes)
        .map(|route| (route.method.as_str().to_owned(), pattern(route.path)))
        .collect();
    let excluded: BTreeSet<(String, String)> = excluded().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(used.intersection(&excluded).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "excluded and used");
    let routes = fs::read_to_string(snapshot::file("tests/fixtures/routes.tsv")).unwrap();
    let platform: BTreeSet<(String, String)> = routes
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .map(|(method, path)| (method.to_owned(), pattern(path)))
        .collect();
    let forgotten: Vec<_> =
        platform.iter().filter(|route| !used.contains(route) && !excluded.contains(route)).collect();
    assert!(forgotten.is_empty(), "neither mapped nor excluded: {forgotten:?}");
    let gone: Vec<_> = excluded.difference(&platform).collect();
    assert!(gone.is_empty(), "excluded, but not the platform's: {gone:?}");
}

#[test]
fn every_example_is_what_its_schema_says() {
    for entry in all(&Catalogue::new()) {
        let name = entry.tool.name;
        let example: Value = serde_json::from_str(entry.tool.example).unwrap_or_else(|error| panic!("{name}: {error}"));
        let schema = Value::Object((*entry.listed().input).clone());
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mistakes: Vec<String> = validator.iter_errors(&example).map(|error| error.to_string()).collect();
        assert!(mistakes.is_empty(), "{name}: {mistakes:?}");
    }
}

#[test]
fn every_route_is_one_of_the_platforms() {
    let routes = fs::read_to_string(snapshot::file("tests/fixtures/routes.tsv")).unwrap();
    let known: BTreeSet<(&str, String)> =
        routes.lines().skip(1).filter_map(|line| line.split_once('\t')).map(|(m, p)| (m, pattern(p))).collect();
    for tool in all(&Catalogue::new()).map(|entry| &entry.tool) {
        for route in tool.routes {
            let wanted = (route.method.as_str(), pattern(route.path));
            assert!(known.contains(&wanted), "{} uses {route}, which the platform hasn't", tool.name);
        }
    }
}

/// A path with its placeholders' names taken out, in either notation.
fn pattern(path: &str) -> String {
    let is_placeholder = |segment: &str| segment.starts_with([':', '{', '*']);
    let segments = path.split('/').map(|segment| if is_placeholder(segment) { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// What a client's model reads of a tool.
fn tokens(entry: &Entry, output_schema: bool) -> usize {
    let tool = listed(entry);
    let mut read = json!({
        "name": tool["name"], "description": tool["description"], "inputSchema": tool["inputSchema"]
    });
    if output_schema {
        read["outputSchema"] = Value::Object(entry.tool.output_schema());
    }
    read.to_string().len().div_ceil(4)
}

#[test]
fn listings_fit_their_share_of_the_context() {
    let catalogue = Catalogue::new();
    for (surface, name) in [(Surface::Compact, "compact"), (Surface::Full, "full")] {
        let shown: Vec<&Entry> = all(&catalogue).filter(|entry| surface.shows(entry)).collect();
        let sum: usize = shown.iter().map(|entry| tokens(entry, false)).sum();
        let with_outputs: usize = shown.iter().map(|entry| tokens(entry, true)).sum();
        println!("{name}: {} tools, {sum} tokens, {with_outputs} with output schemas", shown.len());
        if surface == Surface::Compact {
            assert!(shown.len() <= COMPACT_TOOLS && sum <= COMPACT_TOKENS, "{} tools, {sum} tokens", shown.len());
        } else {
            assert!(sum < FULL_AVERAGE * shown.len(), "{sum} tokens for {} tools", shown.len());
        }
    }
    for entry in all(&catalogue) {
        let cost = tokens(entry, false);
        assert_eq!((entry.listed().tokens(false), entry.listed().tokens(true)), (cost, tokens(entry, true)));
        assert!(cost <= ONE_TOOL, "{} takes {cost} tokens", entry.tool.name);
    }
    for surface in [Surface::Compact, Surface::Full] {
        assert!(surface.instructions().chars().count() < 2048);
    }
}

/// What each listing costs, for people: every figure is measured here.
#[test]
fn the_token_report_is_true() {
    let catalogue = Catalogue::new();
    let mut text = String::from(TOKEN_REPORT);
    for (surface, name) in [(Surface::Compact, "compact"), (Surface::Full, "full")] {
        let shown = || all(&catalogue).filter(|entry| surface.shows(entry));
        let sum = |outputs| shown().map(|entry| tokens(entry, outputs)).sum::<usize>();
        let (count, plain, outputs) = (shown().count(), sum(false), sum(true));
        writeln!(text, "| {name} | {count} | {plain} | {} | {outputs} |", plain / count).unwrap();
    }
    text.push_str("\n| toolset | tools | tokens |\n|---|--:|--:|\n");
    for toolset in Toolset::ALL {
        let of = || all(&catalogue).filter(|entry| entry.toolset == toolset);
        let sum: usize = of().map(|entry| tokens(entry, false)).sum();
        writeln!(text, "| {} | {} | {sum} |", toolset.as_str(), of().count()).unwrap();
    }
    text.push_str("\n| tool | compact | tokens | with its output schema |\n|---|---|--:|--:|\n");
    for entry in all(&catalogue) {
        let listed = if Surface::Compact.shows(entry) { "listed" } else { "" };
        let (plain, outputs) = (tokens(entry, false), tokens(entry, true));
        writeln!(text, "| {} | {listed} | {plain} | {outputs} |", entry.tool.name).unwrap();
    }
    snapshot::is("docs/tokens.md", &text);
}

#[test]
fn tools_look_to_an_agent_as_they_did() {
    let mut names = Vec::new();
    for entry in all(&Catalogue::new()) {
        let mut shown = listed(entry);
        shown["outputSchema"] = Value::Object(entry.tool.output_schema());
        names.push(format!("{}.json", entry.tool.name));
        let text = serde_json::to_string_pretty(&shown).unwrap();
        snapshot::is(&format!("tests/snapshots/tools/{}.json", entry.tool.name), &format!("{text}\n"));
    }
    snapshot::only("tests/snapshots/tools", &names);
}

#[test]
fn rooms_know_only_whom_they_may() {
    for (room, but, strangers) in [
        ("src/tools", "", &["rmcp", "reqwest", "axum"][..]),
        ("src/prompts", "", &["rmcp", "reqwest", "axum"]),
        ("src/completions", "", &["rmcp", "reqwest", "axum"]),
        ("src/resources", "", &["rmcp", "reqwest", "axum"]),
        ("src/policy", "", &["rmcp", "reqwest", "axum", "http"]),
        ("src/policy.rs", "", &["rmcp", "reqwest", "axum", "http"]),
        ("src/backend", "src/backend/embedded", &["rmcp", "axum"]),
        ("src/backend/embedded", "", &["rmcp"]),
        ("src/journal", "", &["rmcp", "reqwest", "axum"]),
    ] {
        for (file, source) in sources(&snapshot::file(room)) {
            if !but.is_empty() && Path::new(&file).starts_with(snapshot::file(but)) {
                continue;
            }
            for stranger in strangers {
                assert!(!names(&source, stranger), "{file} names {stranger}");
            }
        }
    }
}

/// Whether code, and not a comment, speaks of that crate.
fn names(source: &str, crate_name: &str) -> bool {
    let code = source.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    code.into_iter().any(|line| {
        let path = format!("{crate_name}::");
        let starts = line.match_indices(&path).map(|(at, _)| at);
        starts.into_iter().any(|at| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

#[test]
fn the_rule_about_rooms_can_fail() {
    assert!(names("use axum::Router;", "axum") && names("let x = rmcp::model::Tool::new();", "rmcp"));
    assert!(!names("//! axum::Router is for others", "axum") && !names("use crate::transport::http::x;", "http"));
}

fn sources(place: &Path) -> Vec<(String, String)> {
    let Ok(listing) = fs::read_dir(place) else {
        let source = fs::read_to_string(place).map(|text| (place.display().to_string(), text));
        return source.into_iter().collect();
    };
    let inner = listing.map(|found| found.unwrap().path());
    inner
        .filter(|path| path.is_dir() || path.extension().is_some_and(|is| is == "rs"))
        .flat_map(|path| sources(&path))
        .collect()
}
