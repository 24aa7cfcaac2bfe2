//! What happens to org keys, told elsewhere: signed, in order, until it is taken, and never invented.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use molecule_org_mcp::leases::runner::revoke_due;
use molecule_org_mcp::policy::{Rules, file};
use molecule_org_mcp::webhooks::sender::send_due;
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::process::{Running, bare, ended, waived};
use crate::support::{Host, House, Plan, state};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Answers these one after the other, and the last from then on.
async fn receiver(statuses: &'static [u16]) -> FaultyTenant {
    let nth = AtomicUsize::new(0);
    FaultyTenant::start(move |_| {
        let at = nth.fetch_add(1, Ordering::SeqCst).min(statuses.len() - 1);
        Reply::with(statuses[at], &[], "")
    })
    .await
}

fn secret(home: &Path) -> PathBuf {
    let path = home.join("webhook-secret");
    std::fs::write(&path, SECRET).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

fn policy(url: &str, home: &Path, events: &str) -> String {
    let waived = std::fs::read_to_string(waived()).unwrap();
    format!("{waived}\n[webhooks.audit]\nurl = \"{url}\"\nsecret = \"file:{}\"\n{events}", secret(home).display())
}

fn rules(url: &str, home: &Path, events: &str) -> Rules {
    file::rules(&policy(url, home, events)).unwrap()
}

/// As a receiver checks it; docs/webhooks.md has the same in Python.
fn verified(seen: &Seen) -> Value {
    let header = |name: &str| seen.header(name).unwrap_or_else(|| panic!("no {name}"));
    let body = std::str::from_utf8(&seen.body).unwrap();
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let signature = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes(), &signature).expect("our signature");
    let age = Utc::now().timestamp() - header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(event["id"], header("webhook-id"));
    event
}

/// As if the time until the next try were over.
fn hurry(data: &Path) {
    state(data).execute("UPDATE webhooks SET not_before = at", []).unwrap();
}

fn waiting(data: &Path) -> u32 {
    state(data).query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn each_event_arrives_signed_in_order_and_says_who_did_what() {
    let (taker, home) = (receiver(&[204]).await, tempfile::tempdir().unwrap());
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), ""), ..Plan::default() });
    let minted = house.call("mint_org_key", json!({ "name": "ci" })).await;
    house.call("revoke_key", json!({ "key": minted["id"] })).await;
    house.refusal("revoke_key", json!({ "key": minted["id"] })).await;
    house.call("mint_org_key", json!({ "name": "a", "expires_in": "1h" })).await;
    state(house.home.path()).execute("UPDATE leases SET until = '2026-01-01T00:00:00.000000Z'", []).unwrap();
    revoke_due(&house.dispatch, Utc::now()).await.unwrap();
    assert_eq!(house.call("whoami", json!({})).await["webhooks"], "4 waiting, 0 given up");
    send_due(&house.dispatch).await.unwrap();

    let events: Vec<Value> = taker.seen().iter().map(verified).collect();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["key.minted", "key.revoked", "key.minted", "key.lease_expired"]);
    let key = json!({ "id": minted["id"], "prefix": minted["prefix"], "name": "ci" });
    assert_eq!((&events[0]["key"], &events[1]["key"]), (&key, &key));
    assert_eq!(events[0]["by"], json!({ "caller": "local", "door": "cli" }));
    assert_eq!(events[3]["by"], json!({ "caller": "molecule-org-mcp", "door": "server" }));
    assert!(
        events[3]["late_seconds"].as_i64().unwrap() > 0 && events[1].get("late_seconds").is_none(),
        "{}",
        events[3]
    );
    let journal = house.journal("revoke_key").await;
    assert_eq!(journal["invocation"], events[3]["invocation"]);
    assert_eq!((waiting(house.home.path()), taker.count()), (0, 4));
    assert_eq!(house.call("whoami", json!({})).await.get("webhooks"), None);
}

