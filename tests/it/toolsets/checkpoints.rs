//! The toolset `checkpoints` against the embedded tenant.

use serde_json::{Value, json};

use super::files::running;
use crate::support::{House, Plan};

const BUILD_RUNNER: &str = "de300000-0000-4000-8000-000000000002";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let id = running(house, "Step By Step").await;
    let none = house.refusal("get_latest_checkpoint", json!({ "workspace_id": id })).await;
    assert!(none.starts_with("NOT_FOUND: this workspace has no checkpoint"), "{none}");
    let save = async |step: &str, index: i64, payload: Value| {
        let arguments = json!({ "workspace_id": id, "workflow_id": "audit", "step_name": step, "step_index": index, "payload": payload });
        house.call("save_checkpoint", arguments).await["replaced"].clone()
    };
    let pages: Vec<Value> = (0..500).map(|n| json!({ "page": n, "text": "a line that an agent wrote" })).collect();
    assert_eq!(save("fetch", 0, json!({ "urls": 3 })).await, false);
    assert_eq!(save("parse", 1, json!(pages)).await, false);
    assert_eq!(save("fetch", 0, json!({ "urls": 4 })).await, true, "it says what it wrote over");
    let workflow = json!({ "workspace_id": id, "workflow_id": "audit" });
    let listed = house.call("list_checkpoints", workflow.clone()).await;
    let steps: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["step_name"]).collect();
    assert_eq!(
        (steps, &listed["items"][1]["payload"]),
        (vec![&json!("parse"), &json!("fetch")], &json!({ "urls": 4 }))
    );
    let cut = listed["items"][0]["payload"].as_str().unwrap();
    assert!(cut.contains("the rest: list_checkpoints with `step_name`") && cut.len() < 400, "{cut}");
    let whole = json!({ "workspace_id": id, "workflow_id": "audit", "step_name": "parse" });
    let whole = house.call("list_checkpoints", whole).await;
    assert_eq!((whole["items"][0]["payload"].as_array().unwrap().len(), &whole["count"]), (500, &json!(1)));
    let latest = house.call("get_latest_checkpoint", json!({ "workspace_id": id })).await;
    assert_eq!((&latest["step_name"], &latest["payload"]), (&json!("fetch"), &json!({ "urls": 4 })));
    let deleted = house.call("delete_checkpoints", workflow.clone()).await;
    assert_eq!((&deleted["deleted"], &deleted["workflow_id"]), (&json!(2), &json!("audit")));
    assert_eq!(house.call("list_checkpoints", workflow.clone()).await["count"], 0);
    assert!(house.refusal("delete_checkpoints", workflow).await.starts_with("NOT_FOUND: "));
}

#[tokio::test]
async fn checkpoints_are_saved_found_and_deleted() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn what_could_never_be_found_again_isnt_saved() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let step = |id: &str, workflow: &str, payload: Value| json!({ "workspace_id": id, "workflow_id": workflow, "step_name": "s", "payload": payload });
    for (arguments, told) in [
        (step(BUILD_RUNNER, "latest", json!(1)), "can't list a workflow called `latest`"),
        (step(BUILD_RUNNER, "a/b", json!(1)), "without slashes"),
        (step(BUILD_RUNNER, "..", json!(1)), "without slashes"),
        (step(BUILD_RUNNER, "w", json!("x".repeat(70_000))), "65536 bytes"),
        (step(BUILD_RUNNER, "w", json!({ "a": "\0" })), "without NUL"),
        (step(NOBODY, "w", json!(1)), "not found"),
    ] {
        let refused = house.refusal("save_checkpoint", arguments).await;
        assert!(refused.contains(told) && refused.contains("Nothing was changed."), "{refused}");
    }
    let row = json!({ "workflow_id": "latest", "step_name": "s" });
    let (status, _) = house.host().ask_as_owner("POST", &format!("/workspaces/{BUILD_RUNNER}/checkpoints"), row).await;
    assert_eq!(status, 201, "the platform takes it");
    let latest = json!({ "workspace_id": BUILD_RUNNER, "workflow_id": "latest" });
    assert!(house.refusal("list_checkpoints", latest.clone()).await.contains("called `latest`"));
    assert_eq!(house.call("delete_checkpoints", latest).await["deleted"], 1);
    let nobody = house.refusal("list_checkpoints", json!({ "workspace_id": NOBODY, "workflow_id": "w" })).await;
    assert!(nobody.starts_with("NOT_FOUND: "), "{nobody}");
}
