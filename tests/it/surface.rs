//! The compact surface: what is listed, how the rest is found and called, and how well it is found.

use std::time::{Duration, Instant};

use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::Caller;
use serde_json::{Value, json};

use crate::snapshot;
use crate::support::{House, Plan, waived};

fn compact() -> House {
    House::open(Plan { seeded: true, surface: Surface::Compact, ..Plan::default() })
}

fn listed(house: &House) -> Vec<&'static str> {
    house.dispatch.list(&Caller::terminal()).into_iter().map(|listed| listed.name).collect()
}

#[tokio::test]
async fn everyday_tools_are_listed_and_the_rest_is_called_through_them() {
    let house = compact();
    let names = listed(&house);
    for name in ["find_tools", "call_read_tool", "call_write_tool", "call_dangerous_tool", "get_org_overview"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.contains(&"list_global_secrets"), "{names:?}");
    let found = house.call("find_tools", json!({ "query": "names of the secrets that every agent inherits" })).await;
    let tool = found["items"].as_array().unwrap().iter().find(|tool| tool["name"] == "list_global_secrets").unwrap();
    assert_eq!((&tool["call_with"], &tool["input"]["type"]), (&json!("call_read_tool"), &json!("object")));
    let through = json!({ "tool": "list_global_secrets", "arguments": { "limit": 2 } });
    let answer = house.call("call_read_tool", through).await;
    assert_eq!(answer["items"].as_array().unwrap().len(), 2);
    let record = house.journal("list_global_secrets").await;
    assert_eq!((&record["tool"], &record["outcome"]), (&json!("list_global_secrets"), &json!("done")));
    // As text, for clients that can't send an object.
    let through = json!({ "tool": "list_global_secrets", "arguments": "{\"limit\":1}" });
    assert_eq!(house.call("call_read_tool", through).await["items"].as_array().unwrap().len(), 1);
    house.is_balanced().await;
}

/// The tools of the surface itself.
pub async fn scene(house: &House) {
    house.call("find_tools", json!({ "query": "anything" })).await;
}

#[tokio::test]
async fn each_way_calls_tools_of_its_own_effect_only() {
    let house = compact();
    let id = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
    let restart = |interrupting: bool| json!({ "workspace_id": id, "interrupting": interrupting });
    for (way, tool, arguments, right) in [
        ("call_read_tool", "delete_secret", json!({ "workspace_id": id, "key": "X" }), "call_dangerous_tool"),
        ("call_write_tool", "delete_secret", json!({ "workspace_id": id, "key": "X" }), "call_dangerous_tool"),
        ("call_dangerous_tool", "list_global_secrets", json!({}), "call_read_tool"),
        ("call_write_tool", "list_global_secrets", json!({}), "call_read_tool"),
        ("call_dangerous_tool", "create_approval", json!({ "workspace_id": id, "action": "x" }), "call_write_tool"),
        ("call_read_tool", "restart_workspace", restart(false), "call_write_tool"),
        ("call_write_tool", "restart_workspace", restart(true), "call_dangerous_tool"),
    ] {
        let text = house.refusal(way, json!({ "tool": tool, "arguments": arguments })).await;
        assert!(text.starts_with("INVALID_INPUT: ") && text.contains(&format!("with {right}")), "{way} {tool}: {text}");
    }
    assert_eq!(house.host().asked().len(), 0, "nothing was sent");
    // What its arguments decide may be called as the worst that it can be.
    let text =
        house.refusal("call_dangerous_tool", json!({ "tool": "restart_workspace", "arguments": restart(false) })).await;
    assert!(text.starts_with("NOT_FOUND"), "{text}");
}

#[tokio::test]
async fn a_call_of_a_call_says_what_is_wrong_with_it() {
    let house = compact();
    for (arguments, words) in [
        (json!({}), "`tool`"),
        (json!({ "tool": "list_workspces" }), "Did you mean `list_workspaces`"),
        (json!({ "tool": "call_read_tool", "arguments": { "tool": "whoami" } }), "can't be called by itself"),
        (json!({ "tool": "list_workspaces", "arguments": [1] }), "expected an object"),
        (json!({ "tool": "list_workspaces", "arguments": { "limt": 1 } }), "Did you mean `limit`"),
        (json!({ "tool": "list_workspaces", "args": {} }), "takes: arguments, tool"),
    ] {
        let text = house.refusal("call_read_tool", arguments).await;
        assert!(text.starts_with("INVALID_INPUT: ") && text.contains(words), "no {words:?} in {text}");
    }
    house.is_balanced().await;
}

