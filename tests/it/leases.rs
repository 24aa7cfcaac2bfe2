//! Keys that end: revoked on time, after a restart, after an outage, by one of several processes, and never
//! the server's own by itself.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use molecule_org_mcp::journal::entry::KeyMark;
use molecule_org_mcp::leases::Holder;
use molecule_org_mcp::leases::runner::revoke_due;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::process::{Running, command, ended, towards};
use crate::support::{Host, House, Plan, http, state};

/// What must hold after an outage.
const RECOVERY: Duration = Duration::from_secs(60);

fn key_in(location: &Value) -> String {
    std::fs::read_to_string(location.as_str().unwrap()).unwrap().trim().to_owned()
}

/// Through a process that serves nobody, so that the lease waits for one that does.
async fn minted(host: &Host, data: &Path, lifetime: &str) -> (Value, String) {
    let arguments = ["call", "mint_org_key", "name=leased", &format!("expires_in={lifetime}")];
    let minted = ended(towards(&host.url, host.key.expose_secret(), data), &arguments).await;
    assert_eq!(minted.code, 0, "{}", minted.err);
    let minted = minted.json();
    let key = key_in(&minted["location"]);
    (minted, key)
}

async fn opens(url: &str, key: &str) -> bool {
    let bearer = format!("Bearer {key}");
    let (status, body) = http("GET", &format!("{url}/org/tokens"), &[("Authorization", &bearer)], "").await;
    assert!(matches!(status, 200 | 401), "{status} {body}");
    status == 200
}

