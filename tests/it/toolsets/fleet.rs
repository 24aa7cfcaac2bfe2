//! The toolset `fleet` against the embedded tenant: each item by itself, an end between two of them, and a
//! way to go on.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use molecule_org_mcp::consent::Asks;
use molecule_org_mcp::dispatch::{Call, Progress};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::limits::Limits;
use molecule_org_mcp::transport::caller::Caller;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::process::{Running, towards};
use crate::support::{Host, House, Plan, state, waived};

const SOME: &str = "de300000-0000-4000-8000-000000000001";

/// A container below `parent` that has come up.
async fn running(house: &House, name: &str, parent: Option<&str>) -> String {
    let made = house.call("create_workspace", json!({ "name": name, "parent_id": parent.unwrap_or("") })).await;
    let id = made["id"].as_str().unwrap().to_owned();
    up(house, &id).await;
    id
}

async fn up(house: &House, id: &str) {
    let waited = house.call("wait_for_workspace", json!({ "workspace_id": id, "seconds": 20 })).await;
    assert_eq!(waited["status"], "online", "{waited}");
}

/// So many that run elsewhere, below one of their own.
async fn externals(house: &House, count: usize) -> (String, Vec<String>) {
    let make = async |name: String, parent: &str| {
        let wish = json!({ "name": name, "external": true, "url": "https://agent.example", "parent_id": parent });
        house.call("create_workspace", wish).await["id"].as_str().unwrap().to_owned()
    };
    let lead = make("Lead of many".to_owned(), "").await;
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(make(format!("Member {n:02}"), &lead).await);
    }
    (lead, ids)
}

fn counts(report: &Value) -> [i64; 4] {
    ["done", "skipped", "failed", "not_reached"].map(|ended| report[ended].as_i64().unwrap())
}

fn posted(house: &House, end: &str) -> usize {
    house.host().asked().iter().filter(|one| one.method == "POST" && one.path.ends_with(end)).count()
}

async fn beats(house: &House, id: &str, tasks: u32) {
    let heartbeat = json!({ "workspace_id": id, "active_tasks": tasks });
    assert_eq!(house.host().ask_as_owner("POST", "/registry/heartbeat", heartbeat).await.0, 200);
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let lead = running(house, "Fleet Lead", None).await;
    let one = running(house, "Fleet One", Some(&lead)).await;
    let all = [lead.as_str(), one.as_str()];
    let everyone_up = async || {
        for id in all {
            up(house, id).await;
        }
    };
    let paused = house.call("pause_workspaces", json!({ "subtree": lead })).await;
    assert_eq!(counts(&paused), [2, 0, 0, 0], "each by itself: {paused}");
    assert!(paused.get("resume").is_none(), "{paused}");
    let again = house.call("pause_workspaces", json!({ "workspace_ids": all })).await;
    assert_eq!(counts(&again), [0, 2, 0, 0], "{again}");
    let resumed = house.call("resume_workspaces", json!({ "subtree": lead })).await;
    assert_eq!(counts(&resumed), [1, 1, 0, 0], "the lead took the other along: {resumed}");
    everyone_up().await;
    let restarted = house.call("restart_workspaces", json!({ "workspace_ids": all, "at_once": 1 })).await;
    assert_eq!(counts(&restarted), [2, 0, 0, 0], "{restarted}");
    everyone_up().await;
    let secret = json!({ "subtree": lead, "key": "TEAM_PATH", "source": "env:PATH" });
    assert_eq!(counts(&house.call("set_secret_everywhere", secret).await), [2, 0, 0, 0]);
    for id in all {
        let held = house.call("list_secrets", json!({ "workspace_id": id })).await.to_string();
        assert!(held.contains("TEAM_PATH"), "{held}");
    }
    everyone_up().await;
    let plugin = json!({ "workspace_ids": all, "source": "local://code-review" });
    assert_eq!(counts(&house.call("install_plugin_everywhere", plugin).await), [2, 0, 0, 0]);
    everyone_up().await;
    let installed = house.call("list_installed_plugins", json!({ "workspace_id": one })).await;
    assert_eq!(installed["items"][0]["name"], "code-review", "{installed}");
}

