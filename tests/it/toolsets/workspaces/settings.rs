//! Creating one with everything, and its configuration, model, metrics, agent record and sleep.

use serde_json::{Value, json};

use super::{UNKNOWN, beats, external, open, refused, running};
use crate::support::House;

pub async fn scene(house: &House) {
    let full = json!({
        "name": "Archivist", "role": "keeps the files", "template": "claude-code-default", "model": "sonnet",
        "runtime": "", "tier": 2, "parent_id": "", "budget_limit": 2_500, "max_concurrent_tasks": 3,
        "workspace_dir": "/srv/files", "workspace_access": "read_only", "canvas": { "x": 3.5, "y": -4 },
        "initial_memories": [{ "content": "two\nlines" }, { "content": "for the team", "scope": "TEAM" }],
    });
    let mut without_runtime = full.clone();
    without_runtime.as_object_mut().unwrap().remove("runtime");
    refused(&house.refusal("create_workspace", full).await, "INVALID_INPUT", &["`runtime`"]);
    let made = house.call("create_workspace", without_runtime).await;
    assert_eq!((&made["tier"], &made["runtime"]), (&json!(2), &json!("claude-code")), "{made}");
    assert_eq!(house.journal("create_workspace").await["effect"], "escalate", "it mounts a directory");
    let it = json!({ "workspace_id": made["id"] });
    house.call("wait_for_workspace", it.clone()).await;
    let listed = house.call("list_workspaces", json!({ "name": "archivist", "long": true })).await;
    let one = &listed["items"][0];
    assert_eq!((&one["budget_limit"]["cents"], &one["max_concurrent_tasks"]), (&json!(2_500), &json!(3)), "{one}");
    assert_eq!(one["workspace_dir"], "/srv/files");
    let detail = house.call("get_workspace", it.clone()).await;
    assert_eq!((&detail["x"], &detail["y"]), (&json!(3.5), &json!(-4.0)));

    config(house, &it).await;
    model(house, &it).await;
    agent(house, &it).await;

    let metrics = house.call("get_workspace_metrics", it.clone()).await;
    assert_eq!((&metrics["call_count"], &metrics["estimated_cost_usd"]), (&json!(0), &json!("0.000000")));
    refused(&house.refusal("get_console", it.clone()).await, "NOT_SUPPORTED", &["diagnose_workspace"]);
    assert_eq!(house.call("get_canvas_viewport", json!({})).await, json!({ "x": 0.0, "y": 0.0, "zoom": 1.0 }));
    let set = house.refusal("set_canvas_viewport", json!({ "x": 120.5, "y": -40, "zoom": 0.75 })).await;
    refused(&set, "NOT_SUPPORTED", &["no organisation key", "Nothing was changed."]);

    assert_eq!(house.call("hibernate_workspace", it.clone()).await["status"], "hibernated");
    refused(&house.refusal("hibernate_workspace", it.clone()).await, "CONFLICT", &["it is hibernated"]);
    house.call("delete_workspace", it).await;
}

async fn config(house: &House, it: &Value) {
    let with = |config: Value| json!({ "workspace_id": it["workspace_id"], "config": config });
    let first = json!({ "language": "de", "nested": { "a": 1, "b": 2 }, "api_key": "sk-in-the-clear", "long": "x\ny" });
    let updated = house.call("update_config", with(first)).await;
    assert_eq!(updated["replaced"], json!([]), "{updated}");
    let shown = house.call("get_config", it.clone()).await;
    assert!(!shown.to_string().contains("sk-in-the-clear"), "{shown}");
    assert_eq!((&shown["masked"], &shown["config"]["language"]), (&json!(["api_key"]), &json!("de")));
    // What was read goes back as it was, but for what was masked.
    refused(&house.refusal("update_config", with(shown["config"].clone())).await, "INVALID_INPUT", &["config.api_key"]);
    let mut changed = shown["config"].clone();
    changed.as_object_mut().unwrap().remove("api_key");
    changed["nested"] = json!({ "c": 3 });
    let updated = house.call("update_config", with(changed)).await;
    assert_eq!(updated["replaced"], json!(["language", "long", "nested"]));
    let (_, stored) = house.host().ask_as_owner("GET", &config_path(it), Value::Null).await;
    let whole = json!({ "language": "de", "nested": { "c": 3 }, "api_key": "sk-in-the-clear", "long": "x\ny" });
    assert_eq!(stored["data"], whole, "a fence isn't stored, and the masked member stays");
    let one = house.call("get_config", json!({ "workspace_id": it["workspace_id"], "member": "nested" })).await;
    assert_eq!(one["config"], json!({ "nested": { "c": 3 } }));
    let none = house.refusal("get_config", json!({ "workspace_id": it["workspace_id"], "member": "x" })).await;
    refused(&none, "NOT_FOUND", &["get_config without"]);
    refused(&house.refusal("update_config", with(json!({}))).await, "INVALID_INPUT", &["at least one"]);
    refused(&house.refusal("update_config", with(json!([1]))).await, "INVALID_INPUT", &["an object"]);
    let large = json!({ "x": "y".repeat(300_000) });
    refused(&house.refusal("update_config", with(large)).await, "INVALID_INPUT", &["256 KiB"]);
}

fn config_path(it: &Value) -> String {
    format!("/workspaces/{}/config", it["workspace_id"].as_str().unwrap())
}

