//! Every tool, called by somebody bound to the first team: inside it, outside of it, and inside with the id of
//! something outside.

use std::collections::BTreeSet;

use molecule_org_mcp::dispatch::{Answer, Refusal};
use molecule_org_mcp::policy::target::{NAMES, Reach};
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::tool::Tool;
use molecule_org_mcp::transport::caller::Caller;
use serde_json::{Map, Value, json};

use super::organisation::{
    HELPER, LEAD, MARKS, MEMBER, NOBODY, THEIR_LEAD, THEIR_MEMBER, bound, house, house_that_asks, list, subtree, thing,
};
use crate::support::House;

/// Where the example would wait for long, or names what the team hasn't got.
const INSTEAD: [(&str, &str, &str); 10] = [
    ("check_remote_agent_freshness", "threshold_seconds", "1"),
    ("wait_for_workspace", "seconds", "1"),
    ("chat_with_agent", "deadline_seconds", "1"),
    ("create_workspace", "secrets", "{}"),
    ("memory_get", "key", "\"kitchen\""),
    ("memory_delete_kv", "key", "\"kitchen\""),
    ("delete_secret", "key", "\"KITCHEN_KEY\""),
    ("set_secret", "source", "\"env:PATH\""),
    ("list_checkpoints", "workflow_id", "\"kitchen\""),
    ("update_delegation_status", "delegation_id", "\"kitchen-1\""),
];

struct Called {
    told: String,
    code: Option<String>,
}

async fn call(house: &House, caller: &Caller, tool: &str, arguments: &Value) -> Called {
    match house.call_as(caller, tool, arguments.clone()).await {
        Ok(Answer { content, .. }) => Called { told: content.to_string(), code: None },
        Err(Refusal { failure, .. }) => Called { told: failure.text(), code: Some(failure.code().to_string()) },
    }
}

/// The tools in an order in which each leaves enough to the others.
pub fn tools() -> Vec<Tool> {
    let catalogue = Catalogue::new();
    let mut tools: Vec<Tool> =
        catalogue.entries().iter().map(|entry| entry.tool).filter(|tool| tool.calls.is_none()).collect();
    tools.sort_by_key(|tool| (tool.name == "delete_workspace", tool.reach == Reach::NamedAndBelow, tool.most));
    tools
}

/// The example with everything in it that is the first team's.
pub fn inside(tool: &Tool, at: &str) -> Value {
    let mut arguments: Map<String, Value> = serde_json::from_str(tool.example).unwrap();
    let schema = tool.input_schema();
    let has = |name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
    for name in NAMES {
        let other = if name == "workspace_id" || name == "parent_id" || name == "caller_id" { at } else { HELPER };
        match arguments.get(name) {
            Some(Value::Array(_)) => drop(arguments.insert(name.to_owned(), json!([at]))),
            Some(_) => drop(arguments.insert(name.to_owned(), json!(other))),
            None => {}
        }
    }
    for kind in ["approval_id", "channel_id", "instruction_id", "memory_id", "schedule_id", "token_id"] {
        if arguments.contains_key(kind) {
            arguments.insert(kind.to_owned(), json!(thing("1ead", kind)));
        }
    }
    if has("long") {
        arguments.insert("long".to_owned(), json!(true));
    }
    for (of, name, value) in INSTEAD {
        if of == tool.name {
            arguments.insert(name.to_owned(), serde_json::from_str(value).unwrap());
        }
    }
    Value::Object(arguments)
}

fn with(arguments: &Value, name: &str, value: Value) -> Value {
    let mut arguments = arguments.clone();
    arguments[name] = value;
    arguments
}

fn has_mark(told: &str, marks: &[&str]) -> bool {
    let told = told.to_lowercase();
    marks.iter().any(|mark| told.contains(&mark.to_lowercase()))
}

/// What was sent to the tenant besides the question who stands below whom.
fn sent(house: &House, before: usize) -> Vec<String> {
    let asked = house.host().asked();
    let new = asked.iter().skip(before).map(|one| format!("{} {}", one.method, one.path));
    new.filter(|one| one != "GET /workspaces").collect()
}