fn open() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn a_fleet_does_to_each_what_the_single_tool_does() {
    let house = open();
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn three_of_thirty_fail_and_only_they_are_done_by_resume() {
    let house = open();
    let (_, ids) = externals(&house, 30).await;
    for busy in &ids[..3] {
        beats(&house, busy, 2).await;
    }
    let first = house.call("pause_workspaces", json!({ "workspace_ids": ids, "at_once": 8 })).await;
    assert_eq!(counts(&first), [27, 0, 3, 0], "{first}");
    let failed: Vec<&Value> = first["items"].as_array().unwrap()[..3].iter().collect();
    for item in failed {
        assert!(ids[..3].contains(&item["id"].as_str().unwrap().to_owned()), "{item}");
        assert!(item["why"].as_str().unwrap().contains("would lose 2 running task(s)"), "{item}");
    }
    assert_eq!(posted(&house, "/pause"), 27, "what would be refused isn't sent");
    for busy in &ids[..3] {
        beats(&house, busy, 0).await;
    }
    let before = house.host().asked().len();
    let resume = json!({ "resume": first["resume"] });
    let rest = house.call("pause_workspaces", resume.clone()).await;
    assert_eq!((counts(&rest), rest["items"].as_array().unwrap().len()), ([3, 0, 0, 0], 3), "{rest}");
    assert_eq!(posted(&house, "/pause"), 30);
    let touched: Vec<String> = house.host().asked()[before..].iter().map(|one| one.path.clone()).collect();
    assert!(!touched.iter().any(|path| ids[3..].iter().any(|id| path.contains(id.as_str()))), "{touched:?}");
    let text = house.refusal("pause_workspaces", resume).await;
    assert!(text.starts_with("NOT_FOUND: nothing is left"), "used up: {text}");
    house.is_balanced().await;
}

#[tokio::test]
async fn whoever_cancels_stops_it_between_two() {
    let house = open();
    let (_, ids) = externals(&house, 12).await;
    let (watcher, mut steps) = unbounded_channel();
    let cancel = CancellationToken::new();
    let arguments = json!({ "workspace_ids": ids, "at_once": 1 }).as_object().unwrap().clone();
    let call = house.dispatch.call(Call {
        caller: Caller::terminal(),
        tool: "pause_workspaces".into(),
        arguments,
        progress: Progress::to(watcher),
        asks: Asks::Nobody,
        cancel: cancel.clone(),
    });
    let watching = async {
        let mut seen = Vec::new();
        while let Some(step) = steps.recv().await {
            seen.push((step.done, step.total));
            if seen.len() == 2 {
                cancel.cancel();
            }
        }
        seen
    };
    let (answer, seen) = tokio::join!(call, watching);
    let report = answer.map_err(|refusal| refusal.failure.text()).unwrap().content;
    let [done, skipped, failed, not_reached] = counts(&report);
    assert!((2..=3).contains(&done) && done + not_reached == 12 && skipped + failed == 0, "{report}");
    assert_eq!(posted(&house, "/pause"), usize::try_from(done).unwrap(), "what was begun was finished");
    assert_eq!(seen, (1..=12).map(|n| (n, Some(12))).collect::<Vec<_>>());
    let rest = house.call("pause_workspaces", json!({ "resume": report["resume"] })).await;
    assert_eq!(counts(&rest), [not_reached, 0, 0, 0], "{rest}");
    assert_eq!(posted(&house, "/pause"), 12, "each exactly once");
}

#[tokio::test]
async fn where_nothing_worked_it_is_an_error_and_can_be_resumed() {
    let house = open();
    let (_, ids) = externals(&house, 3).await;
    let text = house.refusal("restart_workspaces", json!({ "workspace_ids": ids })).await;
    assert!(text.starts_with("CONFLICT: of 3 workspaces none worked") && text.contains("is external"), "{text}");
    assert!(text.contains("Nothing was changed.") && text.contains("`resume: \""), "{text}");
    let resume = text.split("resume: \"").nth(1).unwrap().split('"').next().unwrap();
    let other = house.refusal("pause_workspaces", json!({ "resume": resume })).await;
    assert!(other.starts_with("NOT_FOUND: "), "another tool's: {other}");
    let text = house.refusal("restart_workspaces", json!({ "resume": resume })).await;
    assert!(text.starts_with("CONFLICT: of 3 workspaces none worked"), "{text}");
}

fn nth(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn row(n: usize, name: &str, status: &str) -> Value {
    json!({ "id": nth(n), "name": name, "status": status, "runtime": "langgraph", "tier": 1 })
}

/// Restarts all but the third, and of the second it can't be read what became of it; of the fourth only later.
fn restarting() -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let (restarted, told) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    move |seen: &Seen| {
        let path = seen.path.split('?').next().unwrap_or_default();
        if path == "/workspaces" {
            return Reply::json(200, &json!((0..4).map(|n| row(n, "R", "online")).collect::<Vec<_>>()));
        }
        let n = (0..4).find(|n| path.contains(&nth(*n))).unwrap();
        if seen.method == "POST" {
            restarted.lock().unwrap().insert(n);
            let (status, answer) =
                if n == 2 { (500, json!({ "error": "no" })) } else { (200, json!({ "status": "ok" })) };
            return Reply::json(status, &answer);
        }
        match restarted.lock().unwrap().contains(&n) {
            true if n == 1 => Reply::json(404, &json!({ "error": "no" })),
            true if n == 3 && told.lock().unwrap().insert(n) => {
                Reply::with(429, &[("retry-after", "1"), ("content-type", "application/json")], "{}")
            }
            _ => Reply::json(200, &row(n, "R", "online")),
        }
    }
}

#[tokio::test]
async fn what_was_done_or_may_have_been_isnt_done_again() {
    let tenant = FaultyTenant::start(restarting()).await;
    let house = House::before(&tenant.url(), Plan::default());
    let ids: Vec<String> = (0..4).map(nth).collect();
    let report = house.call("restart_workspaces", json!({ "workspace_ids": ids, "at_once": 1 })).await;
    assert_eq!((counts(&report), &report["unknown"]), ([3, 0, 0, 0], &json!(1)), "{report}");
    assert!(report.get("resume").is_none(), "nothing is left: {report}");
    let item = |n: usize| report["items"].as_array().unwrap().iter().find(|one| one["id"] == nth(n)).unwrap();
    assert!(item(1)["why"].as_str().unwrap().contains("it was done, and then: NOT_FOUND"), "{report}");
    assert_eq!(item(2)["outcome"], "unknown", "{report}");
    assert!(item(2)["why"].as_str().unwrap().contains("perhaps it was done"), "{report}");
    assert!(item(3).get("why").is_none(), "who has to wait for the answer waits: {report}");
    assert_eq!(tenant.seen().iter().filter(|seen| seen.method == "POST").count(), 4, "each once");
}

#[tokio::test]
async fn five_hundred_with_long_names_fit_into_an_answer() {
    const MANY: usize = 500;
    let name = "名".repeat(130);
    let tenant = FaultyTenant::start(move |seen: &Seen| {
        let path = seen.path.split('?').next().unwrap_or_default();
        let all = || (0..MANY).map(|n| row(n, &name, "paused"));
        match all().find(|row| path.ends_with(row["id"].as_str().unwrap())) {
            Some(one) => Reply::json(200, &one),
            None => Reply::json(200, &json!(all().collect::<Vec<_>>())),
        }
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    let ids: Vec<String> = (0..MANY).map(nth).collect();
    let report = house.call("pause_workspaces", json!({ "workspace_ids": ids, "at_once": 16 })).await;
    assert_eq!(counts(&report), [0, 500, 0, 0], "{}", report["items"][0]);
}

#[tokio::test]
async fn which_workspaces_is_said_once() {
    let house = open();
    for (arguments, words) in [
        (json!({}), "which workspaces?"),
        (json!({ "workspace_ids": [] }), "1 to 500 workspaces"),
        (json!({ "workspace_ids": [SOME], "subtree": SOME }), "which workspaces?"),
        (json!({ "workspace_ids": [SOME], "resume": SOME }), "stands for the workspaces"),
        (json!({ "workspace_ids": [SOME], "at_once": 17 }), "from 1 to 16"),
        (json!({ "workspaces": [SOME] }), "no argument `workspaces`"),
        (json!({ "resume": 7 }), "`resume`"),
    ] {
        let text = house.refusal("pause_workspaces", arguments).await;
        assert!(text.starts_with("INVALID_INPUT: ") && text.contains(words), "no {words:?} in {text}");
    }
    let nobody = json!({ "subtree": "00000000-0000-4000-8000-000000000000" });
    assert!(house.refusal("pause_workspaces", nobody).await.starts_with("NOT_FOUND: "));
    assert_eq!(posted(&house, "/pause"), 0);
}

#[tokio::test]
async fn a_pace_that_is_used_up_leaves_the_rest_for_later() {
    let house = open();
    let (_, ids) = externals(&house, 6).await;
    let mut rules: Rules = waived();
    // The list twice, and four requests for each: enough for three of them.
    rules.limits = Limits { tenant: Some(14), ..Limits::NONE };
    house.dispatch.server().policy.replace(rules);
    let cancel = CancellationToken::new();
    let arguments = json!({ "workspace_ids": ids, "at_once": 1 });
    let call = house.cancellable("pause_workspaces", arguments, cancel.clone());
    let tired = async {
        while posted(&house, "/pause") < 3 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let (report, ()) = tokio::join!(call, tired);
    let report = report.map_err(|refusal| refusal.failure.text()).unwrap().content;
    let [done, _, failed, not_reached] = counts(&report);
    assert!(done == 3 && failed == 0 && not_reached == 3, "who has to wait didn't fail: {report}");
    assert!(report["resume"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_is_gone_on_from() {
    const MANY: usize = 20;
    let host = Host::start(false, Duration::from_millis(3));
    let data = tempfile::tempdir().unwrap();
    let command = || towards(&host.url, host.key.expose_secret(), data.path());
    let mut ids = Vec::new();
    for n in 0..MANY {
        let wish = json!({ "name": format!("M{n}"), "external": true, "url": "https://a.example" });
        ids.push(host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].clone());
    }
    let mut process = Running::start(command(), &[]);
    process.greet();
    process.call(1, "pause_workspaces", json!({ "workspace_ids": ids, "at_once": 2 }));
    let paused = || host.asked().iter().filter(|one| one.path.ends_with("/pause")).count();
    while paused() < 6 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    process.kill();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let before = paused();
    assert!(before < MANY, "killed too late to show anything");
    let sql = "SELECT id, workspaces FROM fleets";
    let (id, left): (String, String) =
        state(data.path()).query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let left: Vec<String> = serde_json::from_str(&left).unwrap();
    // Through the same door: what is left is its caller's.
    let mut process = Running::start(command(), &[]);
    process.greet();
    process.call(1, "pause_workspaces", json!({ "resume": id }));
    let rest = process.answer()["result"]["structuredContent"].clone();
    let [done, skipped, failed, not_reached] = counts(&rest);
    assert_eq!((done + skipped, failed + not_reached), (i64::try_from(left.len()).unwrap(), 0), "{rest}");
    // A request that died with its process may have been seen and not carried out: what was done counts.
    for id in &ids {
        let told = host.ask_as_owner("GET", &format!("/events/{}", id.as_str().unwrap()), Value::Null).await.1;
        let pauses = told.as_array().unwrap().iter().filter(|one| one["event_type"] == "WORKSPACE_PAUSED").count();
        assert_eq!(pauses, 1, "{before} before the kill: {id}");
    }
    assert_eq!(state(data.path()).query_row("SELECT count(*) FROM fleets", [], |row| row.get::<_, u32>(0)).unwrap(), 0);
}
