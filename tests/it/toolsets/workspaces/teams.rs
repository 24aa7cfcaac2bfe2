//! Expanding a team doubles it and collapsing it orphans: neither goes unsaid.

use serde_json::json;

use super::{beats, external, names, open, refused};
use crate::support::House;

const SQUAD: &str = "name: Field Squad\nruntime: claude-code\nsub_workspaces:\n  - config: claude-code-default\n    \
                     name: Field Kid\n    role: digs\n  - config: claude-code-default\n    name: Field Cook\n";

pub async fn scene(house: &House) {
    let template = json!({ "name": "Field Squad", "files": { "config.yaml": SQUAD } });
    house.call("import_template", template).await;
    let squad = house.call("create_workspace", json!({ "name": "Field Squad" })).await["id"].clone();
    let it = json!({ "workspace_id": squad });
    let expanded = house.call("expand_team", it.clone()).await;
    assert_eq!(names(&expanded["children"]), ["Field Kid", "Field Cook"], "{expanded}");
    let text = house.refusal("expand_team", it.clone()).await;
    refused(&text, "CONFLICT", &["has 2 already: \"Field Kid\"", "again: true", "Nothing was changed."]);
    let doubled = house.call("expand_team", json!({ "workspace_id": squad, "again": true })).await;
    assert_eq!((&doubled["had"], doubled["children"].as_array().unwrap().len()), (&json!(2), 2));
    let collapsed = house.call("collapse_team", it.clone()).await;
    assert_eq!(names(&collapsed["removed"]), ["Field Kid", "Field Cook", "Field Kid", "Field Cook"]);
    assert!(collapsed.get("still_there").is_none() && collapsed.get("orphaned").is_none(), "{collapsed}");
    let capsule = collapsed["capsule"].as_str().unwrap();
    let label = house.dispatch.server().capsules.find(capsule, chrono::Utc::now()).await.unwrap().unwrap();
    let kept: Vec<&str> = label.workspaces.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(kept.len(), 4, "what goes, and not the squad itself: {kept:?}");
    assert_eq!(house.call("collapse_team", it.clone()).await, json!({ "removed": [] }), "there is nobody left");
    house.call("delete_workspace", it).await;
}

#[tokio::test]
async fn what_a_collapse_would_lose_is_said_first() {
    let house = open();
    let top = external(&house, "Top", None).await;
    let child = external(&house, "Child", Some(&top)).await;
    let grandchild = external(&house, "Grandchild", Some(&child)).await;
    beats(&house, json!({ "workspace_id": child, "active_tasks": 3 })).await;
    beats(&house, json!({ "workspace_id": grandchild, "active_tasks": 9 })).await;
    let text = house.refusal("collapse_team", json!({ "workspace_id": top })).await;
    let words = ["\"Grandchild\"", "3 running task", "orphaning: true", "interrupting: true", "Nothing was changed."];
    refused(&text, "CONFLICT", &words);
    let half = house.refusal("collapse_team", json!({ "workspace_id": top, "orphaning": true })).await;
    refused(&half, "CONFLICT", &["3 running task"]);
    assert!(!house.host().asked().iter().any(|one| one.path.ends_with("/collapse")));
    let all = json!({ "workspace_id": top, "orphaning": true, "interrupting": true });
    let collapsed = house.call("collapse_team", all).await;
    assert_eq!((names(&collapsed["removed"]), names(&collapsed["orphaned"])), (vec!["Child"], vec!["Grandchild"]));
    let left = house.call("list_workspaces", json!({ "name": "grandchild" })).await;
    assert_eq!(left["count"], 1);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_workspace_without_such_a_template_isnt_expanded() {
    let house = open();
    let one = external(&house, "Plain", None).await;
    let text = house.refusal("expand_team", json!({ "workspace_id": one })).await;
    refused(&text, "PRECONDITION_FAILED", &["sub_workspaces", "import_template", "\"Plain\"", "Nothing was changed."]);
}