/// Everything that the tenant knows of the second team.
async fn their_state(house: &House) -> Vec<Value> {
    let mut state = Vec::new();
    for tool in [
        "get_workspace",
        "list_schedules",
        "list_channels",
        "list_workspace_approvals",
        "list_secrets",
        "list_workspace_tokens",
        "list_activity",
        "list_delegations",
        "search_memory",
        "memory_list",
        "get_budget",
        "get_config",
        "list_instructions",
    ] {
        for id in [THEIR_LEAD, THEIR_MEMBER] {
            state.push(house.call(tool, json!({ "workspace_id": id })).await);
        }
    }
    state
}

async fn no_tool_tells(caller: Caller, at: &str, marks: &[&str]) -> BTreeSet<String> {
    let house = house().await;
    let before = their_state(&house).await;
    let mut answered = BTreeSet::new();
    let more: Vec<(&str, Value)> = vec![
        ("search_memory", json!({ "workspace_id": at, "scope": "GLOBAL" })),
        ("search_memory", json!({ "workspace_id": at, "scope": "TEAM" })),
        ("list_events", json!({ "workspace_id": at })),
        ("list_events", json!({})),
        ("list_instructions", json!({})),
        ("list_activity", json!({ "workspace_id": at, "long": true })),
        ("list_peers", json!({ "workspace_id": at })),
        ("compare_secrets", json!({})),
        ("list_schedule_health", json!({ "long": true })),
        ("list_workspaces", json!({ "long": true })),
        ("get_org_overview", json!({})),
    ];
    let each = tools().into_iter().map(|tool| (tool.name, inside(&tool, at)));
    for (tool, arguments) in more.into_iter().chain(each) {
        let called = call(&house, &caller, tool, &arguments).await;
        assert!(!has_mark(&called.told, marks), "{tool} {arguments} tells {}", called.told);
        if called.code.is_none() {
            answered.insert(tool.to_owned());
        }
    }
    assert_eq!(their_state(&house).await, before);
    house.is_balanced().await;
    answered
}

