//! The key that this server itself works with.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use molecule_org_mcp::backend::KeyFile;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{live, minted, opens};
use crate::process::{Running, command, ended};
use crate::support::{Host, House, Plan};

/// With its key in a file.
fn reading(host: &Host, key_file: &Path, data: &Path) -> Command {
    let mut command = command(data);
    command.env("MOLECULE_URL", &host.url).env("MOLECULE_ORG_TOKEN_FILE", key_file).env("MOLECULE_MCP_LOG", "info");
    command
}

fn prefix(process: &mut Running) -> String {
    process.call(1, "whoami", json!({}));
    process.answer()["result"]["structuredContent"]["key_prefix"].as_str().unwrap().to_owned()
}

/// Until it works with the key of this prefix.
fn comes_to(process: &mut Running, wanted: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while prefix(process) != wanted {
        assert!(Instant::now() < until, "it never took {wanted}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_the_servers_own_key_is_replaced() {
    let house = Arc::new(House::open(Plan { seeded: true, ..Plan::default() }));
    let old = house.host().key.expose_secret().to_owned();
    let file = house.home.path().join("org-key");
    fs::write(&file, &old).unwrap();
    house.dispatch.client().keys().kept_in(KeyFile::new(&file));
    let there = house.call("list_workspaces", json!({ "limit": 1 })).await["items"][0]["id"].clone();
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let (house, over, there) = (Arc::clone(&house), Arc::clone(&over), there.clone());
            tokio::spawn(async move {
                let mut calls = 0;
                while !over.load(Relaxed) {
                    match n % 4 {
                        0 => house.call("create_approval", json!({ "workspace_id": there, "action": "x" })).await,
                        1 => house.call("list_workspaces", json!({ "limit": 3 })).await,
                        2 => house.call("get_workspace", json!({ "workspace_id": there })).await,
                        _ => house.call("list_org_keys", json!({ "limit": 3 })).await,
                    };
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = house.call("rotate_org_key", json!({ "key": &old[..8] })).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    over.store(true, Relaxed);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.unwrap();
    }
    println!("{calls} calls while the key was replaced, none failed");
    let new = fs::read_to_string(&file).unwrap();
    assert_eq!((&answer["prefix"], &answer["own"]), (&json!(new[..8]), &json!(true)));
    assert!(opens(house.host(), new.trim()).await && !opens(house.host(), &old).await);
    assert_eq!(house.journal("whoami").await, Value::Null);
    house.call("whoami", json!({})).await;
    assert_eq!(house.journal("whoami").await["key_prefix"], new[..8], "the journal names the key in use");
    house.is_balanced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_with_the_same_key_file_goes_on() {
    let host = Host::start(false, Duration::ZERO);
    let home = tempfile::tempdir().unwrap();
    let old = host.key.expose_secret().to_owned();
    let file = home.path().join("key");
    fs::write(&file, &old).unwrap();
    let start = || {
        let mut process = Running::start(reading(&host, &file, &home.path().join("data")), &[]);
        process.greet();
        process
    };
    let (mut one, mut other) = (start(), start());
    assert_eq!((prefix(&mut one), prefix(&mut other)), (old[..8].to_owned(), old[..8].to_owned()));
    one.call(2, "rotate_org_key", json!({ "key": &old[..8] }));
    let mut calls = 0;
    let answer = loop {
        other.call(3, "list_org_keys", json!({}));
        let answer = other.answer();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        calls += 1;
        if let Some(said) = one.said().pop() {
            break serde_json::from_str::<Value>(&said).unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    println!("{calls} calls of another process meanwhile, none failed");
    let new = fs::read_to_string(&file).unwrap();
    assert_eq!(answer["result"]["structuredContent"]["prefix"], new[..8], "{answer}");
    assert_eq!((prefix(&mut one), prefix(&mut other)), (new[..8].to_owned(), new[..8].to_owned()));
    assert!(!opens(&host, &old).await);
    for process in [one, other] {
        assert_eq!(process.close().1, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_operator_puts_into_the_file_is_taken_once_it_works() {
    let host = Host::start(false, Duration::ZERO);
    let home = tempfile::tempdir().unwrap();
    let (file, data) = (home.path().join("key"), home.path().join("data"));
    fs::write(&file, host.key.expose_secret()).unwrap();
    let mut process = Running::start(reading(&host, &file, &data), &[]);
    process.greet();
    let first = prefix(&mut process);
    fs::write(&file, "n".repeat(43)).unwrap();
    process.told("another org key was refused, so the one before stays in use");
    assert_eq!(prefix(&mut process), first);
    let (second, _) = minted(&host, "second").await;
    fs::write(&file, &second).unwrap();
    comes_to(&mut process, &second[..8]);
    // At once, where the one before is refused.
    let (third, _) = minted(&host, "third").await;
    fs::write(&file, &third).unwrap();
    let id = host.ask_as_owner("GET", "/org/tokens", Value::Null).await.1["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["prefix"] == second[..8])
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(host.ask_as_owner("DELETE", &format!("/org/tokens/{id}"), Value::Null).await.0, 200);
    process.call(2, "list_org_keys", json!({}));
    assert_eq!(process.answer()["result"]["isError"], false);
    assert_eq!(prefix(&mut process), third[..8]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_may_not_be_written_is_known_before_anything_is_minted() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::start(false, Duration::ZERO);
    let watcher = host.mint("watcher");
    let home = tempfile::tempdir().unwrap();
    let (file, data) = (home.path().join("key"), home.path().join("data"));
    fs::write(&file, host.key.expose_secret()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let before = live(&host, &watcher).await;
    let key = format!("key={}", &host.key.expose_secret()[..8]);
    let rotate = async |more: &[&str]| {
        let arguments: Vec<&str> = ["call", "rotate_org_key", &key].iter().chain(more).copied().collect();
        ended(reading(&host, &file, &data), &arguments).await
    };
    let refused = rotate(&[]).await;
    assert!(
        refused.err.contains("PRECONDITION_FAILED") && refused.err.contains("nothing was minted"),
        "{}",
        refused.err
    );
    let refused = rotate(&["sink=file:x"]).await;
    assert!(refused.err.contains("leave out `sink`"), "{}", refused.err);
    assert_eq!(live(&host, &watcher).await, before);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let done = rotate(&[]).await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(done.json()["prefix"], fs::read_to_string(&file).unwrap()[..8]);
}

#[tokio::test]
async fn a_key_from_the_environment_is_replaced_where_the_operator_takes_it_from() {
    let house = House::open(Plan::default());
    let old = house.host().key.expose_secret().to_owned();
    let answer = house.call("rotate_org_key", json!({ "key": &old[..8], "sink": "file:own" })).await;
    assert!(answer["left"].as_str().unwrap().contains("Before it starts again"), "{answer}");
    let new = fs::read_to_string(answer["location"].as_str().unwrap()).unwrap();
    assert!(!opens(house.host(), &old).await);
    assert_eq!(house.call("whoami", json!({})).await["key_prefix"], new[..8]);
    house.is_balanced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_tenants_key_is_replaced_too() {
    let home = tempfile::tempdir().unwrap();
    let who = ended(command(home.path()), &["call", "whoami", "--embedded"]).await;
    let key = format!("key={}", who.json()["key_prefix"].as_str().unwrap());
    let done = ended(command(home.path()), &["call", "rotate_org_key", &key, "--embedded"]).await;
    assert_eq!(done.code, 0, "{}", done.err);
    let who = ended(command(home.path()), &["call", "whoami", "--embedded"]).await;
    assert_eq!(who.json()["key_prefix"], done.json()["prefix"]);
}
