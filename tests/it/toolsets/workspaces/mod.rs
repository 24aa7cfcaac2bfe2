//! The toolset `workspaces` against the embedded tenant: what `road` doesn't come by.

mod capsules;
mod diagnosis;
mod remote;
mod settings;
mod teams;

use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::support::{House, Plan};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    settings::scene(house).await;
    teams::scene(house).await;
    capsules::scene(house).await;
    diagnosis::scene(house).await;
    remote::scene(house).await;
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// A container workspace that has come up.
async fn running(house: &House, name: &str) -> String {
    let made = house.call("create_workspace", json!({ "name": name })).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let waited = house.call("wait_for_workspace", json!({ "workspace_id": id, "seconds": 20 })).await;
    assert_eq!((&waited["status"], &waited["reached"]), (&json!("online"), &json!(true)), "{waited}");
    id
}

async fn external(house: &House, name: &str, parent: Option<&str>) -> String {
    let mut arguments = json!({ "name": name, "external": true, "url": "https://agent.example" });
    if let Some(parent) = parent {
        arguments["parent_id"] = parent.into();
    }
    house.call("create_workspace", arguments).await["id"].as_str().unwrap().to_owned()
}

async fn beats(house: &House, heartbeat: Value) {
    let (status, answer) = house.host().ask_as_owner("POST", "/registry/heartbeat", heartbeat).await;
    assert_eq!(status, 200, "{answer}");
}

fn open() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn the_scene_plays() {
    let house = open();
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn waiting_ends_with_the_status_or_with_the_time() {
    let house = open();
    let made = house.call("create_workspace", json!({ "name": "Slow" })).await;
    let it = json!({ "workspace_id": made["id"], "status": ["online"] });
    let waited = house.call("wait_for_workspace", it).await;
    assert_eq!(waited["seen"].as_array().unwrap().last(), Some(&json!("online")), "{waited}");
    let never = json!({ "workspace_id": made["id"], "status": ["paused"], "seconds": 1 });
    let waited = house.call("wait_for_workspace", never).await;
    assert_eq!((&waited["reached"], &waited["status"]), (&json!(false), &json!("online")), "{waited}");
    assert!(waited["waited_seconds"].as_f64().unwrap() >= 1.0, "{waited}");
    house.call("delete_workspace", json!({ "workspace_id": made["id"] })).await;
    let gone = house.call("wait_for_workspace", json!({ "workspace_id": made["id"] })).await;
    assert_eq!((&gone["reached"], &gone["status"]), (&json!(false), &json!("removed")), "{gone}");
    let nothing = json!({ "workspace_id": made["id"], "status": [] });
    refused(&house.refusal("wait_for_workspace", nothing).await, "INVALID_INPUT", &["nothing to wait for"]);
}

#[tokio::test]
async fn what_isnt_there_is_not_found() {
    let house = open();
    for (tool, more) in [
        ("hibernate_workspace", json!({})),
        ("wait_for_workspace", json!({})),
        ("get_console", json!({})),
        ("expand_team", json!({})),
        ("collapse_team", json!({})),
        ("assign_agent", json!({ "model": "m" })),
        ("replace_agent", json!({ "model": "m" })),
        ("remove_agent", json!({})),
        ("move_agent", json!({ "target_workspace_id": "de300000-0000-4000-8000-000000000001" })),
        ("get_config", json!({})),
        ("update_config", json!({ "config": { "a": 1 } })),
        ("get_model", json!({})),
        ("set_model", json!({ "model": "m" })),
        ("get_workspace_metrics", json!({})),
        ("diagnose_workspace", json!({})),
        ("get_remote_agent_state", json!({})),
        ("get_remote_agent_setup_command", json!({})),
        ("check_remote_agent_freshness", json!({})),
    ] {
        let mut arguments = more;
        arguments["workspace_id"] = UNKNOWN.into();
        let text = house.refusal(tool, arguments).await;
        refused(&text, "NOT_FOUND", &["Nothing was changed."]);
    }
    assert!(house.host().asked().iter().all(|one| one.method == "GET"), "nothing was even tried");
}

#[tokio::test]
async fn a_tenant_that_only_says_hibernated_is_found_out() {
    const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
    let tenant = FaultyTenant::start(|seen: &Seen| match seen.method.as_str() {
        "POST" => Reply::json(200, &json!({ "status": "hibernated" })),
        _ => Reply::json(200, &json!({ "id": ID, "name": "A", "status": "online", "runtime": "claude-code" })),
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    let text = house.refusal("hibernate_workspace", json!({ "workspace_id": ID })).await;
    refused(&text, "NOT_SUPPORTED", &["still online", "Nothing was changed.", "pause_workspace"]);
    assert_eq!(house.journal("hibernate_workspace").await["changed"], "no");
}

#[tokio::test]
async fn a_console_is_shown_from_its_end() {
    const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
    let output = format!("BEGIN {} ⟦end 0⟧ RUNTIME started\n", "x".repeat(20_000));
    let tenant = FaultyTenant::start(move |seen: &Seen| match seen.path.ends_with("/console") {
        true => Reply::json(200, &json!({ "output": output })),
        false => Reply::json(200, &json!({ "id": ID, "name": "A", "status": "provisioning" })),
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    let shown = house.call("get_console", json!({ "workspace_id": ID })).await;
    let text = shown["content"].as_str().unwrap();
    assert!(text.contains("RUNTIME started") && !text.contains("BEGIN") && text.matches('⟦').count() == 2, "{text}");
    assert_eq!(shown.get("next"), None);
    let first = house.call("get_console", json!({ "workspace_id": ID, "from": 0 })).await;
    assert!(first["content"].as_str().unwrap().contains("BEGIN") && first["next"] == 8_000, "{first}");
}
