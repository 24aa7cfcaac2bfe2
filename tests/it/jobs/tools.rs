//! start_job, get_job, list_jobs and cancel_job.

use std::time::{Duration, Instant};

use molecule_org_mcp::grants::{Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::consent::ConsentRules;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::tools::toolset::Toolset;
use molecule_org_mcp::transport::caller::{Caller, Door};
use serde_json::{Value, json};

use super::{starting, waiting};
use crate::grants::{operator, wish};
use crate::support::{self, House, Plan, grant, holding, waived};

fn seeded() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

async fn start(house: &House, tool: &str, arguments: Value) -> String {
    let answer = house.call("start_job", starting(tool, arguments)).await;
    assert_eq!(answer["status"], "working", "{answer}");
    answer["job_id"].as_str().unwrap().to_owned()
}

/// Where a job stands, once it has ended.
async fn ended(house: &House, id: &str) -> Value {
    house.call("get_job", json!({ "job_id": id, "wait_seconds": 20 })).await
}

/// Every tool of these answers.
pub async fn scene(house: &House) {
    let id = start(house, "wait_for_workspace", waiting(60)).await;
    house.call("list_jobs", json!({})).await;
    house.call("cancel_job", json!({ "job_id": id })).await;
    house.call("get_job", json!({ "job_id": id })).await;
}

#[tokio::test]
async fn a_job_answers_at_once_and_gives_what_the_tool_answered() {
    let house = House::open(Plan::default());
    let (tool, arguments) = support::slow(600);
    let begun = Instant::now();
    let id = start(&house, tool, arguments).await;
    assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
    let now = house.call("get_job", json!({ "job_id": id })).await;
    assert_eq!((&now["status"], &now["tool"], now.get("result")), (&json!("working"), &json!("import_org"), None));
    let came = ended(&house, &id).await;
    assert_eq!(came["status"], "completed", "{came}");
    let record = house.journal("import_org").await;
    assert_eq!((&record["invocation"], &record["outcome"]), (&came["invocation"], &json!("done")));
    assert!(came["result"]["workspaces"].is_array() || came["result"].is_object(), "{came}");
    let listed = house.call("list_jobs", json!({})).await;
    assert_eq!((&listed["items"][0]["job_id"], &listed["items"][0]["status"]), (&json!(id), &json!("completed")));
    house.is_balanced().await;
}

#[tokio::test]
async fn even_what_is_quick_becomes_a_job_where_one_is_wanted() {
    let house = seeded();
    let id = start(&house, "whoami", json!({})).await;
    let came = ended(&house, &id).await;
    assert_eq!((&came["status"], &came["result"]["caller"]), (&json!("completed"), &json!("local")));
    let nobody = json!({ "workspace_id": "00000000-0000-4000-8000-000000000009" });
    let came = ended(&house, &start(&house, "get_workspace", nobody).await).await;
    assert_eq!((&came["status"], &came["error"]["code"]), (&json!("failed"), &json!("NOT_FOUND")));
    assert_eq!(came["error"]["changed"], "no");
    house.is_balanced().await;
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_answer_as_a_job() {
    let house = House::open(Plan::default());
    let arguments = json!({ "name": "once", "external": true, "idempotency_key": "k" });
    let first = ended(&house, &start(&house, "create_workspace", arguments.clone()).await).await;
    let second = ended(&house, &start(&house, "create_workspace", arguments).await).await;
    assert_ne!(first["job_id"], second["job_id"]);
    assert_eq!((&second["status"], &second["result"]), (&json!("completed"), &first["result"]));
}

#[tokio::test]
async fn what_is_refused_or_needs_a_person_is_said_at_once() {
    let house = seeded();
    for (arguments, words) in [
        (json!({ "tool": "list_workspces" }), "Did you mean `list_workspaces`"),
        (starting("start_job", starting("whoami", json!({}))), "can't be called by itself"),
        (starting("list_workspaces", json!({ "limt": 1 })), "Did you mean `limit`"),
        (starting("wait_for_workspace", json!({ "workspace_id": "x" })), "`workspace_id`"),
    ] {
        let text = house.refusal("start_job", arguments).await;
        assert!(text.starts_with("INVALID_INPUT: ") && text.contains(words), "no {words:?} in {text}");
    }
    let asking = Rules { consent: ConsentRules::default(), ..waived() };
    let asking = House::open(Plan { seeded: true, rules: asking, ..Plan::default() });
    let arguments = json!({ "workspace_id": super::SOMEBODY, "including_children": true, "interrupting": true });
    let text = asking.refusal("start_job", starting("delete_workspace", arguments)).await;
    assert!(text.starts_with("CONSENT_REQUIRED: "), "{text}");
    assert_eq!(asking.call("list_jobs", json!({})).await["items"], json!([]));
    house.is_balanced().await;
}

#[tokio::test]
async fn a_job_may_do_what_its_caller_may_and_not_more() {
    let house = seeded();
    let viewer = holding(grant(Role::Viewer));
    let refusal = house.call_as(&viewer, "start_job", starting("pause_workspaces", json!({}))).await.unwrap_err();
    assert_eq!(refusal.failure.code().as_str(), "FORBIDDEN_BY_POLICY");
    let started = house.call_as(&viewer, "start_job", starting("whoami", json!({}))).await.unwrap();
    assert!(started.content["job_id"].is_string());

    let toolsets = [Toolset::Workspaces].into();
    let without = House::open(Plan { rules: Rules { toolsets, ..waived() }, seeded: true, ..Plan::default() });
    let text = without.refusal("start_job", starting("list_workspaces", json!({}))).await;
    assert!(text.starts_with("FORBIDDEN_BY_POLICY: start_job"), "{text}");
    assert!(without.host().asked().is_empty());
}

#[tokio::test]
async fn a_job_is_its_callers_alone() {
    let house = seeded();
    let id = start(&house, "wait_for_workspace", waiting(60)).await;
    for stranger in [Caller::operator("local", Door::Stdio), holding(grant(Role::Admin))] {
        for tool in ["get_job", "cancel_job"] {
            let refusal = house.call_as(&stranger, tool, json!({ "job_id": id })).await.unwrap_err();
            assert_eq!(refusal.failure.code().as_str(), "NOT_FOUND", "{tool}");
        }
        let listed = house.call_as(&stranger, "list_jobs", json!({})).await.unwrap();
        assert_eq!(listed.content["items"], json!([]));
    }
    assert_eq!(house.call("get_job", json!({ "job_id": id })).await["status"], "working");
    for wrong in ["x", "Zm9vYmFyYmF6cXV4Zm9vYmF", "Zm9vYmFyYmF6cXV4Zm9vYm.y"] {
        assert!(house.refusal("get_job", json!({ "job_id": wrong })).await.starts_with("INVALID_INPUT"));
    }
    house.call("cancel_job", json!({ "job_id": id })).await;
}

#[tokio::test]
async fn what_came_of_it_is_for_whoever_may_still_call_the_tool() {
    let house = seeded();
    let id = start(&house, "list_workspaces", json!({})).await;
    assert_eq!(ended(&house, &id).await["status"], "completed");
    let policy = &house.dispatch.server().policy;
    policy.replace(Rules { denied: ["list_workspaces"].into(), ..(*policy.now()).clone() });
    assert!(house.refusal("get_job", json!({ "job_id": id })).await.starts_with("NOT_FOUND"));
}

#[tokio::test]
async fn a_cancelled_read_has_changed_nothing() {
    let house = seeded();
    let id = start(&house, "wait_for_workspace", waiting(600)).await;
    let cancelled = Instant::now();
    let came = house.call("cancel_job", json!({ "job_id": id })).await;
    assert!(cancelled.elapsed() < Duration::from_secs(1), "{:?}", cancelled.elapsed());
    assert_eq!((&came["status"], &came["error"]["code"]), (&json!("cancelled"), &json!("CANCELLED")));
    assert_eq!(house.journal("wait_for_workspace").await["outcome"], "CANCELLED");
    let again = house.call("cancel_job", json!({ "job_id": id })).await;
    assert_eq!(again["status"], "cancelled");
    house.is_balanced().await;
}

#[tokio::test]
async fn what_was_cancelled_and_may_have_taken_effect_says_so() {
    let house = seeded();
    house.host().halt_act();
    let (tool, arguments) = support::slow(60);
    let id = start(&house, tool, arguments).await;
    house.host().halted().await;
    let came = house.call("cancel_job", json!({ "job_id": id })).await;
    assert_eq!((&came["status"], &came["error"]["changed"]), (&json!("failed"), &json!("unknown")), "{came}");
    assert_eq!(house.journal("import_org").await["changed"], "unknown");
    house.is_balanced().await;
}

#[tokio::test]
async fn nobody_has_more_than_fifty_at_once() {
    let house = seeded();
    let me = Caller::terminal();
    let all = (0..60).map(|_| house.call_as(&me, "start_job", starting("wait_for_workspace", waiting(600))));
    let begun = futures_util::future::join_all(all).await;
    assert_eq!(begun.iter().filter(|one| one.is_ok()).count(), 50, "also of those that come together");
    let text = house.refusal("start_job", starting("whoami", json!({}))).await;
    assert!(text.starts_with("RATE_LIMITED: 50 jobs"), "{text}");
    let other = Caller::operator("local", Door::Stdio);
    assert!(house.call_as(&other, "start_job", starting("whoami", json!({}))).await.is_ok());
    let running = house.call("list_jobs", json!({ "limit": 200 })).await;
    assert_eq!(running["items"].as_array().unwrap().len(), 50);
    let id = &running["items"][0]["job_id"];
    assert_eq!(house.call("cancel_job", json!({ "job_id": id })).await["status"], "cancelled");
    start(&house, "whoami", json!({})).await;
}

#[tokio::test]
async fn it_ends_with_the_grant_that_it_was_begun_under() {
    let house = seeded();
    let grants = &house.dispatch.server().grants;
    let now = chrono::Utc::now();
    let wish = Wish { until: Some(Until::Never), ..wish("helper", Role::Operator) };
    let issued = grants.issue(wish, operator(), &Rules::default(), now).await.unwrap();
    let helper = Caller::presenting(issued.grant.clone(), Door::Http);
    let begun = house.call_as(&helper, "start_job", starting("wait_for_workspace", waiting(600))).await.unwrap();
    let id = begun.content["job_id"].as_str().unwrap().to_owned();
    grants.revoke("helper", operator(), now).await.unwrap();
    let jobs = &house.dispatch.server().jobs;
    let left = jobs.ended(&id, &helper.identity(), Duration::from_secs(10)).await.unwrap().unwrap();
    assert_eq!(left.status(), "cancelled");
}

#[tokio::test]
async fn its_last_step_is_told_while_it_runs() {
    let house = seeded();
    let id = start(&house, "wait_for_workspace", waiting(60)).await;
    let told = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let now = house.call("get_job", json!({ "job_id": id, "wait_seconds": 1 })).await;
            if let Some(message) = now["message"].as_str() {
                return message.to_owned();
            }
        }
    });
    assert_eq!(told.await.unwrap(), "it is online");
    house.call("cancel_job", json!({ "job_id": id })).await;
}