#[tokio::test]
async fn whoever_is_bound_to_a_team_learns_nothing_of_another() {
    let answered = no_tool_tells(bound(subtree(LEAD)), MEMBER, &MARKS).await;
    assert!(
        answered.len() > 90,
        "{} answered: {answered:?}, not {:?}",
        answered.len(),
        tools().iter().map(|t| t.name).filter(|n| !answered.contains(*n)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn whoever_is_bound_to_one_workspace_learns_nothing_of_those_around_it() {
    let marks = [MARKS[0], MARKS[1], LEAD, "Kitchen Lead", HELPER, "Dishwasher"];
    let answered = no_tool_tells(bound(list(&[MEMBER])), MEMBER, &marks).await;
    assert!(
        answered.len() > 75,
        "{} answered: {answered:?}, not {:?}",
        answered.len(),
        tools().iter().map(|t| t.name).filter(|n| !answered.contains(*n)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn whoever_is_bound_below_a_lead_learns_nothing_of_the_lead() {
    let marks = [MARKS[0], MARKS[1], LEAD, "Kitchen Lead"];
    no_tool_tells(bound(subtree(MEMBER)), MEMBER, &marks).await;
}

/// Nor from the question whether a person agrees.
#[tokio::test]
async fn what_a_person_is_asked_names_nothing_outside() {
    let house = house_that_asks().await;
    let marks = [MARKS[0], MARKS[1], LEAD, "Kitchen Lead", HELPER, "Dishwasher"];
    let caller = bound(list(&[MEMBER]));
    let mut asked = 0;
    for tool in tools().into_iter().filter(|tool| tool.most >= Effect::Destroy) {
        let mut arguments = inside(&tool, MEMBER);
        if tool.input_schema()["properties"].get("interrupting").is_some() {
            arguments["interrupting"] = json!(true);
        }
        let called = call(&house, &caller, tool.name, &arguments).await;
        assert!(!has_mark(&called.told, &marks), "{} tells {}", tool.name, called.told);
        asked += usize::from(called.code.as_deref() == Some("CONSENT_REQUIRED"));
    }
    assert!(asked > 15, "{asked}");
    let waiting = house.dispatch.server().consents.waiting(chrono::Utc::now()).await.unwrap();
    for question in waiting {
        assert!(!has_mark(&question.preview.text(), &marks), "{}", question.preview.text());
    }
}

#[tokio::test]
async fn whatever_names_a_workspace_outside_is_refused_before_anything_is_sent() {
    let house = house().await;
    for caller in [bound(subtree(LEAD)), bound(list(&[MEMBER, HELPER]))] {
        for tool in tools() {
            let arguments = inside(&tool, MEMBER);
            let given: Vec<&str> = NAMES.into_iter().filter(|name| arguments.get(name).is_some()).collect();
            for outside in [THEIR_MEMBER, NOBODY] {
                for name in &given {
                    let value = if arguments[name].is_array() { json!([MEMBER, outside]) } else { json!(outside) };
                    refused(&house, &caller, tool.name, &with(&arguments, name, value)).await;
                }
            }
            if tool.reach == Reach::Organisation {
                refused(&house, &caller, tool.name, &arguments).await;
            }
        }
    }
}

async fn refused(house: &House, caller: &Caller, tool: &str, arguments: &Value) {
    let before = house.host().asked().len();
    let called = call(house, caller, tool, arguments).await;
    assert_eq!(called.code.as_deref(), Some("FORBIDDEN_BY_POLICY"), "{tool} {arguments}: {}", called.told);
    assert_eq!(sent(house, before), [""; 0], "{tool} {arguments}");
    assert!(!has_mark(&called.told, &MARKS), "{tool}: {}", called.told);
}

#[tokio::test]
async fn what_reaches_further_by_its_other_arguments_is_refused_too() {
    let house = house().await;
    let me = |more: Value| {
        let mut arguments = json!({ "workspace_id": MEMBER });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let beyond = [
        ("create_workspace", json!({ "name": "a root" })),
        ("create_workspace", json!({ "name": "blank", "parent_id": "" })),
        ("create_workspace", json!({ "name": "x", "parent_id": MEMBER, "workspace_dir": "/srv/theirs" })),
        (
            "create_workspace",
            json!({ "name": "x", "parent_id": MEMBER, "initial_memories": [{ "content": "c", "scope": "GLOBAL" }] }),
        ),
        ("update_workspace", me(json!({ "detach": true }))),
        ("update_workspace", me(json!({ "parent_id": null }))),
        ("update_workspace", me(json!({ "workspace_dir": "/srv/theirs" }))),
        ("commit_memory", me(json!({ "content": "obey", "scope": "GLOBAL" }))),
        ("replace_all_files", me(json!({ "files": { "a.md": "a" }, "shared": true }))),
        ("create_instruction", json!({ "scope": "global", "title": "t", "content": "c" })),
        ("drop_stale_queue", json!({ "everywhere": true })),
    ];
    for (tool, arguments) in beyond {
        refused(&house, &bound(subtree(LEAD)), tool, &arguments).await;
    }
    // Those that need a look at the tenant first.
    let looked_up = [
        ("update_workspace", subtree(MEMBER), json!({ "workspace_id": MEMBER, "parent_id": HELPER })),
        (
            "update_instruction",
            subtree(LEAD),
            json!({ "instruction_id": thing("cafe", "instruction_id"), "enabled": false }),
        ),
        ("delete_instruction", subtree(LEAD), json!({ "instruction_id": thing("cafe", "instruction_id") })),
        ("create_workspace_token", subtree(LEAD), me(json!({}))),
        ("create_workspace", subtree(LEAD), json!({ "name": "x", "parent_id": MEMBER, "sink": "file" })),
    ];
    for (tool, binding, arguments) in looked_up {
        let before = house.host().asked().len();
        let called = call(&house, &bound(binding), tool, &arguments).await;
        assert_eq!(called.code.as_deref(), Some("FORBIDDEN_BY_POLICY"), "{tool} {arguments}: {}", called.told);
        let acts: Vec<String> = sent(&house, before).into_iter().filter(|one| !one.starts_with("GET ")).collect();
        assert_eq!(acts, [""; 0], "{tool}");
    }
}

/// The tenant looks some of them up by their id alone.
#[tokio::test]
async fn the_id_of_something_outside_does_nothing_inside() {
    let house = house().await;
    let caller = bound(subtree(LEAD));
    let before = their_state(&house).await;
    let mut tried = 0;
    for tool in tools() {
        let arguments = inside(&tool, MEMBER);
        for kind in ["approval_id", "channel_id", "instruction_id", "memory_id", "schedule_id", "token_id"] {
            if arguments.get(kind).is_some() {
                let called =
                    call(&house, &caller, tool.name, &with(&arguments, kind, json!(thing("cafe", kind)))).await;
                assert!(called.code.is_some(), "{} took another's {kind}: {}", tool.name, called.told);
                assert!(!has_mark(&called.told, &MARKS[1..]), "{}: {}", tool.name, called.told);
                tried += 1;
            }
        }
    }
    for (tool, more) in [
        ("update_delegation_status", json!({ "delegation_id": "kanari-1", "status": "failed" })),
        ("delete_checkpoints", json!({ "workflow_id": "kanari" })),
        ("memory_get", json!({ "key": "kanari" })),
        ("delete_secret", json!({ "key": "KANARI_KEY" })),
    ] {
        let mut arguments = json!({ "workspace_id": MEMBER });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let called = call(&house, &caller, tool, &arguments).await;
        assert!(called.code.is_some(), "{tool} took another's: {}", called.told);
    }
    assert!(tried >= 12, "{tried}");
    assert_eq!(their_state(&house).await, before);
}

/// Sums and counts are made of what is seen.
#[tokio::test]
async fn nothing_is_counted_that_isnt_shown() {
    let house = house().await;
    let caller = bound(subtree(MEMBER));
    let get = async |tool: &str| {
        let answer = house.call_as(&caller, tool, json!({})).await;
        answer.unwrap_or_else(|refusal| panic!("{tool}: {}", refusal.failure.text())).content
    };
    assert_eq!(get("list_workspaces").await["count"], 2);
    assert!(get("list_workspaces").await["items"][0].get("parent_id").is_none());
    let spent = get("get_spend_report").await;
    assert_eq!((&spent["count"], &spent["monthly_spend"]["cents"]), (&json!(2), &json!(20)));
    let overview = get("get_org_overview").await;
    let counts = ["workspaces", "pending_approvals_count", "idle_count"].map(|name| overview[name].clone());
    assert_eq!(counts, [2, 2, 1].map(|n| json!(n)), "{overview}");
    assert_eq!((&overview["keys"]["count"], &overview["schedules"]["count"]), (&json!(0), &json!(1)));
    assert!(overview["not_looked_at"].to_string().contains("keys"), "{overview}");
    assert_eq!(get("list_pending_approvals").await["count"], 2);
    assert_eq!(get("find_idle_workspaces").await["count"], 1);
    assert_eq!(get("list_remote_agents").await["count"], 1);
}

/// The tenant's own question denies everybody's requests that are older than ten minutes.
#[tokio::test]
async fn looking_at_ones_own_requests_denies_nobodys() {
    let house = house().await;
    for (id, owner) in [("a", MEMBER), ("b", THEIR_MEMBER)] {
        let id = format!("01d00000-0000-4000-8000-00000000000{id}");
        house.host().seed(&json!({ "table": "approval_requests", "id": id, "workspace_id": owner, "action": "old",
            "created_at": { "$seconds_from_now": -3600 } }));
    }
    let answer = house.call_as(&bound(subtree(LEAD)), "list_pending_approvals", json!({})).await.unwrap().content;
    assert_eq!((&answer["count"], &answer["denied_by_asking"]), (&json!(3), &json!([])), "{answer}");
    let theirs = house.call("list_workspace_approvals", json!({ "workspace_id": THEIR_MEMBER })).await;
    assert!(theirs["items"].as_array().unwrap().iter().all(|one| one["status"] == "pending"), "{theirs}");
}
