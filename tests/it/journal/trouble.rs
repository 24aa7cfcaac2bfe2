//! When the disk is full, fails or stalls: no mutation is sent without an intent, reads go on, and all is
//! well again when the disk is.

use std::time::{Duration, Instant};

use molecule_org_mcp::failure::Code;
use molecule_org_mcp::journal::Journal;
use molecule_org_mcp::journal::verify::Kept;
use molecule_org_mcp::store::{Durability, Store};
use molecule_org_mcp::tools::effect::Effect;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{TENANT, intent, one, verified};
use crate::process::{Running, towards};
use crate::support::{Host, House, Plan, http, state};

#[tokio::test]
async fn a_full_disk_refuses_mutations_until_there_is_room() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path());
    let journal = Journal::open(store.clone(), home.path(), TENANT);
    one(&journal, intent("update_workspace", Effect::Write, |_| ())).await;
    // From now on the file can't grow: what SQLite says of a full disk.
    let full = |connection: &rusqlite::Connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    };
    store.change(Durability::Written, full).await.unwrap();
    let big = || {
        intent("update_workspace", Effect::Write, |detail| {
            _ = detail.kept.insert("note".into(), json!("x".repeat(200_000)));
        })
    };
    let refused = journal.intend(big()).await.unwrap_err();
    assert_eq!(refused.code(), Code::JournalUnavailable);
    assert!(refused.for_operator().unwrap().contains("full"), "{:?}", refused.for_operator());
    assert!(!journal.healthy());
    assert_eq!(journal.lost(), 0, "somebody waited, and was told");
    // A fresh connection has room again.
    journal.intend(big()).await.unwrap();
    assert!(journal.healthy());
    journal.flush().await.unwrap();
    let report = verified(home.path(), &Kept::default());
    assert!(report.ok && report.chains[0].count == 3, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_disk_refuses_mutations_within_two_seconds_and_reads_go_on() {
    let house = House::open(Plan::default());
    house.call("list_workspaces", json!({})).await;
    house.dispatch.server().journal.flush().await.unwrap();
    let sent = || house.host().asked().iter().filter(|one| one.method != "GET").count();
    let wish = json!({ "name": "A", "external": true, "url": "https://a.example" });
    let other = state(house.home.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let text = house.refusal("create_workspace", wish.clone()).await;
    assert!(text.starts_with("JOURNAL_UNAVAILABLE") && text.contains("Nothing was changed."), "{text}");
    assert!(begun.elapsed() < Duration::from_millis(2800), "{:?}", begun.elapsed());
    house.call("list_workspaces", json!({})).await;
    assert!(house.dispatch.ready().is_err(), "/readyz says so");
    assert_eq!(sent(), 0, "nothing goes to the tenant without an intent");
    while house.dispatch.server().journal.lost() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(8), "what nobody waited for is lost, and isn't counted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.execute_batch("ROLLBACK").unwrap();
    house.call("create_workspace", wish).await;
    assert_eq!(sent(), 1);
    assert!(house.dispatch.ready().is_ok());
}

/// Files of the process can't grow beyond a limit: a write fails in the middle, as on a disk that fails.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_disk_refuses_mutations_and_reads_go_on() {
    let host = Host::start(false, Duration::ZERO);
    let home = tempfile::tempdir().unwrap();
    let key = host.key.expose_secret();
    // So that the tables are there.
    let settled = Running::start(towards(&host.url, key, home.path()), &[]);
    settled.close();
    // Somebody reads and goes on reading: the log that SQLite writes to can't begin anew.
    let reader = state(home.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM journal").unwrap();
    let command = towards(&host.url, key, home.path());
    let program = command.get_program().to_owned();
    let mut limited = std::process::Command::new("bash");
    limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // The signal would kill it; ignored, the write fails.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\""]).arg(program);
    let mut process = Running::start(limited, &["http", "--no-auth", "--listen", "127.0.0.1:0"]);
    let ready = process.told("ready http://");
    let base = ready.trim().strip_prefix("ready ").unwrap().strip_suffix("/mcp").unwrap().to_owned();
    let call = async |tool: &str, arguments: serde_json::Value| {
        let params = json!({ "name": tool, "arguments": arguments });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
        let (_, body) = http("POST", &format!("{base}/mcp/json"), &headers, &body).await;
        serde_json::from_str::<serde_json::Value>(&body).unwrap()["result"].clone()
    };
    let sent = || host.asked().iter().filter(|one| one.method == "POST").count();
    let mut done = 0;
    let refused = loop {
        let answer = call(
            "create_workspace",
            json!({ "name": format!("w{done}"), "external": true, "url": "https://a.example" }),
        )
        .await;
        if answer["isError"] == true {
            break answer["content"][0]["text"].as_str().unwrap().to_owned();
        }
        done += 1;
        assert!(done < 2000, "the limit was never met");
    };
    assert!(refused.starts_with("JOURNAL_UNAVAILABLE"), "{refused}");
    assert_eq!(sent(), done, "nothing goes to the tenant without an intent");
    assert_eq!(call("list_workspaces", json!({ "limit": 1 })).await["isError"], false);
    assert_eq!(http("GET", &format!("{base}/readyz"), &[], "").await.0, 503);
    process.kill();
    drop(reader);
    // Without the limit all goes on, and nothing that was acknowledged is lost.
    let again = Running::start(towards(&host.url, key, home.path()), &[]);
    again.close();
    let intents: usize = state(home.path())
        .query_row("SELECT count(*) FROM journal WHERE kind = 'intent' AND tool = 'create_workspace'", [], |row| {
            row.get::<_, u32>(0)
        })
        .unwrap() as usize;
    assert!(intents >= done, "{intents} of {done}");
    assert!(verified(home.path(), &Kept::default()).ok);
}
