//! A policy that changes while the server runs: the next call sees it, and a broken one changes nothing.

use std::process::Command;

use serde_json::{Value, json};

use super::file::{Place, VIEWERS};
use crate::process::{Running, bare};

const CHANGED: &str = "the policy has changed";
const BROKEN: &str = "can't be used, so the policy before it holds";

fn serving(place: &Place) -> Running {
    let mut command = bare(&place.data());
    command.env("MOLECULE_MCP_POLICY", place.policy());
    let mut running = Running::start(command, &["--embedded", "--log", "info"]);
    running.greet();
    running
}

/// What a client reads of a call.
fn text(running: &mut Running, tool: &str, arguments: Value) -> String {
    running.call(1, tool, arguments);
    running.answer()["result"]["content"][0]["text"].as_str().unwrap().to_owned()
}

fn create(running: &mut Running) -> String {
    text(running, "create_workspace", json!({ "name": "a" }))
}

#[test]
fn a_change_holds_from_the_next_call_on() {
    let place = Place::with(VIEWERS);
    let mut running = serving(&place);
    assert!(create(&mut running).starts_with("FORBIDDEN_BY_POLICY"));
    place.say("[callers]\nstdio = \"operator\"");
    running.told(CHANGED);
    let made = create(&mut running);
    assert!(!made.starts_with("FORBIDDEN"), "{made}");
    place.say(VIEWERS);
    running.told(CHANGED);
    assert!(create(&mut running).starts_with("FORBIDDEN_BY_POLICY"));
}

#[test]
fn a_broken_change_keeps_the_policy_and_says_so_once() {
    let place = Place::with(VIEWERS);
    let mut running = serving(&place);
    let before = text(&mut running, "whoami", json!({}));
    assert!(!before.contains("broken"), "{before}");
    place.say("[callers]\nstdio = \"admn\"");
    let told = running.told(BROKEN);
    assert!(told.contains("ERROR") && told.contains("line 2, column 9: unknown word `admn`"), "{told}");
    let now = text(&mut running, "whoami", json!({}));
    assert!(now.contains("the file on disk is broken: policy") && now.contains("did you mean `admin`?"), "{now}");
    assert!(create(&mut running).starts_with("FORBIDDEN_BY_POLICY"));

    std::fs::remove_file(place.policy()).unwrap();
    let told = running.told(BROKEN);
    assert!(!told.contains("admn"), "the same mistake is told once: {told}");
    assert!(create(&mut running).starts_with("FORBIDDEN_BY_POLICY"));

    place.say("[callers]\nstdio = \"admin\"");
    running.told(CHANGED);
    assert!(!text(&mut running, "whoami", json!({})).contains("broken"));
}

#[cfg(unix)]
#[test]
fn sighup_reads_it_at_once_and_ends_nothing() {
    let place = Place::with(VIEWERS);
    let mut running = serving(&place);
    place.say("[callers]\nstdio = \"operator\"");
    let hangup = Command::new("sh").arg("-c").arg(format!("kill -HUP {}", running.id())).status().unwrap();
    assert!(hangup.success());
    running.told(CHANGED);
    assert!(!create(&mut running).starts_with("FORBIDDEN"));
    assert_eq!(running.close().1, 0);
}