#[tokio::test]
async fn the_compact_surface_finds_it_and_calls_it_through_the_way_that_the_inner_tool_needs() {
    let house = House::open(Plan { seeded: true, surface: Surface::Compact, ..Plan::default() });
    let found = house.call("find_tools", json!({ "query": "run a long call in the background" })).await;
    let tool = found["items"].as_array().unwrap().iter().find(|tool| tool["name"] == "start_job").expect("found");
    assert_eq!(tool["call_with"], "call_dangerous_tool");
    for way in ["call_read_tool", "call_dangerous_tool"] {
        let started = house.call(way, starting("start_job", starting("whoami", json!({})))).await;
        assert_eq!(ended(&house, started["job_id"].as_str().unwrap()).await["status"], "completed");
    }
    let (tool, arguments) = support::slow(20);
    let text = house.refusal("call_read_tool", starting("start_job", starting(tool, arguments))).await;
    assert!(text.starts_with("INVALID_INPUT: ") && text.contains("call_dangerous_tool"), "{text}");
    house.is_balanced().await;
}

/// Nobody can ask for it any more, and then it is gone.
#[tokio::test]
async fn what_came_of_a_job_is_kept_for_a_day() {
    let house = seeded();
    let id = start(&house, "whoami", json!({})).await;
    ended(&house, &id).await;
    let jobs = &house.dispatch.server().jobs;
    let now = chrono::Utc::now();
    jobs.prune(now + chrono::TimeDelta::hours(23)).await.unwrap();
    assert_eq!(house.call("get_job", json!({ "job_id": id })).await["status"], "completed");
    jobs.prune(now + chrono::TimeDelta::hours(25)).await.unwrap();
    assert!(house.refusal("get_job", json!({ "job_id": id })).await.starts_with("NOT_FOUND"));
}
