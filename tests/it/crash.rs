//! The process is killed in the middle, and there are several of them: what was sent is in the journal,
//! what is unclear is called unknown, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use molecule_org_mcp::journal::verify::Kept;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::journal::verified;
use crate::process::{Running, ended, towards};
use crate::support::{Host, state};

/// The short form; `CRASHES=1000` is the long one.
const CRASHES: u64 = 15;
/// Kills on one data directory; each looks at all that is there.
const HOUSEHOLD: usize = 25;

/// Invocation to its entries' kinds and results, in the order of writing.
type Journal = BTreeMap<String, Vec<(String, Option<String>)>>;

/// Without what was found out about it afterwards, which may come at any start.
fn journal(data: &Path) -> Journal {
    let state = state(data);
    if !state.table_exists(None, "journal").unwrap() {
        // Killed before there was one.
        return Journal::new();
    }
    let mut query =
        state.prepare("SELECT invocation, kind, result FROM journal WHERE kind <> 'found' ORDER BY rowid").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    let mut journal = Journal::new();
    for row in rows {
        let (invocation, entry): (String, (String, Option<String>)) = row.unwrap();
        journal.entry(invocation).or_default().push(entry);
    }
    journal
}

fn is_open(entries: &[(String, Option<String>)]) -> bool {
    !entries.iter().any(|(kind, _)| kind == "outcome")
}

/// Anything but a read, many kinds of it, without waiting for answers.
fn fire(process: &mut Running, from: u64, count: u64, workspace: &str) {
    for n in from..from + count {
        let (tool, arguments) = match n % 4 {
            0 => ("mint_org_key", json!({ "name": format!("key-{n}") })),
            1 => ("create_approval", json!({ "workspace_id": workspace, "action": "x" })),
            2 => ("create_workspace", json!({ "name": format!("w{n}"), "external": true, "url": "https://a.example" })),
            _ => ("set_global_secret", json!({ "key": format!("K{n}"), "source": "env:PATH" })),
        };
        process.call(n + 1, tool, arguments);
    }
}

