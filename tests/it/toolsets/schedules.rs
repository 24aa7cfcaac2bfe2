//! The toolset `schedules` against the embedded tenant.

use serde_json::{Value, json};

use crate::support::{House, Plan};

const TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";
const STEWARD: &str = "de300000-0000-4000-8000-000000000003";
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let made = house.call("create_schedule", digest()).await;
    assert_eq!((&made["timezone"], &made["enabled"]), (&json!("Europe/Berlin"), &json!(true)));
    assert_eq!(made["next_runs"].as_array().unwrap().len(), 3);
    let it = json!({ "workspace_id": TRIAGE, "schedule_id": made["id"] });

    let moved = with(&it, json!({ "cron_expr": "30 6 * * *", "timezone": "UTC", "name": "Digest" }));
    let moved = house.call("update_schedule", moved).await;
    assert_eq!((&moved["name"], &moved["cron_expr"]), (&json!("Digest"), &json!("30 6 * * *")));
    assert!(moved["next_runs"][0].as_str().unwrap().ends_with("T06:30:00Z"), "{moved}");

    let listed = house.call("list_schedules", json!({ "workspace_id": TRIAGE })).await;
    assert_eq!(listed["items"][1]["next_runs"], moved["next_runs"]);

    let ran = house.call("run_schedule", it.clone()).await;
    assert_eq!(ran["reply"]["status"], "answered");
    assert!(ran["reply"]["text"].as_str().unwrap().contains("echo: Write the digest."), "{ran}");
    assert_eq!(house.call("get_schedule_history", it.clone()).await["count"], 0);

    let judged = house.call("get_schedule_health", json!({ "workspace_id": STEWARD })).await;
    let vacuum = &judged["items"][0];
    assert_eq!((&vacuum["name"], &vacuum["verdict"]), (&json!("Nightly vacuum"), &json!("failing")));
    let stale = house.call("list_schedule_health", json!({ "status": "stale" })).await;
    assert!(stale["items"].as_array().unwrap().iter().any(|one| one["schedule_name"] == "Nightly vacuum"), "{stale}");

    let deleted = house.call("delete_schedule", it.clone()).await;
    assert!(deleted["prompt"].as_str().unwrap().contains("Write the digest."), "{deleted}");
    assert!(house.refusal("delete_schedule", it).await.starts_with("NOT_FOUND: "));
}

fn digest() -> Value {
    json!({
        "workspace_id": TRIAGE, "name": "Weekday digest", "cron_expr": "0 9 * * 1-5", "timezone": "Europe/Berlin",
        "prompt": "Write the digest.",
    })
}

