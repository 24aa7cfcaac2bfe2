//! House rules over how far each tool reaches, and the page that says it.

use std::collections::{BTreeMap, BTreeSet};

use molecule_org_mcp::policy::target::{NAMES, Reach};
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::tool::Tool;
use serde_json::{Map, Value};

use crate::snapshot;

/// Ids by which the tenant knows other things than workspaces.
const OTHER_IDS: [&str; 13] = [
    "approval_id",
    "channel_id",
    "delegation_id",
    "event_id",
    "instruction_id",
    "invocation",
    "job_id",
    "memory_id",
    "plan_id",
    "result_id",
    "schedule_id",
    "session_id",
    "token_id",
];
/// The id of an agent that wrote into a ledger, as that agent calls itself.
const AGENTS_OWN: &str = "agent_id";
/// Workflows are a workspace's own.
const WORKFLOW: &str = "workflow_id";
/// They change something without naming a workspace: each looks up whose it is.
const LOOKED_UP: [&str; 3] = ["delete_instruction", "list_pending_approvals", "update_instruction"];
/// Whose a job is, is asked of the table; the organisation isn't.
const OWN_JOBS: &str = "cancel_job";
/// They give power, and not to the one who asks.
const GIVE_TO_OTHERS: [(&str, &str); 5] = [
    ("commit_memory", "tells every agent something"),
    ("create_workspace", "gives it to a new one"),
    ("discover_channel_chats", "lends a credential for one question"),
    ("restore_workspace", "gives it to what is made anew"),
    ("get_transcript", "lends a token for one question"),
];

fn properties(tool: &Tool) -> Map<String, Value> {
    tool.input_schema().get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn names_a_workspace(tool: &Tool) -> bool {
    properties(tool).keys().any(|name| NAMES.contains(&name.as_str()))
}

fn required(tool: &Tool) -> BTreeSet<String> {
    let schema = tool.input_schema();
    let names = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

#[test]
fn a_tool_reaches_what_it_names_where_it_names_something() {
    for tool in Catalogue::new().entries().iter().map(|entry| &entry.tool) {
        let named = matches!(tool.reach, Reach::Named | Reach::NamedAndBelow);
        let must_name = required(tool).iter().any(|name| NAMES.contains(&name.as_str()));
        assert!(!named || names_a_workspace(tool), "{} reaches what it names, and names nothing", tool.name);
        assert!(named || !must_name, "{} names a workspace and says {:?}", tool.name, tool.reach);
        assert!(
            tool.reach != Reach::Common || tool.most.is_read() || tool.calls.is_some() || tool.name == OWN_JOBS,
            "{} changes what is everybody's",
            tool.name
        );
        assert!(
            tool.reach != Reach::Filtered || tool.most.is_read() || LOOKED_UP.contains(&tool.name),
            "{} changes something of nobody in particular",
            tool.name
        );
    }
}

#[test]
fn every_argument_that_names_a_workspace_is_looked_at() {
    let mut seen = BTreeSet::new();
    for tool in Catalogue::new().entries().iter().map(|entry| &entry.tool) {
        for (name, field) in properties(tool) {
            let inner = if field["type"] == "array" { &field["items"] } else { &field };
            let is_id = inner["format"] == "uuid" || name.ends_with("_id") || name.ends_with("_ids");
            let known = NAMES.contains(&name.as_str())
                || OTHER_IDS.contains(&name.as_str())
                || [AGENTS_OWN, WORKFLOW].contains(&name.as_str());
            assert!(!is_id || known, "{}.{name}: whose id is it?", tool.name);
            seen.insert(name);
        }
    }
    for name in NAMES.into_iter().chain(OTHER_IDS) {
        assert!(seen.contains(name), "nothing has an argument {name}");
    }
}

#[test]
fn whoever_gives_everything_has_everything() {
    let catalogue = Catalogue::new();
    let all: Vec<&str> =
        catalogue.entries().iter().filter(|entry| entry.tool.gives_everything).map(|entry| entry.tool.name).collect();
    assert_eq!(all, ["mint_org_key", "rotate_org_key"]);
}

#[test]
fn power_isnt_given_to_oneself() {
    for tool in Catalogue::new().entries().iter().map(|entry| &entry.tool) {
        let gives = tool.most == Effect::Escalate && names_a_workspace(tool);
        let to_others = GIVE_TO_OTHERS.iter().any(|(name, _)| *name == tool.name);
        assert!(!gives || tool.not_to_oneself || to_others, "{} may be done to oneself", tool.name);
        assert!(!(to_others && tool.not_to_oneself), "{} is no exception", tool.name);
        let named = matches!(tool.reach, Reach::Named | Reach::NamedAndBelow);
        assert!(!tool.not_to_oneself || named, "{} knows no oneself", tool.name);
    }
}

const HEAD: &str = "\
| reach | for a bound caller | tools |
|---|---|---|
";

#[test]
fn the_page_says_how_far_each_tool_reaches() {
    let mut by_reach: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    for tool in Catalogue::new().entries().iter().map(|entry| entry.tool) {
        by_reach.entry(words(tool.reach).0).or_default().push(tool.name);
    }
    let mut table = HEAD.to_owned();
    for reach in [Reach::Named, Reach::NamedAndBelow, Reach::Filtered, Reach::Common, Reach::Organisation] {
        let (place, name, meaning) = words(reach);
        table.push_str(&format!("| {name} | {meaning} | {} |\n", by_reach[&place].join(", ")));
    }
    let mine: Vec<&str> = Catalogue::new()
        .entries()
        .iter()
        .filter(|entry| entry.tool.not_to_oneself)
        .map(|entry| entry.tool.name)
        .collect();
    table.push_str(&format!("\nNot to the workspace that one runs in: {}.\n", mine.join(", ")));
    snapshot::part("docs/bindings.md", "reach", &table);
}

fn words(reach: Reach) -> (u8, &'static str, &'static str) {
    match reach {
        Reach::Named => (0, "named", "all workspaces that the arguments name are inside, and at least one is named"),
        Reach::NamedAndBelow => (1, "named and below", "and so is everything below them"),
        Reach::Filtered => (2, "filtered", "shows what is inside, and counts nothing else"),
        Reach::Common => (3, "common", "the same for everybody: it says nothing of any workspace"),
        Reach::Organisation => (4, "organisation", "refused"),
    }
}
