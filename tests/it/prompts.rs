//! Prompts: what is listed and for whom, what they say, and that what they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use molecule_org_mcp::grants::{By, Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::prompts::{ALL, Kind, Prompt};
use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use molecule_org_mcp::tools::effect::Effect;
use serde_json::{Map, Value, json};

use crate::grants::wish;
use crate::snapshot;
use crate::support::{House, Plan};
use crate::talk::{Era, Http, OWNER, Stdio};

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

/// The bearer of a grant that may do this much.
pub async fn bearer(house: &House, wished: Wish) -> String {
    let grants = &house.dispatch.server().grants;
    grants.ready().await.unwrap();
    let wished = Wish { until: Some(Until::Never), ..wished };
    let issued = grants.issue(wished, By::Terminal("tester".into()), &Rules::default(), chrono::Utc::now()).await;
    issued.unwrap().credential.expose().to_owned()
}

/// Something for each argument that has to be given.
fn needed(prompt: &Prompt) -> Map<String, Value> {
    let needed = prompt.arguments.iter().filter(|argument| argument.is_required());
    needed.map(|argument| (argument.name.to_owned(), json!("Something"))).collect()
}

#[tokio::test]
async fn they_are_listed_and_filled_in_at_both_doors_in_both_eras() {
    let house = house();
    let http = Http::open(&house.dispatch).await;
    for era in [Era::Legacy, Era::Modern] {
        let mut stdio = Stdio::open(&house.dispatch, era).await;
        let listed = stdio.ask("prompts/list", json!({})).await;
        assert_eq!(listed, stdio.ask("prompts/list", json!({})).await);
        assert_eq!(listed["result"], http.ask(OWNER, era, "prompts/list", json!({})).await["result"]);
        let prompts = listed["result"]["prompts"].as_array().unwrap();
        assert_eq!(prompts.len(), ALL.len());
        assert_eq!(listed["result"]["cacheScope"], "private");
        for (shown, prompt) in prompts.iter().zip(ALL) {
            assert_eq!((&shown["name"], &shown["title"]), (&json!(prompt.name), &json!(prompt.title)));
            assert_eq!(shown["arguments"].as_array().unwrap().len(), prompt.arguments.len());
            let params = json!({ "name": prompt.name, "arguments": needed(prompt) });
            let got = stdio.ask("prompts/get", params.clone()).await;
            assert_eq!(got["result"], http.ask(OWNER, era, "prompts/get", params).await["result"]);
            let message = &got["result"]["messages"][0];
            let text = message["content"]["text"].as_str().unwrap_or_else(|| panic!("{got}"));
            assert_eq!((&message["role"], got["result"]["messages"].as_array().unwrap().len()), (&json!("user"), 1));
            assert!(text.len() < 6_000 && !text.contains(['{', '}']), "{}: {text}", prompt.name);
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let house = house();
    for era in [Era::Legacy, Era::Modern] {
        let mut stdio = Stdio::open(&house.dispatch, era).await;
        for (method, params, says) in [
            ("prompts/list", json!({ "cursor": "x" }), "one page"),
            ("prompts/get", json!({ "name": "morning_reveiw" }), "did you mean `morning_review`?"),
            ("prompts/get", json!({ "name": "key_leaked" }), "needs `key`"),
            (
                "prompts/get",
                json!({ "name": "new_team", "arguments": { "templates": "a" } }),
                "did you mean `template`?",
            ),
            ("prompts/get", json!({ "name": "key_leaked", "arguments": { "key": 7 } }), "expected a text"),
            ("prompts/get", json!({ "name": "key_leaked", "arguments": [] }), "`arguments`"),
            ("prompts/get", json!({}), "`name`"),
        ] {
            let refused = stdio.ask(method, params).await;
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
            assert!(refused["error"]["message"].as_str().unwrap().contains(says), "{says}: {refused}");
        }
        let refused = stdio.ask("prompts/get", json!({ "name": "key_leaked" })).await;
        assert_eq!(refused["error"]["data"]["molecule-org-mcp/error"]["code"], "INVALID_INPUT");
    }
}

#[tokio::test]
async fn a_prompt_is_for_those_who_may_use_its_tools() {
    let house = house();
    let http = Http::open(&house.dispatch).await;
    let mut seen = BTreeMap::new();
    for role in Role::ALL {
        let bearer = bearer(&house, wish(&format!("an {}", role.as_str()), role)).await;
        let list = http.ask(&bearer, Era::Modern, "prompts/list", json!({})).await;
        let listed = list["result"]["prompts"].as_array().unwrap().iter();
        let listed: BTreeSet<&str> = listed.map(|one| one["name"].as_str().unwrap()).collect();
        for prompt in ALL {
            let params = json!({ "name": prompt.name, "arguments": needed(prompt) });
            let got = http.ask(&bearer, Era::Modern, "prompts/get", params).await;
            assert_eq!(got.get("result").is_some(), listed.contains(prompt.name), "{role:?}: {got}");
            let code = &got["error"]["data"]["molecule-org-mcp/error"]["code"];
            assert!(listed.contains(prompt.name) || code == "FORBIDDEN_BY_POLICY", "{got}");
        }
        seen.insert(role, listed.len());
    }
    assert_eq!(seen[&Role::Admin], ALL.len());
    assert!(seen[&Role::Viewer] >= 6 && seen[&Role::Viewer] < seen[&Role::Operator], "{seen:?}");
    house.dispatch.server().policy.replace(Rules { read_only: true, ..Rules::default() });
    let list = http.ask(OWNER, Era::Modern, "prompts/list", json!({})).await;
    assert_eq!(list["result"]["prompts"].as_array().unwrap().len(), seen[&Role::Viewer], "read-only is for readers");
}

/// What stands between backticks.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn tools<'a>(prompt: &Prompt, catalogue: &'a Catalogue) -> Vec<&'a Entry> {
    let named: BTreeSet<&str> = marked(prompt.text).filter(|word| is_name(word)).collect();
    catalogue.entries().iter().filter(|entry| named.contains(entry.tool.name)).collect()
}

fn fields(schema: &Value, into: &mut BTreeSet<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        into.insert(name.clone());
        into.extend(field["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        fields(field, into);
        fields(&field["items"], into);
    }
}

#[test]
fn whatever_a_prompt_names_is_there() {
    let catalogue = Catalogue::new();
    for prompt in ALL {
        let tools = tools(prompt, &catalogue);
        let mut known: BTreeSet<String> = tools.iter().map(|entry| entry.tool.name.to_owned()).collect();
        assert!(known.len() >= 5, "{}: {known:?}", prompt.name);
        for tool in prompt.needs {
            assert!(known.contains(*tool), "{} needs {tool} and doesn't say so", prompt.name);
        }
        for entry in tools {
            fields(&Value::Object(entry.tool.input_schema()), &mut known);
            fields(&Value::Object(entry.tool.output_schema()), &mut known);
        }
        for word in marked(prompt.text).filter(|word| is_name(word)) {
            assert!(known.contains(word), "{}: nothing is called `{word}`", prompt.name);
        }
        for (at, plain) in prompt.text.split('`').enumerate().filter(|(at, _)| at % 2 == 0) {
            let stray =
                plain.split(|c: char| !is_name(&c.to_string())).find(|word| word.trim_matches('_').contains('_'));
            assert_eq!(stray, None, "{}, piece {at}: a name without its backticks", prompt.name);
        }
    }
}

/// A value that fits, for arguments that a tool needs.
fn argument(tool: &str, name: &str) -> Value {
    const STEWARD: &str = "de300000-0000-4000-8000-000000000003";
    const REMOTE: &str = "de300000-0000-4000-8000-00000000000e";
    match (tool, name) {
        ("check_remote_agent_freshness", "workspace_id") => json!(REMOTE),
        (_, "workspace_id" | "caller_id") => json!(STEWARD),
        (_, "target_id") => json!(REMOTE),
        (_, "query") => json!("vacuum"),
        _ => panic!("{tool} needs {name}"),
    }
}

#[tokio::test]
async fn the_reads_that_they_lead_through_are_answered() {
    let (house, catalogue) = (house(), Catalogue::new());
    let named: BTreeSet<&str> =
        ALL.iter().flat_map(|one| tools(one, &catalogue)).map(|entry| entry.tool.name).collect();
    let steward = argument("", "workspace_id");
    let schedules = house.call("list_schedules", json!({ "workspace_id": steward })).await;
    let mut walked = 0;
    for entry in catalogue.entries().iter().filter(|entry| named.contains(entry.tool.name)) {
        let (tool, schema) = (entry.tool.name, entry.tool.input_schema());
        if entry.tool.most != Effect::Read {
            continue;
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut arguments: Map<String, Value> = Map::new();
        for name in required.map(|name| name.as_str().unwrap()) {
            let value = if name == "schedule_id" { schedules["items"][0]["id"].clone() } else { argument(tool, name) };
            arguments.insert(name.to_owned(), value);
        }
        if tool == "wait_for_workspace" {
            arguments.insert("seconds".to_owned(), json!(1));
        }
        if matches!(tool, "plan_org_import" | "compare_org") {
            let inline = json!({ "name": "Support", "workspaces": [{ "name": "Support Lead" }] });
            arguments.insert("inline".to_owned(), inline);
        }
        let answered = house.try_call(tool, Value::Object(arguments)).await;
        let code = answered.as_ref().err().map(|refusal| refusal.failure.code().as_str());
        // Machines print only on hosted tenants.
        assert!(code.is_none() || (tool, code) == ("get_console", Some("NOT_SUPPORTED")), "{tool}: {answered:?}");
        walked += 1;
    }
    println!("{walked} tools that read were called");
    assert!(walked >= 35, "{walked}");
}

const HEAD: &str = "\
# Prompts

Written from the table by `UPDATE=1 cargo test --test it reference`; a test keeps it true.

Work that comes up again, to be picked in a client: a slash command in Claude Code (`/mcp__molecule__morning_review`), a
menu elsewhere. Each gives the agent one text that leads it through the tools: what to look at, where to stop and ask,
what to report. A prompt is offered to those who may use the tools that it can't do without. Names of workspaces, keys,
templates and schedules are completed while one types, where the client can.

What is filled in stands in the text in quotes that it can't end, on one line, 200 characters at most; what looks like a
key is refused.

## Completion

While one types, names come from the read tools that list them, for whoever may use these and as far as they see: what
begins with the typed letters, then what has a word that does, then what has them anywhere; case doesn't matter. 100 at
most are given, with how many there are. In a prompt a name is given where only one has it (an org key's prefix, where
its name isn't its own), else the id; in the address of a resource always the id, found by its name, too. Schedules and
files are those of the workspace that was chosen before.

A list is one call of the caller's in the journal and is kept for 30 seconds, for this caller, grant and policy alone;
for two minutes it is shown while it is read anew. Nobody waits for the tenant longer than two seconds: then nothing is
offered, and the next letter asks again.

## The prompts
";

#[test]
fn the_reference_of_prompts_is_what_the_table_says() {
    let mut text = format!("{HEAD}\n| prompt | |\n|---|---|\n");
    for prompt in ALL {
        writeln!(text, "| [{0}](#{0}) | {1} |", prompt.name, prompt.about).unwrap();
    }
    for prompt in ALL {
        write!(text, "\n### {}\n\n**{}** {}\n", prompt.name, prompt.title, prompt.about).unwrap();
        text.push_str("\n| argument | | |\n|---|---|---|\n");
        for argument in prompt.arguments {
            let needed = if argument.is_required() { "required" } else { "optional" };
            let kind = match argument.kind {
                Kind::Whole(least, most) => format!("number from {least} to {most}, "),
                Kind::NameOf(_) | Kind::Words => String::new(),
            };
            writeln!(text, "| `{}` | {kind}{needed} | {} |", argument.name, argument.about).unwrap();
        }
        writeln!(text, "\nOnly for who may use `{}`.", prompt.needs.join("`, `")).unwrap();
        let quoted: Vec<String> = prompt.text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
        write!(text, "\n{}\n", quoted.join("\n")).unwrap();
    }
    snapshot::is("docs/prompts.md", &text);
}
