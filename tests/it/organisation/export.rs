//! export_org: what it carries comes back, and credentials don't go along.

use std::fs;

use serde_json::{Value, json};

use super::{empty, import, team};
use crate::support::{House, Plan};

/// To a file on the server, and from there.
async fn exported(house: &House, file: &str) -> Value {
    let answer = house.call("export_org", json!({ "file": file, "format": "json" })).await;
    let text = fs::read_to_string(answer["location"].as_str().unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What no import carries.
fn carried(one: &Value) -> Value {
    let mut one = one.clone();
    for field in ["recommended_env", "channels"] {
        one.as_object_mut().unwrap().remove(field);
    }
    if let Some(children) = one.get("children").and_then(Value::as_array) {
        let children: Vec<Value> = children.iter().map(carried).collect();
        one["children"] = json!(children);
    }
    one
}

#[tokio::test]
async fn what_was_exported_comes_back_equal() {
    let demo = House::open(Plan { seeded: true, ..Plan::default() });
    let first = exported(&demo, "demo.json").await;
    let house = empty();
    let imported = import(&house, &first).await;
    assert_eq!((&imported["status"], &imported["count"]), (&json!("complete"), &json!(14)), "{imported}");
    let second = exported(&house, "again.json").await;
    let of =
        |template: &Value| -> Vec<Value> { template["workspaces"].as_array().unwrap().iter().map(carried).collect() };
    for (one, other) in of(&first).iter().zip(&of(&second)) {
        assert_eq!(one, other);
    }
    assert_eq!(of(&first).len(), of(&second).len());
    let compared = house.call("compare_org", json!({ "inline": first })).await;
    assert_eq!((&compared["in_sync"], &compared["differences"]), (&json!(true), &json!([])), "{compared}");
    let home = demo.call("compare_org", json!({ "inline": first })).await;
    assert_eq!((&home["in_sync"], &home["beside_count"]), (&json!(true), &json!(0)), "{home}");
}

#[tokio::test]
async fn yaml_is_read_as_it_was_written() {
    let house = empty();
    import(&house, &team()).await;
    let shown = house.call("export_org", json!({})).await;
    house.call("export_org", json!({ "file": "org.yaml" })).await;
    let compared = house.call("compare_org", json!({ "file": "org.yaml" })).await;
    assert_eq!((&compared["in_sync"], &compared["match_count"]), (&json!(true), &json!(4)), "{compared}");
    let inline = house.call("compare_org", json!({ "inline": shown["template"] })).await;
    assert_eq!(inline["in_sync"], true, "{inline}");
    let twice = house.refusal("export_org", json!({ "file": "org.yaml" })).await;
    assert!(twice.starts_with("CONFLICT: "), "{twice}");
    let frontend = house.call("list_workspaces", json!({})).await["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Backend")
        .unwrap()["id"]
        .clone();
    let part = house.call("export_org", json!({ "workspace_id": frontend })).await;
    assert_eq!((&part["workspace_count"], &part["template"]["name"]), (&json!(2), &json!("Backend")), "{part}");
    house.is_balanced().await;
}

#[tokio::test]
async fn credentials_stay_where_they_are() {
    let house = empty();
    import(&house, &team()).await;
    let all = super::workspaces(&house).await;
    let lead = super::named(&all, "Lead")["id"].clone();
    house.call("set_secret", json!({ "workspace_id": lead, "key": "GITHUB_TOKEN", "source": "env:PATH" })).await;
    let role = json!({ "role": "password: hunter2" });
    house.host().ask_as_owner("PATCH", &format!("/workspaces/{}", lead.as_str().unwrap()), role).await;
    let channel =
        json!({ "channel_type": "slack", "config": { "webhook_url": "https://hooks.slack.com/services/T1/B2/cccc" } });
    let path = format!("/workspaces/{}/channels", lead.as_str().unwrap());
    let (status, answer) = house.host().ask_as_owner("POST", &path, channel).await;
    assert_eq!(status, 201, "{answer}");
    let shown = house.call("export_org", json!({})).await;
    let text = shown.to_string();
    let path = std::env::var("PATH").unwrap();
    for secret in ["hunter2", "cccc", path.as_str()] {
        assert!(!text.contains(secret), "{text}");
    }
    let lead = &shown["template"]["workspaces"][0];
    assert_eq!(lead["recommended_env"], json!(["GITHUB_TOKEN"]), "{lead}");
    assert_eq!(lead["channels"][0]["config"]["webhook_url"], "${SLACK_WEBHOOK_URL}", "{lead}");
    assert_eq!(shown["masked"], json!(["workspaces[0].role"]), "{shown}");
}
