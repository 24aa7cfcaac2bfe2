//! An import is killed at each request that it sends. What is left is found by the next one: no workspace is
//! there twice, none is lost, and the journal calls unknown what is.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{TEAM, paths, team};
use crate::process::{Running, ended, towards};
use crate::support::{Host, entries};

/// Long enough to be killed in, before the tenant does what it is asked.
const PAUSE: Duration = Duration::from_millis(60);

/// A lead is there already, and the rest goes below it.
async fn host() -> Host {
    let host = Host::start(false, PAUSE);
    let lead = json!({ "name": "Lead", "external": true, "url": "https://lead.example", "tier": 3 });
    assert_eq!(host.ask_as_owner("POST", "/workspaces", lead).await.0, 201);
    host
}

async fn call(host: &Host, data: &std::path::Path, tool: &str, arguments: &Value) -> Value {
    let command = towards(&host.url, host.key.expose_secret(), data);
    let done = ended(command, &["call", tool, "--args", &arguments.to_string()]).await;
    assert_eq!(done.code, 0, "{tool}: {}", done.err);
    done.json()
}

/// Whether it was killed before the request that comes `after` so many; else it was through.
async fn killed(host: &Host, data: &std::path::Path, arguments: &Value, after: usize) -> bool {
    let until = host.asked().len() + after;
    let command = towards(&host.url, host.key.expose_secret(), data);
    let mut process = Running::start(command, &["call", "import_org", "--args", &arguments.to_string()]);
    loop {
        if host.asked().len() > until {
            process.kill();
            return true;
        }
        if !process.is_running() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn all(host: &Host) -> Vec<Value> {
    host.ask_as_owner("GET", "/workspaces", Value::Null).await.1.as_array().unwrap().clone()
}

/// A tenant that was at it when its client went away stops with the workspace that it is making.
async fn settled(host: &Host) {
    let mut before = all(host).await.len();
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = all(host).await.len();
        if now == before {
            return;
        }
        before = now;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_an_import_is_killed_the_next_one_completes_it() {
    let template = team();
    let mut kills = 0;
    for after in 0.. {
        let (host, data) = (host().await, tempfile::tempdir().unwrap());
        let mut arguments = json!({ "inline": template });
        let planned = call(&host, data.path(), "plan_org_import", &arguments).await;
        arguments["plan_id"] = planned["plan_id"].clone();
        arguments["force"] = json!(true);
        let was_killed = killed(&host, data.path(), &arguments, after).await;
        settled(&host).await;
        kills += usize::from(was_killed);

        let planned = call(&host, data.path(), "plan_org_import", &json!({ "inline": template })).await;
        arguments["plan_id"] = planned["plan_id"].clone();
        let imported = call(&host, data.path(), "import_org", &arguments).await;
        assert_eq!(imported["status"], "complete", "after {after}: {imported}");
        assert_eq!(paths(&all(&host).await), TEAM, "after {after}");
        let compared = call(&host, data.path(), "compare_org", &json!({ "inline": template })).await;
        let fields: Vec<&Value> = compared["differences"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
        let left = fields.iter().all(|field| **field == "role" || **field == "runtime" || **field == "canvas");
        assert!(left && compared["missing_count"] == 0 && compared["extra_count"] == 0, "after {after}: {compared}");
        let journal = entries(data.path());
        assert_eq!((journal.intents, journal.outcomes), (journal.matched, journal.matched), "after {after}");
        if !was_killed {
            break;
        }
    }
    println!("killed at {kills} requests, completed each time, no twins");
    assert!(kills > 12, "{kills} kills are too few to have met every step");
}