async fn workspace(host: &Host) -> String {
    let wish = json!({ "name": "Steady", "external": true, "url": "https://a.example" });
    host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_it_is_killed_what_was_sent_is_in_the_journal() {
    let crashes = std::env::var("CRASHES").map_or(CRASHES, |text| text.parse().unwrap());
    let mut seen = Seen::default();
    for first in (0..crashes).step_by(HOUSEHOLD) {
        let host = Host::start(false, Duration::from_millis(2));
        let workspace = workspace(&host).await;
        let data = tempfile::tempdir().unwrap();
        for round in first..crashes.min(first + HOUSEHOLD as u64) {
            killed(&host, &workspace, data.path(), round, &mut seen).await;
        }
        let acts = host.asked().into_iter().filter(|one| one.method != "GET" && !one.request_id.is_empty());
        seen.acts += acts.map(|one| one.request_id).collect::<BTreeSet<_>>().len();
    }
    let Seen { calls, acts, answered, unknown } = seen;
    println!(
        "{crashes} kills: {calls} calls in the journal, {acts} of them reached the tenant, {answered} answers came \
         and none of them is lost, {unknown} outcomes were unknown"
    );
    assert!(acts > 0 && unknown > 0 && answered > 0, "the kills came too early or too late to show anything");
}

/// What came of all the kills.
#[derive(Default)]
struct Seen {
    calls: usize,
    acts: usize,
    answered: usize,
    unknown: usize,
}

/// One kill, and what the journal says before and after the next start.
async fn killed(host: &Host, workspace: &str, data: &Path, round: u64, seen: &mut Seen) {
    let known = journal(data).len();
    let mut process = Running::start(towards(&host.url, host.key.expose_secret(), data), &[]);
    process.greet();
    fire(&mut process, 0, 40, workspace);
    tokio::time::sleep(moment(round)).await;
    process.kill();
    // What was on its way when the process died still arrives.
    tokio::time::sleep(Duration::from_millis(10)).await;

    let before = journal(data);
    for id in host.asked().iter().filter(|one| one.method != "GET").map(|one| &one.request_id) {
        let is_written = id.is_empty() || before.get(id).is_some_and(|entries| entries[0].0 == "intent");
        assert!(is_written, "round {round}: {id} was sent unwritten");
    }
    for answer in process.said() {
        let Ok(answer) = serde_json::from_str::<Value>(&answer) else { continue };
        let Some(id) = answer["result"]["_meta"]["molecule-org-mcp/invocation"].as_str() else { continue };
        assert!(!is_open(&before[id]), "round {round}: {id} was answered and isn't in the journal");
        seen.answered += 1;
    }
    seen.calls += before.len() - known;

    let after = restarted(host, data).await;
    for (id, entries) in &before {
        let now = &after[id];
        if is_open(entries) {
            let unknown = ("outcome".to_owned(), Some("unknown".to_owned()));
            assert_eq!(now[entries.len()..], [unknown], "round {round}: {id}");
            seen.unknown += 1;
        } else {
            assert_eq!(now, entries, "round {round}: {id}");
        }
    }
    assert!(after.values().all(|entries| entries.len() == 2), "round {round}: {after:?}");
    // Nothing but the restart's own call is new.
    assert_eq!(after.len(), before.len() + 1, "round {round}");
    let report = verified(data, &Kept::default());
    assert!(report.ok && report.chains.len() == 1, "round {round}: {report:?}");
}

/// Spread over the time that forty calls take.
fn moment(round: u64) -> Duration {
    let scattered = (round * 7919 + u64::from(std::process::id())) % 150;
    Duration::from_millis(scattered)
}

/// Starts it once more, which looks after what the dead left open, and reads the journal.
async fn restarted(host: &Host, data: &Path) -> Journal {
    let again = ended(
        towards(&host.url, host.key.expose_secret(), data),
        &["call", "query_journal", "outcome=unknown", "limit=100"],
    );
    let again = again.await;
    assert_eq!(again.code, 0, "{}", again.err);
    let items = again.json()["items"].clone();
    assert!(items.as_array().unwrap().iter().all(|one| one["outcome"] == "unknown" && one["changed"] == "unknown"));
    journal(data)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_share_a_directory_and_lose_nothing() {
    const EACH: u64 = 60;
    let host = Host::start(false, Duration::from_millis(2));
    let workspace = workspace(&host).await;
    let data = tempfile::tempdir().unwrap();
    let key = host.key.expose_secret();
    let mut processes: Vec<Running> =
        (0..3).map(|_| Running::start(towards(&host.url, key, data.path()), &[])).collect();
    for process in &mut processes {
        process.greet();
        fire(process, 0, EACH, &workspace);
    }
    // Others come and go meanwhile; each looks for dead ones and must not find the living.
    let mut others = 0;
    for _ in 0..5 {
        let about = format!("workspace_id={workspace}");
        let arguments = ["call", "create_approval", &about, "action=y"];
        let visit = ended(towards(&host.url, key, data.path()), &arguments).await;
        assert_eq!(visit.code, 0, "{}", visit.err);
        others += 1;
    }
    let mut failures = Vec::new();
    for process in &mut processes {
        for _ in 0..EACH {
            let answer = process.answer();
            if answer["result"]["isError"] != false {
                failures.push(answer["result"]["content"][0]["text"].clone());
            }
        }
    }
    assert_eq!(failures, Vec::<Value>::new());
    for process in processes {
        assert_eq!(process.close().1, 0);
    }
    let journal = journal(data.path());
    assert_eq!(journal.len() as u64, 3 * EACH + others);
    for entries in journal.values() {
        let told: Vec<_> = entries.iter().map(|(kind, result)| (kind.as_str(), result.as_deref())).collect();
        assert_eq!(told, [("intent", None), ("outcome", Some("done"))]);
    }
    assert_eq!(std::fs::read_dir(data.path().join("processes")).unwrap().count(), 0, "everybody left in order");
}
