//! Jobs and the processes that run them: what another process is told after a restart, a kill, and an orderly end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{starting, waiting_for};
use crate::process::{self, Running};

/// With an organisation of its own, which every process on this directory has.
fn server(data: &Path) -> Running {
    let mut running = Running::start(process::command(data), &["stdio", "--embedded"]);
    running.greet();
    running
}

fn call(running: &mut Running, tool: &str, arguments: Value) -> Value {
    running.call(7, tool, arguments);
    let answer = running.answer();
    answer["result"]["structuredContent"].clone()
}

fn somebody(running: &mut Running) -> String {
    let made = call(running, "create_workspace", json!({ "name": "somebody", "external": true }));
    made["id"].as_str().unwrap().to_owned()
}

fn start(running: &mut Running, tool: &str, arguments: Value) -> Value {
    let answer = call(running, "start_job", starting(tool, arguments));
    assert!(answer["job_id"].is_string(), "{answer}");
    answer["job_id"].clone()
}

fn came(running: &mut Running, id: &Value) -> Value {
    call(running, "get_job", json!({ "job_id": id, "wait_seconds": 10 }))
}

#[test]
fn a_result_is_there_for_the_next_process() {
    let data = tempfile::tempdir().unwrap();
    let mut first = server(data.path());
    let id = start(&mut first, "whoami", json!({}));
    let told = came(&mut first, &id);
    assert_eq!(told["status"], "completed", "{told}");
    first.kill();
    let mut second = server(data.path());
    assert_eq!(came(&mut second, &id), told);
}

#[test]
fn what_died_with_its_process_says_that_nobody_knows() {
    let data = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (server(data.path()), server(data.path()));
    let id = somebody(&mut first);
    let read = start(&mut first, "wait_for_workspace", waiting_for(&id, 600));
    let (tool, arguments) = crate::support::slow(20_000);
    let act = start(&mut first, tool, arguments);
    assert_eq!(call(&mut second, "get_job", json!({ "job_id": act }))["status"], "working");
    first.kill();
    // This one was there before the other died.
    let told = came(&mut second, &act);
    assert_eq!((&told["status"], &told["error"]["code"]), (&json!("failed"), &json!("OUTCOME_UNKNOWN")), "{told}");
    assert_eq!(told["error"]["changed"], "unknown");
    assert!(told["error"]["next"].as_str().unwrap().contains(told["invocation"].as_str().unwrap()), "{told}");
    let told = came(&mut second, &read);
    assert_eq!((&told["status"], &told["error"]["changed"]), (&json!("failed"), &json!("no")), "{told}");
    let listed = call(&mut second, "list_jobs", json!({}));
    assert!(listed["items"].as_array().unwrap().iter().all(|job| job["status"] == "failed"), "{listed}");
}

#[test]
fn another_process_can_cancel_it() {
    let data = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (server(data.path()), server(data.path()));
    let id = somebody(&mut first);
    let job = start(&mut first, "wait_for_workspace", waiting_for(&id, 600));
    call(&mut second, "cancel_job", json!({ "job_id": job }));
    assert_eq!(came(&mut second, &job)["status"], "cancelled");
}

#[test]
fn an_orderly_end_gives_a_job_its_time_and_then_writes_down_what_is_known() {
    let data = tempfile::tempdir().unwrap();
    let mut first = server(data.path());
    let id = somebody(&mut first);
    let short = start(&mut first, "wait_for_workspace", waiting_for(&id, 2));
    let long = start(&mut first, "wait_for_workspace", waiting_for(&id, 600));
    let asked = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &first.id().to_string()]).status().unwrap().success());
    while first.is_running() {
        assert!(asked.elapsed() < Duration::from_secs(10), "it never ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut second = server(data.path());
    assert_eq!(came(&mut second, &short)["status"], "completed");
    assert_eq!(came(&mut second, &long)["status"], "cancelled");
}

#[test]
fn a_job_isnt_ended_with_the_client_that_began_it() {
    let data = tempfile::tempdir().unwrap();
    let mut first = server(data.path());
    let id = somebody(&mut first);
    let job = start(&mut first, "wait_for_workspace", waiting_for(&id, 2));
    let (took, code) = first.close();
    assert!(took > Duration::from_millis(1_000) && took < Duration::from_secs(5), "{took:?}");
    assert_eq!(code, 0);
    assert_eq!(came(&mut server(data.path()), &job)["status"], "completed");
}

#[tokio::test]
async fn from_a_terminal_the_process_stays_until_its_job_is_through() {
    let data = tempfile::tempdir().unwrap();
    let call = async |arguments: Value| {
        let arguments = arguments.to_string();
        process::ended(process::command(data.path()), &["call", "--embedded", "start_job", "--args", &arguments]).await
    };
    let ended = call(starting("whoami", json!({}))).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let id = ended.json()["job_id"].as_str().unwrap().to_owned();
    let pair = format!("job_id={id}");
    let told = process::ended(process::command(data.path()), &["call", "--embedded", "get_job", &pair]).await;
    assert_eq!(told.json()["status"], "completed", "{}", told.err);
}

#[test]
fn ctrl_c_breaks_a_call_off_and_says_that_nothing_was_changed() {
    let data = tempfile::tempdir().unwrap();
    let pair = format!("workspace_id={}", somebody(&mut server(data.path())));
    let arguments = ["call", "--embedded", "wait_for_workspace", &pair, "status=[\"failed\"]", "seconds=600"];
    let mut calling = Running::start(process::command(data.path()), &arguments);
    calling.told("it is ");
    let asked = Instant::now();
    assert!(Command::new("kill").args(["-INT", &calling.id().to_string()]).status().unwrap().success());
    calling.told("CANCELLED: ");
    calling.told("Nothing was changed.");
    assert_eq!(calling.close().1, 1);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
