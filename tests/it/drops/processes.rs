//! The real binary: pages over stdio and at the terminal, and what is left when a process dies with one.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{get, link, post, revealed};
use crate::process::{Ended, Running, command, ended};

fn stdio(home: &TempDir) -> Running {
    let mut running = Running::start(command(home.path()), &["stdio", "--embedded"]);
    running.greet();
    running
}

/// The address and the code that the operator is told.
fn told(running: &mut Running) -> (String, String) {
    let line = running.told("one-time page");
    let link = line.split(' ').find(|word| word.starts_with("http://127.0.0.1:")).unwrap();
    (link.to_owned(), line.rsplit("code: ").next().unwrap().to_owned())
}

async fn prefixes(home: &TempDir) -> Vec<Value> {
    let mut command = command(home.path());
    command.stdin(std::process::Stdio::null());
    let listed = ended(command, &["call", "list_org_keys", "--embedded"]).await.json();
    listed["items"].as_array().unwrap().iter().map(|key| key["prefix"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_stdio_the_page_is_on_loopback_and_the_code_on_stderr() {
    let home = tempfile::tempdir().unwrap();
    let mut running = stdio(&home);
    running.call(1, "mint_org_key", json!({ "name": "ci", "sink": "drop" }));
    let answer = running.answer();
    let minted = &answer["result"]["structuredContent"];
    let (told, code) = told(&mut running);
    assert_eq!(link(minted), told);
    assert!(!answer.to_string().contains(&code));
    assert_eq!(get(&told).await.0, 200);
    assert_eq!(post(&told, "code=WRONG").await.0, 403);
    let (status, page) = post(&told, &format!("code={code}")).await;
    assert_eq!(status, 200);
    assert!(revealed(&page).starts_with(minted["prefix"].as_str().unwrap()));
    assert_eq!(get(&told).await.0, 410);
    assert!(prefixes(&home).await.contains(&minted["prefix"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_on_its_page_is_revoked_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let mut running = stdio(&home);
    running.call(1, "mint_org_key", json!({ "name": "ci", "sink": "drop" }));
    let prefix = running.answer()["result"]["structuredContent"]["prefix"].clone();
    running.call(2, "create_workspace", json!({ "name": "Outside", "external": true, "sink": "drop" }));
    let made = running.answer()["result"]["structuredContent"].clone();
    running.kill();
    assert!(prefixes(&home).await.contains(&prefix));
    let state = Connection::open(home.path().join("state.db")).unwrap();
    state.busy_timeout(Duration::from_secs(5)).unwrap();
    state.execute("UPDATE drops SET until = '2026-01-01T00:00:00.000000Z'", []).unwrap();
    let mut next = stdio(&home);
    wait_for(|| {
        let over = "SELECT COUNT(*) FROM drops WHERE standing = 'over' AND sealed IS NULL";
        state.query_row(over, [], |row| row.get(0)).unwrap_or(0) == 2
    })
    .await;
    assert!(!prefixes(&home).await.contains(&prefix));
    next.call(1, "list_workspace_tokens", json!({ "workspace_id": made["id"] }));
    let tokens = next.answer()["result"]["structuredContent"]["items"].clone();
    let left = tokens.as_array().unwrap().iter().any(|token| token["prefix"] == made["delivered"]["prefix"]);
    assert!(!left, "{tokens}");
    next.call(2, "query_journal", json!({ "tool": "revoke_key", "limit": 1 }));
    let journal = next.answer()["result"]["structuredContent"]["items"][0].to_string();
    assert!(journal.contains("\"server\"") && journal.contains("done"), "{journal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_reads_leaves_what_is_due_to_one_that_writes() {
    let home = tempfile::tempdir().unwrap();
    let mut running = stdio(&home);
    running.call(1, "mint_org_key", json!({ "name": "ci", "sink": "drop" }));
    let prefix = running.answer()["result"]["structuredContent"]["prefix"].clone();
    running.kill();
    let state = Connection::open(home.path().join("state.db")).unwrap();
    state.busy_timeout(Duration::from_secs(5)).unwrap();
    state.execute("UPDATE drops SET until = '2026-01-01T00:00:00.000000Z'", []).unwrap();
    let mut reading = Running::start(command(home.path()), &["stdio", "--embedded", "--read-only"]);
    reading.told("leaves it to one that writes");
    let mut calling = command(home.path());
    calling.stdin(std::process::Stdio::null());
    let listed = ended(calling, &["call", "list_org_keys", "--embedded", "--read-only"]).await.json();
    assert!(listed.to_string().contains(prefix.as_str().unwrap()));
    let count = |sql: &str| state.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM drops WHERE standing = 'waiting' AND claimed IS NULL"), 1);
    assert_eq!(count("SELECT COUNT(*) FROM journal WHERE tool = 'revoke_key'"), 0);
    let _writing = stdio(&home);
    wait_for(|| count("SELECT COUNT(*) FROM drops WHERE standing = 'over'") == 1).await;
    assert!(!prefixes(&home).await.contains(&prefix));
}

async fn wait_for(mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "it never happened");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_terminal_the_call_stays_until_its_page_was_used() {
    let home = tempfile::tempdir().unwrap();
    let mut running =
        Running::start(command(home.path()), &["call", "mint_org_key", "name=ci", "sink=drop", "--embedded"]);
    let (page, code) = told(&mut running);
    let minted = running.answer();
    running.told("open as long as this command runs");
    assert_eq!(post(&page, &format!("code={code}")).await.0, 200);
    let (_, ended) = tokio::task::spawn_blocking(move || running.close()).await.unwrap();
    assert_eq!(ended, 0);
    assert!(prefixes(&home).await.contains(&minted["prefix"]));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_broken_off_at_its_page_revokes_what_waits_there() {
    let home = tempfile::tempdir().unwrap();
    let mut running =
        Running::start(command(home.path()), &["call", "mint_org_key", "name=ci", "sink=drop", "--embedded"]);
    let minted = running.answer();
    running.told("open as long as this command runs");
    interrupt(&running).await;
    tokio::task::spawn_blocking(move || running.close()).await.unwrap();
    assert!(!prefixes(&home).await.contains(&minted["prefix"]));
}

#[cfg(unix)]
async fn interrupt(running: &Running) {
    let mut kill = std::process::Command::new("kill");
    kill.args(["-INT".to_owned(), running.id().to_string()]);
    let Ended { code, .. } = ended(kill, &[]).await;
    assert_eq!(code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_terminal_a_call_goes_on_once_its_value_was_typed() {
    let home = tempfile::tempdir().unwrap();
    let mut running = Running::start(
        command(home.path()),
        &["call", "set_global_secret", "key=API_KEY", "source=drop", "--embedded"],
    );
    let (page, code) = told(&mut running);
    assert_eq!(post(&page, &format!("code={code}&value=typed")).await.0, 200);
    assert_eq!(running.answer()["status"], "saved");
}