async fn closed(url: &str, key: &str) {
    let ends = async {
        while opens(url, key).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(RECOVERY, ends).await.expect("the key ends");
}

/// As if the wall clock had jumped.
fn overdue(data: &Path, seconds: i64) {
    let until = (Utc::now() - TimeDelta::seconds(seconds)).format("%FT%T%.6fZ").to_string();
    assert_eq!(state(data).execute("UPDATE leases SET until = ?1", [until]).unwrap(), 1);
}

fn lease(data: &Path) -> (String, Option<i64>) {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    state(data).query_row("SELECT standing, late_seconds FROM leases", [], read).unwrap()
}

#[tokio::test]
async fn a_leased_key_says_when_it_ends_and_is_revoked_then() {
    let house = House::open(Plan::default());
    let asked = Utc::now();
    let minted = house.call("mint_org_key", json!({ "name": "ci", "expires_in": "12h" })).await;
    let key = key_in(&minted["location"]);
    let ends: chrono::DateTime<Utc> = serde_json::from_value(minted["expires"].clone()).unwrap();
    assert!((ends - asked - TimeDelta::hours(12)).num_seconds() < 10, "{minted}");
    let listed = house.call("list_org_keys", json!({})).await;
    let expires = |prefix: &Value| {
        let items = listed["items"].as_array().unwrap();
        items.iter().find(|one| one["prefix"] == *prefix).unwrap()["expires"].clone()
    };
    let shown: chrono::DateTime<Utc> = serde_json::from_value(expires(&minted["prefix"])).unwrap();
    assert!((shown - ends).num_milliseconds().abs() < 2, "{listed}");
    assert_eq!(expires(&json!(house.host().key.expose_secret()[..8])), Value::Null);

    revoke_due(&house.dispatch, ends - TimeDelta::seconds(1)).await.unwrap();
    assert!(opens(&house.host().url, &key).await, "not before its time");
    revoke_due(&house.dispatch, ends).await.unwrap();
    assert!(!opens(&house.host().url, &key).await);
    let told = house.journal("revoke_key").await;
    assert_eq!(
        (&told["caller"], &told["door"], &told["outcome"]),
        (&json!("molecule-org-mcp"), &json!("server"), &json!("done"))
    );
    assert_eq!(lease(house.home.path()).0, "revoked");
    // And nothing more happens to it.
    let before = house.host().asked().len();
    revoke_due(&house.dispatch, ends + TimeDelta::days(1)).await.unwrap();
    assert!(house.host().asked()[before..].iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn wrong_lifetimes_mint_nothing() {
    let house = House::open(Plan::default());
    for wrong in ["", "0s", "-1h", "1.5h", "7", "tomorrow", "never", "11000d"] {
        let refused = house.refusal("mint_org_key", json!({ "name": "ci", "expires_in": wrong })).await;
        assert!(refused.starts_with("INVALID_INPUT: ") && refused.contains("expires_in"), "{wrong}: {refused}");
    }
    assert!(house.host().asked().iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn a_key_whose_lease_cant_be_written_down_is_revoked_at_once() {
    let house = House::open(Plan::default());
    house.dispatch.server().journal.flush().await.unwrap();
    state(house.home.path()).execute_batch("DROP TABLE leases").unwrap();
    let refused = house.refusal("mint_org_key", json!({ "name": "ci", "expires_in": "1h" })).await;
    assert!(refused.starts_with("JOURNAL_UNAVAILABLE: ") && refused.contains("revoked at once"), "{refused}");
    let (_, listed) = house.host().ask_as_owner("GET", "/org/tokens", Value::Null).await;
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1, "{listed}");
    let file = house.home.path().join("credentials/ci");
    assert!(!file.exists() || std::fs::read_to_string(file).unwrap().is_empty());
}

#[tokio::test]
async fn what_somebody_else_revoked_is_gone_and_our_own_key_stays() {
    let house = House::open(Plan::default());
    let minted = house.call("mint_org_key", json!({ "name": "ci", "expires_in": "1h" })).await;
    let path = format!("/org/tokens/{}", minted["id"].as_str().unwrap());
    house.host().ask_as_owner("DELETE", &path, Value::Null).await;
    let later = Utc::now() + TimeDelta::hours(2);
    revoke_due(&house.dispatch, later).await.unwrap();
    assert_eq!(lease(house.home.path()).0, "gone");

    let own = house.host().key.expose_secret()[..8].to_owned();
    let listed = house.call("list_org_keys", json!({})).await;
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed["items"][0]["prefix"], json!(own));
    let server = house.dispatch.server();
    let holder = Holder { tenant: server.tenant.clone(), invocation: Uuid::now_v7(), caller: "local".to_owned() };
    let key = KeyMark { id, prefix: own, name: String::new() };
    server.leases.begin(holder, key, Utc::now()).await.unwrap();
    revoke_due(&house.dispatch, later).await.unwrap();
    assert!(opens(&house.host().url, house.host().key.expose_secret()).await, "no server locks itself out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_while_nobody_served_ends_at_the_next_start_and_how_late_is_said() {
    let host = Host::start(false, Duration::ZERO);
    let data = tempfile::tempdir().unwrap();
    let (_, key) = minted(&host, data.path(), "1h").await;
    overdue(data.path(), 90);
    let owner = host.key.expose_secret().to_owned();
    let mut read_only = towards(&host.url, &owner, data.path());
    read_only.env("MOLECULE_MCP_READ_ONLY", "true");
    Running::start(read_only, &[]).told("read-only and doesn't revoke it");
    assert!(opens(&host.url, &key).await);

    let mut serving = Running::start(towards(&host.url, &owner, data.path()), &[]);
    let told = serving.told("a leased key was revoked late");
    assert!(told.contains("late_seconds=9"), "{told}");
    assert!(!opens(&host.url, &key).await);
    let (standing, late) = lease(data.path());
    assert!(standing == "revoked" && late.is_some_and(|late| (90..150).contains(&late)), "{standing} {late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_revoke_a_key_once() {
    let host = Host::start(false, Duration::from_millis(20));
    let data = tempfile::tempdir().unwrap();
    let owner = host.key.expose_secret().to_owned();
    let processes: Vec<Running> =
        (0..3).map(|_| Running::start(towards(&host.url, &owner, data.path()), &[])).collect();
    let (_, key) = minted(&host, data.path(), "1s").await;
    closed(&host.url, &key).await;
    for process in processes {
        assert_eq!(process.close().1, 0);
    }
    let count = |sql: &str| state(data.path()).query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM journal WHERE tool = 'revoke_key' AND kind = 'intent'"), 1);
    assert_eq!(host.asked().iter().filter(|one| one.method == "DELETE").count(), 1);
    assert_eq!(lease(data.path()).0, "revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_while_the_tenant_was_away_ends_within_a_minute_of_its_return() {
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tenant = |listen: &str| {
        let unlimited = ["--mint-limit", "0", "--rate-limit", "1000000"];
        let arguments = [&["tenant", "--listen", listen, "--admin-token", "x", "--empty"], &unlimited[..]].concat();
        let mut running = Running::start(command(home.path()), &arguments);
        let told = running.told("ready http://");
        (running, told.split("ready ").nth(1).unwrap().trim().to_owned())
    };
    let (mut first, url) = tenant("127.0.0.1:0");
    let (status, body) =
        http("POST", &format!("{url}/org/tokens"), &[("Authorization", "Bearer x")], r#"{"name":"server"}"#).await;
    assert_eq!(status, 200, "{body}");
    let owner = serde_json::from_str::<Value>(&body).unwrap()["auth_token"].as_str().unwrap().to_owned();
    let mut serving = Running::start(towards(&url, &owner, data.path()), &[]);
    serving.greet();
    serving.call(1, "mint_org_key", json!({ "name": "leased", "expires_in": "2s" }));
    let minted = serving.answer()["result"]["structuredContent"].clone();
    first.kill();
    let key = key_in(&minted["location"]);
    serving.told("a leased key is due and can't be revoked yet");
    // Away for so long that nobody asks it at every opportunity any more.
    sleep(Duration::from_secs(8)).await;
    assert_eq!(lease(data.path()).0, "running");
    let (_second, again) = tenant(url.strip_prefix("http://").unwrap());
    let back = Instant::now();
    assert!(opens(&again, &key).await);
    closed(&again, &key).await;
    println!("revoked {:.1} s after the tenant's return", back.elapsed().as_secs_f64());
    // The answer is on its way for a moment after the tenant has done it.
    let settled = async {
        while lease(data.path()).0 == "running" {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), settled).await.expect("the lease ends with it");
    assert!(lease(data.path()).1.is_some_and(|late| late >= 5), "{:?}", lease(data.path()));
}

#[tokio::test]
async fn whatever_becomes_of_its_rotation_a_leased_key_has_no_heir_without_an_end() {
    let house = House::open(Plan::default());
    let minted = house.call("mint_org_key", json!({ "name": "ci", "expires_in": "12h" })).await;
    let old = key_in(&minted["location"]);
    // The new key is minted and delivered; that the old one goes is refused.
    house.host().refuse_after(1);
    house.refusal("rotate_org_key", json!({ "key": minted["id"], "sink": "file:heir" })).await;
    let heir = key_in(&json!(house.home.path().join("credentials/heir")));
    assert!(opens(&house.host().url, &old).await && opens(&house.host().url, &heir).await);
    let ends: chrono::DateTime<Utc> = serde_json::from_value(minted["expires"].clone()).unwrap();
    revoke_due(&house.dispatch, ends).await.unwrap();
    assert!(!opens(&house.host().url, &old).await && !opens(&house.host().url, &heir).await);
}
