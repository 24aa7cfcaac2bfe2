//! The toolset `platform` against the embedded tenant.

use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply};
use crate::support::{House, Plan};

const LEAD: &str = "de300000-0000-4000-8000-000000000001";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let health = house.call("get_platform_health", json!({})).await;
    assert_eq!((&health["status"], &health["subsystems"][0]["name"]), (&json!("ok"), &json!("scheduler")));
    assert_eq!(health["subsystems"][0]["is_late"], false);

    let metrics = house.call("get_platform_metrics", json!({})).await;
    let all = metrics["items"][0].clone();
    assert_eq!((&all["metric"], &all["kind"]), (&json!("molecule_workspaces"), &json!("gauge")));
    let parts = house.call("get_platform_metrics", json!({ "metric": "molecule_workspaces" })).await;
    let counts = parts["items"].as_array().unwrap().iter().map(|part| part["reading"].as_f64().unwrap());
    assert_eq!(counts.sum::<f64>(), all["reading"].as_f64().unwrap());

    for minutes in [30, 90, 5000] {
        waits(house, LEAD, minutes);
    }
    let dropped = house.call("drop_stale_queue", json!({ "workspace_id": LEAD })).await;
    assert_eq!((&dropped["dropped"], &dropped["older_than_minutes"]), (&json!(2), &json!(60)));

    let refreshed = house.call("refresh_workspace_images", json!({ "runtime": "claude-code" })).await;
    assert_eq!(refreshed, json!({ "pulled": ["claude-code"], "failed": [], "recreated": [] }));
    assert_eq!(house.journal("refresh_workspace_images").await["effect"], "write");
}

fn waits(house: &House, workspace: &str, minutes: i64) {
    house.host().seed(&json!({
        "table": "a2a_queue", "workspace_id": workspace, "body": {}, "method": "message/send", "status": "queued",
        "enqueued_at": { "$seconds_from_now": -60 * minutes - 1 },
    }));
}

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[tokio::test]
async fn the_platform_answers() {
    scene(&house()).await;
}

#[tokio::test]
async fn a_broom_sweeps_everywhere_only_when_that_is_said() {
    let house = house();
    for tool in ["drop_stale_queue", "refresh_workspace_images"] {
        refused(
            &house.refusal(tool, json!({})).await,
            "INVALID_INPUT",
            &["`everywhere: true`", "Nothing was changed."],
        );
    }
    let both = json!({ "workspace_id": LEAD, "everywhere": true });
    refused(&house.refusal("drop_stale_queue", both).await, "INVALID_INPUT", &["one of them"]);
    let nowhere = json!({ "workspace_id": "00000000-0000-4000-8000-000000000000" });
    refused(&house.refusal("drop_stale_queue", nowhere).await, "NOT_FOUND", &[]);
    assert!(house.host().asked().iter().all(|one| one.method == "GET"));

    waits(&house, LEAD, 90);
    waits(&house, "de300000-0000-4000-8000-00000000000b", 90);
    let dropped = house.call("drop_stale_queue", json!({ "everywhere": true, "max_age_minutes": 80 })).await;
    assert_eq!((&dropped["dropped"], dropped.get("workspace_id")), (&json!(2), None));
}

#[tokio::test]
async fn containers_are_recreated_only_when_that_is_said() {
    let house = house();
    house.call("refresh_workspace_images", json!({ "everywhere": true })).await;
    house.call("refresh_workspace_images", json!({ "runtime": "hermes", "recreate": true })).await;
    assert_eq!(house.journal("refresh_workspace_images").await["effect"], "destroy");
    let asked: Vec<String> = house.host().asked().into_iter().map(|one| one.path).collect();
    let way = "/admin/workspace-images/refresh?recreate=";
    assert_eq!(asked, [format!("{way}false"), format!("{way}true&runtime=hermes")]);
}

#[tokio::test]
async fn an_unknown_metric_names_the_nearest() {
    let text = house().refusal("get_platform_metrics", json!({ "metric": "molecule_workspace" })).await;
    refused(&text, "NOT_FOUND", &["Did you mean `molecule_workspaces`?"]);
}

#[tokio::test]
async fn what_was_done_before_the_tenant_stopped_is_told() {
    let done = |pulled: Value| json!({ "error": "no daemon", "partial_result": { "pulled": pulled, "failed": ["x"] } });
    for (pulled, changed) in [(json!([]), "Nothing was changed."), (json!(["a"]), "Part of it was done")] {
        let body = done(pulled);
        let tenant = FaultyTenant::start(move |_| Reply::json(500, &body)).await;
        let house = House::before(&tenant.url(), Plan::default());
        let text = house.refusal("refresh_workspace_images", json!({ "everywhere": true })).await;
        refused(&text, "TENANT_ERROR", &["1 failed", changed]);
    }
    let hosted = FaultyTenant::start(|_| Reply::text(404, "404 page not found")).await;
    let house = House::before(&hosted.url(), Plan::default());
    let text = house.refusal("refresh_workspace_images", json!({ "everywhere": true })).await;
    refused(&text, "NOT_SUPPORTED", &["no such route"]);
}

/// A server that answers is up, whatever it says of its loops.
#[tokio::test]
async fn a_server_without_liveness_is_still_up() {
    let tenant = FaultyTenant::start(|seen| match seen.path.as_str() {
        "/health" => Reply::json(200, &json!({ "status": "ok" })),
        _ => Reply::text(404, "404 page not found"),
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    let health = house.call("get_platform_health", json!({})).await;
    assert_eq!((&health["status"], &health["subsystems"]), (&json!("ok"), &json!([])));
    assert!(health["subsystems_unknown"].as_str().unwrap().contains("no such route"), "{health}");
}