fn with(base: &Value, more: Value) -> Value {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    assert!(text.contains("Nothing was changed."), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[tokio::test]
async fn schedules_work() {
    scene(&house()).await;
}

#[tokio::test]
async fn a_time_that_cant_be_is_refused_before_anything_is_sent() {
    let house = house();
    for (wrong, words) in [
        (json!({ "cron_expr": "61 * * * *" }), "`cron_expr`: the minute is a number from 0 to 59"),
        (json!({ "cron_expr": "@daily" }), "exactly five fields"),
        (json!({ "cron_expr": "0 0 30 2 *" }), "that date never comes"),
        (json!({ "timezone": "Berlin" }), "`timezone`: not an IANA time zone"),
        (json!({ "name": "" }), "`name`: expected a name"),
        (json!({ "prompt": " " }), "`prompt`: expected text"),
    ] {
        refused(&house.refusal("create_schedule", with(&digest(), wrong)).await, "INVALID_INPUT", &[words]);
    }
    assert!(house.host().asked().is_empty(), "{:?}", house.host().asked());
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_workspace() {
    let house = house();
    let first = house.call("create_schedule", digest()).await;
    let id = first["id"].as_str().unwrap();
    refused(&house.refusal("create_schedule", digest()).await, "CONFLICT", &[id, "update_schedule"]);
    let rename = json!({ "workspace_id": TRIAGE, "schedule_id": id, "name": "Morning triage" });
    refused(&house.refusal("update_schedule", rename).await, "CONFLICT", &["of that name already"]);
    // Its own name it may keep, and another workspace may have it, too.
    house.call("update_schedule", json!({ "workspace_id": TRIAGE, "schedule_id": id, "name": "Weekday digest" })).await;
    house.call("create_schedule", with(&digest(), json!({ "workspace_id": STEWARD }))).await;
}

#[tokio::test]
async fn what_isnt_there_is_not_found() {
    let house = house();
    let elsewhere = json!({ "workspace_id": STEWARD, "schedule_id": "de300000-0000-4000-8000-000000000401" });
    for tool in ["update_schedule", "delete_schedule", "run_schedule", "get_schedule_history"] {
        let arguments =
            if tool == "update_schedule" { with(&elsewhere, json!({ "enabled": false })) } else { elsewhere.clone() };
        assert!(house.refusal(tool, arguments).await.starts_with("NOT_FOUND: "), "{tool}");
    }
    refused(
        &house.refusal("create_schedule", with(&digest(), json!({ "workspace_id": NOWHERE }))).await,
        "NOT_FOUND",
        &[],
    );
    for tool in ["list_schedules", "get_schedule_health"] {
        assert!(house.refusal(tool, json!({ "workspace_id": NOWHERE })).await.starts_with("NOT_FOUND: "), "{tool}");
    }
}

#[tokio::test]
async fn a_removed_workspace_gets_no_schedule() {
    let house = house();
    let removed = "de300000-0000-4000-8000-0000000000ff";
    house.host().seed(&json!({ "table": "workspaces", "id": removed, "name": "gone", "tier": 1, "status": "removed" }));
    let text = house.refusal("create_schedule", with(&digest(), json!({ "workspace_id": removed }))).await;
    refused(&text, "NOT_FOUND", &["removed"]);
}

/// The tenant would run it at once for the time that it missed.
#[tokio::test]
async fn one_that_is_switched_on_again_waits_for_its_next_time() {
    let house = house();
    let it = json!({ "workspace_id": TRIAGE, "schedule_id": "de300000-0000-4000-8000-0000000004ff" });
    house.host().seed(&json!({
        "table": "workspace_schedules", "id": it["schedule_id"], "workspace_id": TRIAGE, "name": "rested",
        "cron_expr": "0 9 * * *", "timezone": "UTC", "prompt": "x", "enabled": false,
        "next_run_at": { "$seconds_from_now": -86400 },
    }));
    house.call("update_schedule", with(&it, json!({ "enabled": true }))).await;
    let judged = house.call("get_schedule_health", json!({ "workspace_id": TRIAGE })).await;
    let rested = judged["items"].as_array().unwrap().iter().find(|one| one["name"] == "rested").unwrap();
    assert_eq!(rested["verdict"], "never_run", "{rested}");
}

#[tokio::test]
async fn the_list_shows_the_beginning_of_a_prompt_and_one_schedule_all_of_it() {
    let house = house();
    let long = "tell ".repeat(500);
    let made = house.call("create_schedule", with(&digest(), json!({ "prompt": long }))).await;
    let it = json!({ "workspace_id": TRIAGE, "schedule_id": made["id"] });
    let listed = house.call("list_schedules", json!({ "workspace_id": TRIAGE })).await;
    let prompt = listed["items"][1]["prompt"].as_str().unwrap();
    assert!(prompt.len() < 300 && prompt.contains("120 of 2500 characters, the rest: list_schedules with"), "{prompt}");
    let one = house.call("list_schedules", it).await;
    assert!(one["items"][0]["prompt"].as_str().unwrap().contains(&long), "{one}");
}

#[tokio::test]
async fn its_history_tells_the_errors() {
    let house = house();
    let schedule = "de300000-0000-4000-8000-000000000403";
    for (nth, status) in ["ok", "error"].into_iter().enumerate() {
        let detail = if status == "error" { "connection slots are exhausted" } else { "" };
        house.host().seed(&json!({
            "table": "activity_logs", "workspace_id": STEWARD, "activity_type": "cron_run", "status": status,
            "error_detail": detail, "duration_ms": 900, "created_at": { "$seconds_from_now": -7200 + 3600 * nth as i64 },
            "request_body": { "schedule_id": schedule },
        }));
    }
    let history = house.call("get_schedule_history", json!({ "workspace_id": STEWARD, "schedule_id": schedule })).await;
    assert_eq!((&history["items"][0]["status"], &history["items"][1]["status"]), (&json!("error"), &json!("ok")));
    let error = history["items"][0]["error_detail"].as_str().unwrap();
    assert!(error.contains("connection slots are exhausted") && error.starts_with('⟦'), "{error}");
}
