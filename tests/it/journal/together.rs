//! Several processes on one data directory: one chain, nothing lost, and nobody's calls but a dead
//! process's are closed for it.

use std::time::{Duration, Instant};

use molecule_org_mcp::journal::verify::Kept;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::verified;
use crate::process::{Running, ended, towards};
use crate::support::{Host, http, state};

/// The short form; `TOGETHER=60` is a minute.
const SECONDS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_terminals_write_one_chain() {
    let seconds = std::env::var("TOGETHER").map_or(SECONDS, |text| text.parse().unwrap());
    let host = Host::start(false, Duration::from_millis(2));
    let home = tempfile::tempdir().unwrap();
    let key = host.key.expose_secret();
    let wish = json!({ "name": "Steady", "external": true, "url": "https://a.example" });
    let workspace = host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].as_str().unwrap().to_owned();
    let towards = || towards(&host.url, key, home.path());
    let until = Instant::now() + Duration::from_secs(seconds);

    let mut server = Running::start(towards(), &["http", "--no-auth", "--listen", "127.0.0.1:0"]);
    let ready = server.told("ready http://");
    let door = format!("{}/json", ready.trim().strip_prefix("ready ").unwrap());
    let over_lines = (0..2).map(|n| {
        let log = home.path().join(format!("stdio-{n}.log"));
        let (mut client, workspace) = (Running::logging(towards(), &[], &log), workspace.clone());
        std::thread::spawn(move || {
            client.greet();
            let mut calls = 0;
            while Instant::now() < until {
                for _ in 0..8 {
                    calls += 1;
                    client.call(calls, "create_approval", json!({ "workspace_id": workspace, "action": "x" }));
                }
                for _ in 0..8 {
                    let answer = client.answer();
                    let said = || std::fs::read_to_string(&log).unwrap();
                    assert_eq!(answer["result"]["isError"], false, "{answer} {}", said());
                }
            }
            assert_eq!(client.close().1, 0);
            calls
        })
    });
    let over_lines: Vec<_> = over_lines.collect();
    let over_http = tokio::spawn({
        let workspace = workspace.clone();
        async move {
            let mut calls = 0_u64;
            while Instant::now() < until {
                let params =
                    json!({ "name": "create_approval", "arguments": { "workspace_id": workspace, "action": "y" } });
                let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
                let headers = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
                let (status, body) = http("POST", &door, &headers, &body).await;
                let answer: Value = serde_json::from_str(&body).unwrap();
                assert_eq!((status, &answer["result"]["isError"]), (200, &json!(false)), "{body}");
                calls += 1;
            }
            calls
        }
    });
    let mut visits = 0_u64;
    while Instant::now() < until {
        let about = format!("workspace_id={workspace}");
        let visit = ended(towards(), &["call", "create_approval", &about, "action=z"]).await;
        assert_eq!(visit.code, 0, "{}", visit.err);
        visits += 1;
    }
    let calls = over_http.await.unwrap();
    let over_lines: u64 = over_lines.into_iter().map(|one| one.join().unwrap()).sum();
    server.kill();
    let last = ended(towards(), &["call", "whoami"]).await;
    assert_eq!(last.code, 0, "{}", last.err);

    let all = calls + visits + over_lines + 1;
    let state = state(home.path());
    let count = |sql: &str| state.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    println!("{seconds} s: {over_lines} calls over stdio, {calls} over HTTP, {visits} from the terminal");
    assert_eq!(u64::from(count("SELECT count(*) FROM journal WHERE kind = 'intent'")), all);
    assert_eq!(u64::from(count("SELECT count(*) FROM journal WHERE kind = 'outcome' AND result = 'done'")), all);
    assert_eq!(count("SELECT count(*) FROM journal WHERE kind = 'outcome' AND result <> 'done'"), 0);
    let report = verified(home.path(), &Kept::default());
    assert!(report.ok, "{report:?}");
    assert_eq!((report.chains.len(), report.chains[0].count), (1, 2 * all));
    assert!(report.chains[0].last_checkpoint.as_ref().unwrap().count == 2 * all, "{report:?}");
}