#[tokio::test]
async fn what_isnt_taken_is_sent_again_under_the_same_id_and_holds_back_what_follows() {
    let (taker, home) = (receiver(&[500, 302, 200]).await, tempfile::tempdir().unwrap());
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), ""), ..Plan::default() });
    let minted = house.call("mint_org_key", json!({ "name": "ci" })).await;
    house.call("revoke_key", json!({ "key": minted["id"] })).await;
    send_due(&house.dispatch).await.unwrap();
    send_due(&house.dispatch).await.unwrap();
    assert_eq!(taker.count(), 1, "not before its time, and nothing overtakes it");
    for _ in 0..2 {
        hurry(house.home.path());
        send_due(&house.dispatch).await.unwrap();
    }
    let events: Vec<Value> = taker.seen().iter().map(verified).collect();
    let told: Vec<(&Value, &Value)> = events.iter().map(|event| (&event["type"], &event["id"])).collect();
    assert!(told[0] == told[1] && told[1] == told[2], "{told:?}");
    assert_eq!((told.len(), told[3].0, told[3].1 == told[0].1), (4, &json!("key.revoked"), false));
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asked_for_and_is_given_up_after_three_days() {
    let (taker, home) = (receiver(&[503]).await, tempfile::tempdir().unwrap());
    let only = "events = [\"key.revoked\"]";
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), only), ..Plan::default() });
    let minted = house.call("mint_org_key", json!({ "name": "ci" })).await;
    assert_eq!(waiting(house.home.path()), 0);
    house.call("revoke_key_tree", json!({ "key": minted["id"] })).await;
    assert_eq!(waiting(house.home.path()), 1);
    let long_ago = "UPDATE webhooks SET at = '2026-01-01T00:00:00.000000Z', not_before = '2026-01-01T00:00:00.000000Z'";
    state(house.home.path()).execute(long_ago, []).unwrap();
    send_due(&house.dispatch).await.unwrap();
    assert_eq!(house.call("whoami", json!({})).await["webhooks"], "0 waiting, 1 given up");
    send_due(&house.dispatch).await.unwrap();
    assert_eq!(taker.count(), 1);
}

#[tokio::test]
async fn a_rotation_is_one_event_and_the_new_key_ends_when_the_old_one_would_have() {
    let (taker, home) = (receiver(&[200]).await, tempfile::tempdir().unwrap());
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), ""), ..Plan::default() });
    let old = house.call("mint_org_key", json!({ "name": "ci", "expires_in": "12h" })).await;
    let new = house.call("rotate_org_key", json!({ "key": old["id"], "sink": "file:ci-2" })).await;
    send_due(&house.dispatch).await.unwrap();
    let events: Vec<Value> = taker.seen().iter().map(verified).collect();
    assert_eq!((events.len(), &events[1]["type"]), (2, &json!("key.rotated")));
    assert_eq!((&events[1]["key"]["id"], &events[1]["replaces"]["id"]), (&new["id"], &old["id"]), "{}", events[1]);
    let listed = house.call("list_org_keys", json!({})).await;
    let keys = listed["items"].as_array().unwrap();
    let renewed = keys.iter().find(|one| one["id"] == new["id"]).unwrap();
    assert_eq!(renewed["expires"].as_str().unwrap()[..19], old["expires"].as_str().unwrap()[..19]);
}

