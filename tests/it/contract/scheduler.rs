//! What is due is run, once, and what came of it can be read.

use std::path::Path;
use std::time::Duration;

use molecule_org_mcp::backend::embedded::{Settings, Tenant};
use serde_json::{Value, json};

use super::state::{Caller, key_of};

const POLL: Duration = Duration::from_millis(15);
const WORKSPACE: &str = "00000000-0000-4000-8000-000000000001";
const SCHEDULE: &str = "00000000-0000-4000-8000-0000000000a1";

fn open(directory: &Path) -> Tenant {
    let everyday = Settings::everyday(directory.to_owned());
    Tenant::open(Settings { pace: Duration::ZERO, schedule_poll: POLL, ..everyday }).unwrap()
}

/// A workspace that the simulated provisioner answers for, and one schedule of it that is due.
fn seeded(directory: &Path, workspace: Value, schedule: Value) -> Tenant {
    let mut first = json!({
        "table": "workspaces", "id": WORKSPACE, "name": "Runner", "status": "online",
        "url": "http://ws-00000000-000:8000",
    });
    let mut second = json!({
        "table": "workspace_schedules", "id": SCHEDULE, "workspace_id": WORKSPACE, "name": "daily",
        "cron_expr": "0 9 * * *", "prompt": "Sort the tickets.", "next_run_at": { "$seconds_from_now": -5 },
    });
    for (row, changes) in [(&mut first, workspace), (&mut second, schedule)] {
        row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    }
    let file = directory.join("rows.jsonl");
    std::fs::write(&file, format!("{first}\n{second}\n")).unwrap();
    let tenant = open(directory);
    tenant.seed_rows(&file).unwrap();
    tenant
}

async fn schedule(caller: &Caller) -> Value {
    caller.get(&format!("/workspaces/{WORKSPACE}/schedules")).await[0].clone()
}

async fn after_runs(caller: &Caller, count: i64) -> Value {
    for _ in 0..400 {
        let now = schedule(caller).await;
        if now["run_count"].as_i64() >= Some(count) {
            return now;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("{count} runs never came: {}", schedule(caller).await);
}

async fn told(caller: &Caller, event: &str) -> Value {
    let events = caller.get(&format!("/events/{WORKSPACE}")).await;
    let found = events.as_array().unwrap().iter().find(|one| one["event_type"] == event);
    found.unwrap_or_else(|| panic!("{event} wasn't told: {events}"))["payload"].clone()
}

#[tokio::test]
async fn what_is_due_is_run_once() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = seeded(directory.path(), json!({}), json!({}));
    // two processes over the same rows
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let _other = Caller::on(&open(directory.path()), "").await;

    let ran = after_runs(&caller, 1).await;
    assert_eq!((&ran["last_status"], &ran["last_error"]), (&json!("ok"), &json!("")));
    assert!(ran["next_run_at"].as_str() > ran["last_run_at"].as_str(), "{ran}");
    let history = caller.get(&format!("/workspaces/{WORKSPACE}/schedules/{SCHEDULE}/history")).await;
    assert_eq!(history[0]["status"], "ok");
    assert_eq!(history[0]["request"]["prompt"], "Sort the tickets.");
    assert_eq!(told(&caller, "CRON_EXECUTED").await["schedule_name"], "daily");
    let received = caller.get(&format!("/workspaces/{WORKSPACE}/activity?type=a2a_receive")).await;
    assert_eq!(received.as_array().unwrap().len(), 1, "{received}");

    tokio::time::sleep(POLL * 6).await;
    assert_eq!(schedule(&caller).await["run_count"], 1);
}

#[tokio::test]
async fn a_failure_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = seeded(directory.path(), json!({ "status": "paused", "url": "" }), json!({}));
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let ran = after_runs(&caller, 1).await;
    assert_eq!((&ran["last_status"], &ran["last_error"]), (&json!("error"), &json!("workspace has no URL")));
    let history = caller.get(&format!("/workspaces/{WORKSPACE}/schedules/{SCHEDULE}/history")).await;
    assert_eq!(history[0]["error_detail"], "workspace has no URL");
}

#[tokio::test]
async fn a_busy_agent_is_left_alone_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = seeded(directory.path(), json!({ "active_tasks": 1 }), json!({}));
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    assert_eq!(after_runs(&caller, 1).await["last_status"], "skipped");
    assert_eq!(told(&caller, "CRON_SKIPPED").await["reason"], "workspace busy");
    let received = caller.get(&format!("/workspaces/{WORKSPACE}/activity?type=a2a_receive")).await;
    assert_eq!(received, json!([]));
}

#[tokio::test]
async fn a_date_that_never_comes_runs_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = seeded(directory.path(), json!({}), json!({ "cron_expr": "0 0 30 2 *" }));
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    assert_eq!(after_runs(&caller, 2).await["next_run_at"], "0001-01-01T00:00:00Z");
}

#[tokio::test]
async fn what_is_off_or_not_yet_due_is_not_run() {
    for schedule_is in [json!({ "enabled": false }), json!({ "next_run_at": { "$seconds_from_now": 60 } })] {
        let directory = tempfile::tempdir().unwrap();
        let tenant = seeded(directory.path(), json!({}), schedule_is);
        let caller = Caller::on(&tenant, &key_of(&tenant)).await;
        tokio::time::sleep(POLL * 6).await;
        assert_eq!(schedule(&caller).await["run_count"], 0);
    }
}