async fn model(house: &House, it: &Value) {
    assert_eq!(house.call("get_model", it.clone()).await, json!({ "source": "default" }));
    let with = |more: Value| {
        let mut arguments = it.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let set = house.call("set_model", with(json!({ "model": "anthropic/claude-sonnet-4-5" }))).await;
    assert_eq!((&set["restarts"], &set["model"]), (&json!(true), &json!("anthropic/claude-sonnet-4-5")), "{set}");
    house.call("wait_for_workspace", it.clone()).await;
    assert_eq!(house.call("get_model", it.clone()).await["source"], "workspace_secrets");
    refused(&house.refusal("set_model", it.clone()).await, "INVALID_INPUT", &["either `model` or `clear: true`"]);
    let cleared = house.call("set_model", with(json!({ "clear": true }))).await;
    assert_eq!(cleared.get("model"), None);
    house.call("wait_for_workspace", it.clone()).await;
}

async fn agent(house: &House, it: &Value) {
    let id = &it["workspace_id"];
    refused(&house.refusal("remove_agent", it.clone()).await, "NOT_FOUND", &["nothing needs to be done"]);
    let none = house.refusal("replace_agent", json!({ "workspace_id": id, "model": "opus" })).await;
    refused(&none, "NOT_FOUND", &["assign_agent"]);
    let sonnet = json!({ "workspace_id": id, "model": "sonnet" });
    let assigned = house.call("assign_agent", sonnet.clone()).await;
    refused(&house.refusal("assign_agent", sonnet).await, "CONFLICT", &["replace_agent"]);
    let replaced = house.call("replace_agent", json!({ "workspace_id": id, "model": "opus" })).await;
    assert_eq!((&replaced["old_model"], &replaced["model"]), (&json!("sonnet"), &json!("opus")));
    assert_ne!(replaced["agent_id"], assigned["agent_id"]);
    let target = external(house, "Depot", None).await;
    let moving = json!({ "workspace_id": id, "target_id": target });
    let moved = house.call("move_agent", moving.clone()).await;
    assert_eq!((&moved["agent_id"], &moved["to_workspace"]), (&replaced["agent_id"], &json!(target)));
    refused(&house.refusal("move_agent", moving).await, "CONFLICT", &["target"]);
    let itself = json!({ "workspace_id": target, "target_workspace_id": target });
    refused(&house.refusal("move_agent", itself).await, "INVALID_INPUT", &["has it already"]);
    let removed = house.call("remove_agent", json!({ "workspace_id": target })).await;
    assert_eq!(removed["agent_id"], replaced["agent_id"]);
    house.call("delete_workspace", json!({ "workspace_id": target })).await;
}

#[tokio::test]
async fn running_tasks_are_not_lost_unasked() {
    let house = open();
    let worker = running(&house, "Worker").await;
    beats(&house, json!({ "workspace_id": worker, "active_tasks": 2 })).await;
    for (tool, more) in [("hibernate_workspace", json!({})), ("set_model", json!({ "model": "m" }))] {
        let mut arguments = more;
        arguments["workspace_id"] = worker.clone().into();
        let text = house.refusal(tool, arguments.clone()).await;
        refused(&text, "CONFLICT", &["2 running task", "interrupting: true", "Nothing was changed."]);
    }
    let forced = json!({ "workspace_id": worker, "interrupting": true });
    assert_eq!(house.call("hibernate_workspace", forced).await["status"], "hibernated");
    let record = house.journal("hibernate_workspace").await;
    assert_eq!(record["effect"], "destroy");
    let elsewhere = external(&house, "Elsewhere", None).await;
    refused(
        &house.refusal("hibernate_workspace", json!({ "workspace_id": elsewhere })).await,
        "CONFLICT",
        &["external"],
    );
    let set = house.call("set_model", json!({ "workspace_id": elsewhere, "model": "m" })).await;
    assert_eq!((&set["restarts"], &set["status"]), (&json!(false), &json!("online")));
}

#[tokio::test]
async fn a_configuration_that_is_a_list_isnt_made_longer() {
    let house = open();
    let one = external(&house, "Listed", None).await;
    let it = json!({ "workspace_id": one });
    house.host().ask_as_owner("PATCH", &config_path(&it), json!([1])).await;
    let text = house.refusal("update_config", json!({ "workspace_id": one, "config": { "a": 1 } })).await;
    refused(&text, "CONFLICT", &["isn't an object", "Nothing was changed."]);
}

#[tokio::test]
async fn what_creating_would_get_wrong_is_said_before() {
    let house = open();
    let asked = house.host().asked().len();
    for (more, words) in [
        (json!({ "workspace_access": "read_write" }), "needs `workspace_dir`"),
        (json!({ "workspace_dir": "/etc/x" }), "outside the system's own"),
        (json!({ "budget_limit": -1 }), "`budget_limit`"),
        (json!({ "max_concurrent_tasks": 0 }), "`max_concurrent_tasks`"),
        (json!({ "canvas": { "x": 1 } }), "needs `y`"),
        (json!({ "initial_memories": [{ "content": "a", "scope": "EVERYBODY" }] }), "scope"),
        (json!({ "url": "https://a.example" }), "external: true"),
    ] {
        let mut arguments = more;
        arguments["name"] = "A".into();
        refused(&house.refusal("create_workspace", arguments).await, "INVALID_INPUT", &[words]);
    }
    assert_eq!(house.host().asked().len(), asked);
    let global = json!({ "name": "B", "initial_memories": [{ "content": "for all", "scope": "GLOBAL" }] });
    house.call("create_workspace", global).await;
    assert_eq!(house.journal("create_workspace").await["effect"], "escalate");
    let orphan = json!({ "name": "C", "parent_id": UNKNOWN });
    refused(&house.refusal("create_workspace", orphan).await, "TENANT_ERROR", &[]);
}
