//! What an agent reads when the tenant is down, slow or odd: the whole text, for one read and for one
//! act whose credential was on its way to a sink.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use molecule_org_mcp::backend::Limits;
use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply, Seen, nobody};
use crate::snapshot;
use crate::support::{House, Plan};

/// (name, read's code, act's code, act's `changed`)
type Told = (&'static str, &'static str, &'static str, &'static str);

/// Further than the longest wait that is believed.
const FAR: &str = "Sun, 07 Nov 2094 08:49:37 GMT";

fn house(url: &str) -> House {
    let limits = Limits { total: Duration::from_secs(1), connect: Duration::from_secs(1), ..Limits::default() };
    House::before(url, Plan { limits, ..Plan::default() })
}

fn error(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({ "error": text }))
}

#[tokio::test]
async fn each_fault_is_told_in_full() {
    let big = "x".repeat(10 << 20);
    let faults: Vec<(Told, Reply)> = vec![
        (("slow", "TENANT_TIMEOUT", "OUTCOME_UNKNOWN", "unknown"), Reply::stall()),
        (("hung-up", "UNEXPECTED_ANSWER", "OUTCOME_UNKNOWN", "unknown"), Reply::hang_up()),
        (("400", "INVALID_INPUT", "INVALID_INPUT", "no"), error(400, "invalid request body")),
        (("401", "UNAUTHENTICATED", "UNAUTHENTICATED", "no"), error(401, "invalid admin auth token")),
        (("402", "BUDGET_EXCEEDED", "BUDGET_EXCEEDED", "no"), error(402, "budget exceeded")),
        (("403", "FORBIDDEN_BY_TENANT", "FORBIDDEN_BY_TENANT", "no"), error(403, "not with this key")),
        (("404-handler", "NOT_FOUND", "NOT_FOUND", "no"), error(404, "workspace not found")),
        (("404-router", "NOT_SUPPORTED", "NOT_SUPPORTED", "no"), Reply::text(404, "404 page not found")),
        (("404-guard", "NOT_SUPPORTED", "NOT_SUPPORTED", "no"), Reply::with(404, &[], "")),
        (("409", "CONFLICT", "CONFLICT", "no"), error(409, "name taken")),
        (
            ("412", "PRECONDITION_FAILED", "PRECONDITION_FAILED", "no"),
            Reply::json(412, &json!({ "error": "missing variables", "missing_env": ["A", { "any_of": ["B", "C"] }] })),
        ),
        (
            ("429-seconds", "RATE_LIMITED", "RATE_LIMITED", "no"),
            Reply::with(429, &[("retry-after", "17")], r#"{"error":"slow down"}"#),
        ),
        (
            ("429-date", "RATE_LIMITED", "RATE_LIMITED", "no"),
            Reply::with(429, &[("retry-after", FAR)], r#"{"error":"slow down"}"#),
        ),
        (("500", "TENANT_ERROR", "TENANT_ERROR", "unknown"), error(500, "database error")),
        (("501", "NOT_SUPPORTED", "NOT_SUPPORTED", "no"), error(501, "not implemented")),
        (("502", "TENANT_ERROR", "TENANT_ERROR", "unknown"), Reply::text(502, "<html>bad gateway</html>")),
        (("503", "TENANT_ERROR", "TENANT_ERROR", "unknown"), error(503, "starting")),
        (("html", "UNEXPECTED_ANSWER", "OUTCOME_UNKNOWN", "unknown"), Reply::text(200, "<html>sign in</html>")),
        (("empty", "UNEXPECTED_ANSWER", "OUTCOME_UNKNOWN", "unknown"), Reply::with(200, &[], "")),
        (("other-form", "UNEXPECTED_ANSWER", "OUTCOME_UNKNOWN", "unknown"), Reply::json(200, &json!({ "tokens": 7 }))),
        (("cut", "UNEXPECTED_ANSWER", "OUTCOME_UNKNOWN", "unknown"), Reply::json(200, &json!({ "tokens": [] })).cut(4)),
        (("too-large", "TOO_LARGE", "TOO_LARGE", "yes"), Reply::text(200, &big)),
        (
            ("redirect", "UNEXPECTED_ANSWER", "UNEXPECTED_ANSWER", "unknown"),
            Reply::with(302, &[("location", "https://elsewhere.example/")], ""),
        ),
    ];
    let mut names: Vec<String> = Vec::new();
    for (told, reply) in faults {
        // Which keys there are can be read while one is minted: the fault is in the minting.
        let minting = Arc::new(AtomicBool::new(false));
        let begun = Arc::clone(&minting);
        let tenant = FaultyTenant::start(move |seen: &Seen| match seen.method.as_str() {
            "GET" if begun.load(Relaxed) => Reply::json(200, &json!({ "tokens": [] })),
            _ => reply.clone(),
        });
        let tenant = tenant.await;
        is_told(&house(&tenant.url()), told, &minting).await;
        let mints = tenant.seen().iter().filter(|seen| seen.method == "POST").count();
        assert_eq!(mints, 1, "{}: an act is sent once", told.0);
        names.push(format!("{}.txt", told.0));
    }
    is_told(
        &house(&nobody().await),
        ("down", "TENANT_UNREACHABLE", "TENANT_UNREACHABLE", "no"),
        &AtomicBool::new(false),
    )
    .await;
    names.push("down.txt".to_owned());
    names.push("sink-lost.txt".to_owned());
    snapshot::only("tests/snapshots/failures", &names);
}

async fn is_told(house: &House, (fault, read, act, changed): Told, minting: &AtomicBool) {
    let listing = house.try_call("list_org_keys", json!({})).await.expect_err(fault).failure;
    assert_eq!((listing.code().as_str(), listing.has_changed().as_str()), (read, "no"), "{fault}");
    minting.store(true, Relaxed);
    let sink = json!({ "name": "ci", "sink": "file:ci" });
    let minting = house.try_call("mint_org_key", sink).await.expect_err(fault).failure;
    assert_eq!((minting.code().as_str(), minting.has_changed().as_str()), (act, changed), "{fault}");
    assert!(is_empty(house), "{fault}: the sink's file stayed behind");
    let record = house.journal("mint_org_key").await;
    assert_eq!((&record["outcome"], &record["changed"]), (&json!(act), &json!(changed)), "{fault}");
    house.is_balanced().await;
    let text = format!("list_org_keys\n{}\n\nmint_org_key\n{}\n", listing.text(), minting.text());
    snapshot::is(&format!("tests/snapshots/failures/{fault}.txt"), &text);
}

fn is_empty(house: &House) -> bool {
    std::fs::read_dir(house.home.path().join("credentials")).map_or(true, |mut found| found.next().is_none())
}

/// The directory goes while the tenant mints: the proved file is there for nobody.
#[tokio::test]
async fn a_key_that_reaches_nobody_is_revoked() {
    const ID: &str = "9d2c7a41-86f3-4e0b-b1a5-7c64e2f09d18";
    let place = Arc::new(std::sync::Mutex::new(std::path::PathBuf::new()));
    let gone = Arc::clone(&place);
    let tenant = FaultyTenant::start(move |seen| match seen.method.as_str() {
        "POST" => {
            std::fs::remove_dir_all(&*gone.lock().unwrap()).unwrap();
            Reply::json(201, &json!({ "id": ID, "prefix": "abcdefgh", "auth_token": "abcdefgh".repeat(5) }))
        }
        "GET" => Reply::json(200, &json!({ "tokens": [] })),
        _ => Reply::json(200, &json!({ "status": "revoked" })),
    })
    .await;
    let house = house(&tenant.url());
    *place.lock().unwrap() = house.home.path().join("credentials");
    let failure = house.try_call("mint_org_key", json!({ "name": "ci" })).await.expect_err("no sink").failure;
    assert_eq!(failure.has_changed().as_str(), "yes");
    snapshot::is("tests/snapshots/failures/sink-lost.txt", &format!("mint_org_key\n{}\n", failure.text()));
    let asked: Vec<String> = tenant.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(asked[1..], ["POST /org/tokens".to_owned(), format!("DELETE /org/tokens/{ID}")]);
    let sent = &house.journal("mint_org_key").await["sent"];
    assert_eq!(sent, &json!(["GET /org/tokens 200", "POST /org/tokens 201", "DELETE /org/tokens/{key} 200"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_megabytes_hold_nobody_up() {
    const ALLOWED: Duration = Duration::from_millis(20);
    let key = |n: usize| {
        json!({
            "id": format!("9d2c7a41-86f3-4e0b-b1a5-7c64e2f09{n:03}"), "prefix": "abcdefgh",
            "name": "x".repeat(50_000), "created_at": "2026-01-01T00:00:00Z",
        })
    };
    let keys = json!({ "tokens": (0..200).map(key).collect::<Vec<Value>>() });
    let tenant = FaultyTenant::start(move |seen| match seen.path.as_str() {
        "/org/tokens" => Reply::json(200, &keys),
        _ => Reply::json(200, &json!([])),
    })
    .await;
    let limits = Limits { answer_bytes: 16 << 20, ..Limits::default() };
    let house = House::before(&tenant.url(), Plan { limits, ..Plan::default() });
    let quick = async || {
        let asked = Instant::now();
        house.call("list_workspaces", json!({})).await;
        asked.elapsed()
    };
    // A busy machine may be late by itself, but not three times.
    let mut delays = Vec::new();
    for _ in 0..3 {
        let mut usual = Duration::ZERO;
        for _ in 0..20 {
            usual = usual.max(quick().await);
        }
        let mut worst = Duration::ZERO;
        let big = async { house.call("list_org_keys", json!({ "limit": 1 })).await };
        let others = async {
            for _ in 0..40 {
                worst = worst.max(quick().await);
            }
        };
        let (answer, ()) = tokio::join!(big, others);
        assert_eq!(answer["count"], 200);
        delays.push(worst.saturating_sub(usual));
    }
    println!("others were delayed by {delays:?}");
    assert!(delays.iter().any(|delay| *delay <= ALLOWED), "{delays:?}");
}