#[tokio::test]
async fn what_policy_hides_is_neither_found_nor_called() {
    let rules = Rules { read_only: true, toolsets: [Toolset::Workspaces].into(), ..waived() };
    let house = House::open(Plan { seeded: true, surface: Surface::Compact, rules, ..Plan::default() });
    let names = listed(&house);
    assert!(names.contains(&"call_read_tool") && names.contains(&"find_tools"), "{names:?}");
    assert!(!names.contains(&"call_write_tool") && !names.contains(&"call_dangerous_tool"), "{names:?}");
    let found = house.call("find_tools", json!({ "query": "mint a key, delete a workspace", "limit": 15 })).await;
    for tool in found["items"].as_array().unwrap() {
        assert!(tool["effect"] == "read" && tool["name"] != "list_org_keys", "{tool}");
    }
    for (way, tool) in [("call_write_tool", "create_workspace"), ("call_read_tool", "list_org_keys")] {
        let text = house.refusal(way, json!({ "tool": tool, "arguments": {} })).await;
        assert!(text.starts_with("FORBIDDEN_BY_POLICY: "), "{text}");
    }
}

/// How many of a file's questions (`question<TAB>tool[|tool]`) have a right tool among the first three.
fn found_in_three(file: &str) -> (usize, usize, Vec<String>) {
    let catalogue = Catalogue::new();
    let text = std::fs::read_to_string(snapshot::file(file)).unwrap();
    let (mut right, mut missed) = (0, Vec::new());
    for line in text.lines() {
        let (question, tools) = line.split_once('\t').expect(line);
        let ranked = catalogue.index().rank(question);
        let names: Vec<&str> = ranked.iter().take(3).map(|at| catalogue.entries()[*at].tool.name).collect();
        if tools.split('|').any(|tool| names.contains(&tool)) {
            right += 1;
        } else {
            let known = tools.split('|').all(|tool| catalogue.find(tool).is_some());
            assert!(known, "{tools} isn't in the catalogue");
            missed.push(format!("{question}\n    wanted {tools}, found {}", names.join(", ")));
        }
    }
    (right, text.lines().count(), missed)
}

#[test]
fn the_right_tool_is_among_the_first_three() {
    let lists = [("tests/fixtures/find_tools/questions.tsv", 165, 95), ("tests/fixtures/find_tools/blind.tsv", 50, 90)];
    let mut short = Vec::new();
    for (file, count, least) in lists {
        let (right, all, missed) = found_in_three(file);
        println!("{file}: {right} of {all} in the first three");
        assert_eq!(all, count);
        if right * 100 < least * all {
            short.push(format!("{file}: {right} of {all}; missed:\n{}", missed.join("\n")));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn a_search_takes_less_than_a_millisecond() {
    let catalogue = Catalogue::new();
    let questions = std::fs::read_to_string(snapshot::file("tests/fixtures/find_tools/questions.tsv")).unwrap();
    let count = u32::try_from(questions.lines().count()).unwrap();
    // The best of some rounds: other tests run at the same time.
    let round = || {
        let begun = Instant::now();
        assert!(questions.lines().all(|question| catalogue.index().rank(question).len() <= catalogue.entries().len()));
        begun.elapsed() / count
    };
    let each = (0..10).map(|_| round()).min().unwrap();
    println!("{each:?} a search");
    assert!(each < Duration::from_millis(1), "{each:?}");
}

#[tokio::test]
async fn a_page_of_five_thousand_workspaces_is_small_and_quick() {
    let house = House::open(Plan::default());
    let rows: Vec<String> = (0..5000)
        .map(|n| {
            json!({
                "table": "workspaces", "id": format!("00000000-0000-4000-8000-{n:012}"), "name": format!("Worker {n}"),
                "role": "does one of five thousand things", "status": "online", "tier": 2, "runtime": "langgraph",
                "created_at": { "$seconds_from_now": n - 6000 },
            })
            .to_string()
        })
        .collect();
    house.host().seed_lines(&rows.join("\n"));
    let (mut times, mut page) = (Vec::new(), Value::Null);
    for _ in 0..9 {
        let begun = Instant::now();
        page = house.call("list_workspaces", json!({})).await;
        times.push(begun.elapsed());
    }
    times.sort();
    let tokens = page.to_string().len() / 4;
    println!(
        "{} items, {tokens} tokens, {:?} in the middle of nine, {:?} at best",
        page["items"].as_array().unwrap().len(),
        times[4],
        times[0]
    );
    assert_eq!(page["count"], 5000);
    assert!(tokens < 2000 && page["items"].as_array().unwrap().len() >= 20, "{tokens} tokens");
}