#[tokio::test]
async fn a_key_that_was_taken_back_never_was() {
    let (taker, home) = (receiver(&[200]).await, tempfile::tempdir().unwrap());
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), ""), ..Plan::default() });
    house.dispatch.server().journal.flush().await.unwrap();
    state(house.home.path()).execute_batch("DROP TABLE leases").unwrap();
    house.refusal("mint_org_key", json!({ "name": "ci", "expires_in": "1h" })).await;
    assert_eq!(waiting(house.home.path()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_owed_the_next_one_sends() {
    let refusing = Arc::new(AtomicUsize::new(503));
    let status = Arc::clone(&refusing);
    let taker = FaultyTenant::start(move |_| Reply::with(status.load(Ordering::SeqCst) as u16, &[], "")).await;
    let (host, home, data) =
        (Host::start(false, std::time::Duration::ZERO), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let policy_file = home.path().join("policy.toml");
    std::fs::write(&policy_file, policy(&taker.url(), home.path(), "")).unwrap();
    let start = || {
        let mut command = bare(data.path());
        command.env("MOLECULE_URL", &host.url).env("MOLECULE_ORG_TOKEN", host.key.expose_secret());
        command.env("MOLECULE_MCP_POLICY", &policy_file);
        command
    };
    let mut serving = Running::start(start(), &[]);
    serving.greet();
    serving.call(1, "mint_org_key", json!({ "name": "ci" }));
    let answer = serving.answer();
    serving.kill();
    assert_eq!(waiting(data.path()), 1, "with the outcome, and before the answer: {answer}");
    refusing.store(200, Ordering::SeqCst);
    hurry(data.path());
    let before = taker.count();
    let _again = Running::start(start(), &[]);
    taker.reached(before + 1).await;
    let seen = taker.seen();
    let event = verified(seen.last().unwrap());
    assert_eq!((&event["type"], &event["key"]["name"]), (&json!("key.minted"), &json!("ci")));
    assert!(seen.iter().all(|one| one.header("webhook-id") == event["id"].as_str()), "one id for all tries");

    // `call` ends at once, and sends before.
    let sent = taker.count();
    let key = format!("key={}", event["key"]["prefix"].as_str().unwrap());
    let revoked = ended(start(), &["call", "revoke_key", &key]).await;
    assert_eq!(revoked.code, 0, "{}", revoked.err);
    taker.reached(sent + 1).await;
    assert_eq!(verified(taker.seen().last().unwrap())["type"], "key.revoked");
}

#[test]
fn mistakes_in_the_policy_have_a_place_and_no_secret() {
    let table = |lines: &str| format!("[webhooks.audit]\n{lines}");
    let (url, place) = ("url = \"https://a.example/canary\"", "secret = \"env:HOOK\"");
    file::rules(&table(&format!("{url}\n{place}"))).unwrap();
    for (lines, words) in [
        (format!("url = \"http://a.example\"\n{place}"), "line 2, column 7: expected an https address"),
        (format!("url = \"https://u:canary@a.example\"\n{place}"), "line 2, column 7"),
        (format!("{url}\nsecret = \"canary\""), "line 3, column 10: expected `file:` and a whole path"),
        (format!("{url}\nsecret = \"env:MOLECULE_ORG_TOKEN\""), "doesn't begin with MOLECULE_"),
        (format!("{url}\n{place}\nevents = [\"key.mintd\"]"), "unknown word `key.mintd`; did you mean `key.minted`?"),
        (url.to_owned(), "secret"),
        (format!("{url}\n{place}\nsecrets = 1"), "did you mean `secret`?"),
    ] {
        let error = file::rules(&table(&lines)).unwrap_err();
        assert!(error.contains(words) && !error.contains("canary"), "{error}");
    }
    let shown = format!("{:?}", file::rules(&table(&format!("{url}\n{place}"))).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_key_that_was_lost_and_found_is_told_as_revoked() {
    let (taker, home) = (receiver(&[204]).await, tempfile::tempdir().unwrap());
    let house = House::open(Plan { rules: rules(&taker.url(), home.path(), ""), ..Plan::default() });
    house.host().lose_answers(1);
    house.refusal("mint_org_key", json!({ "name": "lost" })).await;
    let minted = house.call("mint_org_key", json!({ "name": "ci" })).await;
    let rotate = json!({ "key": minted["id"], "sink": "file:new" });
    house.host().fall_silent();
    house.host().lose_answers(1);
    house.refusal("rotate_org_key", rotate.clone()).await;
    house.host().speak_again();
    let new = house.call("rotate_org_key", rotate).await;
    send_due(&house.dispatch).await.unwrap();
    let events: Vec<Value> = taker.seen().iter().map(verified).collect();
    let told: Vec<_> =
        events.iter().map(|event| (event["type"].as_str().unwrap(), event["key"]["name"].as_str().unwrap())).collect();
    let wanted = [("key.revoked", "lost"), ("key.minted", "ci"), ("key.revoked", "ci"), ("key.rotated", "ci")];
    assert_eq!(told, wanted);
    assert_eq!((&events[3]["key"]["id"], &events[3]["replaces"]["id"]), (&new["id"], &minted["id"]));
    let sql =
        "SELECT body FROM journal WHERE kind = 'outcome' AND tool = 'rotate_org_key' ORDER BY position DESC LIMIT 1";
    let body: String = state(house.home.path()).query_row(sql, [], |row| row.get(0)).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["revoked"][0]["id"], &body["revoked"][1]["id"]), (&events[2]["key"]["id"], &minted["id"]));
}
