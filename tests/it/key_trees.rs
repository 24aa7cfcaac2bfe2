//! revoke_key_tree: a key with everything that it minted, however that came about and whatever goes wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::support::{Host, House, Plan, state};

/// A key minted with another one: value and id.
async fn minted(host: &Host, with: &str, name: &str) -> (String, String) {
    let (status, told) = host.ask("POST", "/org/tokens", with, json!({ "name": name })).await;
    assert_eq!(status, 200, "{told}");
    (told["auth_token"].as_str().unwrap().to_owned(), told["id"].as_str().unwrap().to_owned())
}

async fn works(host: &Host, key: &str) -> bool {
    host.ask("GET", "/org/tokens", key, Value::Null).await.0 == 200
}

fn named(answer: &Value) -> Vec<&str> {
    answer["outcomes"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap_or("?")).collect()
}

/// A key that minted two, one of which minted another; for whoever plays every tool.
pub async fn scene(house: &House) {
    let host = house.host();
    let (root, _) = minted(host, host.key.expose_secret(), "root").await;
    minted(host, &root, "branch").await;
    let answer = house.call("revoke_key_tree", json!({ "key": root[..8] })).await;
    assert_eq!((&answer["revoked"], named(&answer)), (&json!(2), vec!["root", "branch"]));
}

#[tokio::test]
async fn the_root_goes_first_then_what_it_minted_and_nothing_else() {
    let house = House::open(Plan::default());
    let host = house.host();
    let owner = host.key.expose_secret();
    let (root, id) = minted(host, owner, "root").await;
    let (one, _) = minted(host, &root, "one").await;
    let (two, _) = minted(host, &root, "two").await;
    let (three, _) = minted(host, &two, "three").await;
    let (other, _) = minted(host, owner, "other").await;
    let answer = house.call("revoke_key_tree", json!({ "key": id })).await;
    assert_eq!(
        (&answer["root"], &answer["revoked"], &answer["gone_already"]),
        (&json!(root[..8]), &json!(4), &json!(0))
    );
    assert_eq!((named(&answer)[0], named(&answer)[1]), ("root", "three"), "{answer}");
    for key in [&root, &one, &two, &three] {
        assert!(!works(host, key).await);
    }
    assert!(works(host, &other).await && works(host, owner).await);
    let body: String = state(house.home.path())
        .query_row("SELECT body FROM journal WHERE tool = 'revoke_key_tree' AND kind = 'outcome'", [], |row| row.get(0))
        .unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["revoked"].as_array().unwrap().len(), 4, "the journal names each: {body}");
    let again = house.refusal("revoke_key_tree", json!({ "key": id })).await;
    assert!(again.starts_with("NOT_FOUND: ") && again.contains("by its prefix"), "{again}");
    house.is_balanced().await;
}

#[tokio::test]
async fn what_a_key_minted_that_is_gone_is_found_by_its_prefix() {
    let house = House::open(Plan::default());
    let host = house.host();
    let (root, id) = minted(host, host.key.expose_secret(), "root").await;
    let (orphan, _) = minted(host, &root, "orphan").await;
    host.ask_as_owner("DELETE", &format!("/org/tokens/{id}"), Value::Null).await;
    let lineage = house.call("inspect_org_keys", json!({})).await["lineage"].to_string();
    assert!(lineage.contains(&format!("{} (revoked)", &root[..8])), "{lineage}");
    let answer = house.call("revoke_key_tree", json!({ "key": root[..8] })).await;
    assert_eq!(named(&answer), ["orphan"]);
    assert!(!works(host, &orphan).await);
}

#[tokio::test]
async fn our_own_key_is_spared_unless_that_is_said_and_then_goes_last() {
    let house = House::open(Plan::default());
    let host = house.host();
    let owner = host.key.expose_secret();
    let (child, _) = minted(host, owner, "child").await;
    let refused = house.refusal("revoke_key_tree", json!({ "key": owner[..8] })).await;
    assert!(refused.starts_with("CONFLICT: ") && refused.contains("including_own: true"), "{refused}");
    assert!(works(host, &child).await);
    let answer = house.call("revoke_key_tree", json!({ "key": owner[..8], "including_own": true })).await;
    assert_eq!(named(&answer), ["child", "the-house"]);
    assert!(!works(host, owner).await && !works(host, &child).await);
}

/// A tenant with some keys, as (prefix, minter), that revokes what `allows` lets it.
struct Keys {
    live: Mutex<Vec<(String, String)>>,
}

fn id(prefix: &str) -> String {
    let digits: String = prefix.bytes().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}-0000-4000-8000-000000000000")
}

impl Keys {
    fn new(keys: &[(&str, &str)]) -> Self {
        Self { live: Mutex::new(keys.iter().map(|(key, by)| ((*key).to_owned(), (*by).to_owned())).collect()) }
    }

    fn listed(&self) -> Reply {
        let live = self.live.lock().unwrap();
        let tokens: Vec<Value> = live
            .iter()
            .map(|(prefix, by)| json!({ "id": id(prefix), "prefix": prefix, "created_by": by, "created_at": "2026-01-01T00:00:00Z" }))
            .collect();
        Reply::json(200, &json!({ "count": tokens.len(), "tokens": tokens }))
    }

    fn revoke(&self, path: &str) -> Reply {
        let mut live = self.live.lock().unwrap();
        let before = live.len();
        live.retain(|(prefix, _)| !path.ends_with(&id(prefix)));
        match before - live.len() {
            0 => Reply::json(404, &json!({ "error": "token not found or already revoked" })),
            _ => Reply::json(200, &json!({ "revoked": true })),
        }
    }
}

const TREE: [(&str, &str); 4] = [
    ("dddd0000", "org-token:cccc0000"),
    ("cccc0000", "org-token:aaaa0000"),
    ("bbbb0000", "org-token:aaaa0000"),
    ("aaaa0000", "admin-token"),
];

async fn before(script: impl Fn(&Keys, &Seen) -> Option<Reply> + Send + Sync + 'static) -> (FaultyTenant, House) {
    let keys = Keys::new(&TREE);
    let tenant = FaultyTenant::start(move |seen| {
        script(&keys, seen).unwrap_or_else(|| match seen.method.as_str() {
            "GET" => keys.listed(),
            _ => keys.revoke(&seen.path),
        })
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    (tenant, house)
}

#[tokio::test]
async fn what_is_left_is_said_and_calling_again_goes_on_with_it() {
    let trouble = Mutex::new(1);
    let (_tenant, house) = before(move |_, seen| {
        let mut trouble = trouble.lock().unwrap();
        let hit = seen.method == "DELETE" && seen.path.ends_with(&id("bbbb0000")) && *trouble > 0;
        *trouble -= i32::from(hit);
        hit.then(|| Reply::json(403, &json!({ "error": "not now" })))
    })
    .await;
    let told = house.refusal("revoke_key_tree", json!({ "key": "aaaa0000" })).await;
    for words in ["2 revoked", "failed: bbbb0000", "Part of it was done", "again with `key: \"aaaa0000\"`"] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
    let answer = house.call("revoke_key_tree", json!({ "key": "aaaa0000" })).await;
    assert_eq!(answer["revoked"], 2, "{answer}");
    house.is_balanced().await;
}

#[tokio::test]
async fn who_minted_what_is_left_stays_so_that_it_is_found_again() {
    let sick = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&sick);
    let (_tenant, house) = before(move |_, seen| {
        let hit = seen.method == "DELETE" && seen.path.ends_with(&id("dddd0000")) && still.load(Ordering::SeqCst);
        hit.then(|| Reply::json(500, &json!({ "error": "failed to revoke" })))
    })
    .await;
    let told = house.refusal("revoke_key_tree", json!({ "key": "aaaa0000" })).await;
    assert!(told.contains("2 revoked") && told.contains("failed: dddd0000"), "{told}");
    sick.store(false, Ordering::SeqCst);
    let answer = house.call("revoke_key_tree", json!({ "key": "aaaa0000" })).await;
    let order: Vec<&Value> = answer["outcomes"].as_array().unwrap().iter().map(|one| &one["prefix"]).collect();
    assert_eq!(order, ["dddd0000", "cccc0000"]);
}

#[tokio::test]
async fn who_changes_their_mind_stops_it_between_two_keys() {
    let cancel = CancellationToken::new();
    let stopping = cancel.clone();
    let (tenant, house) = before(move |_, seen| {
        if seen.method == "DELETE" {
            stopping.cancel();
        }
        None
    })
    .await;
    let stopped = house.cancellable("revoke_key_tree", json!({ "key": "aaaa0000" }), cancel).await;
    let told = stopped.expect_err("a refusal").failure.text();
    assert!(told.starts_with("CANCELLED: ") && told.contains("1 revoked"), "{told}");
    assert_eq!(tenant.seen().iter().filter(|one| one.method == "DELETE").count(), 1);
    assert_eq!(house.call("revoke_key_tree", json!({ "key": "aaaa0000" })).await["revoked"], 3);
}

#[tokio::test]
async fn a_key_minted_meanwhile_goes_too_and_a_lost_answer_is_found_out() {
    let minted = Mutex::new(false);
    let (_tenant, house) = before(move |keys, seen| {
        if seen.method != "DELETE" {
            return None;
        }
        if !std::mem::replace(&mut *minted.lock().unwrap(), true) {
            keys.live.lock().unwrap().push(("eeee0000".to_owned(), "org-token:dddd0000".to_owned()));
        }
        let lost = seen.path.ends_with(&id("cccc0000"));
        lost.then(|| {
            keys.revoke(&seen.path);
            Reply::hang_up()
        })
    })
    .await;
    let answer = house.call("revoke_key_tree", json!({ "key": "aaaa0000" })).await;
    let outcomes = answer["outcomes"].as_array().unwrap();
    assert_eq!((outcomes.len(), &answer["revoked"]), (5, &json!(5)), "{answer}");
    let new: Vec<&Value> = outcomes.iter().filter(|one| one["new"] == true).map(|one| &one["prefix"]).collect();
    assert_eq!(new, ["eeee0000"]);
}

#[tokio::test]
async fn inspecting_says_who_minted_whom_and_what_was_done_with_each_key() {
    let house = House::open(Plan::default());
    let host = house.host();
    house.call("mint_org_key", json!({ "name": "ci", "expires_in": "7d" })).await;
    house.refusal("revoke_key", json!({ "key": "nobody00" })).await;
    let own = &host.key.expose_secret()[..8];
    let found = house.call("inspect_org_keys", json!({ "old_days": 1 })).await;
    let keys = found["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[0]["prefix"], &keys[0]["depth"]), (2, &json!(own), &json!(0)));
    assert_eq!((&keys[1]["name"], &keys[1]["depth"], &keys[1]["caller"]), (&json!("ci"), &json!(1), &json!("local")));
    assert!(keys[1]["expires"].is_string() && keys[0].get("expires").is_none(), "{found}");
    assert!(found["lineage"][1].as_str().unwrap().starts_with("└─ "), "{found}");
    let usage = &found["usage"]["keys"];
    assert_eq!((usage.as_array().unwrap().len(), &usage[0]["prefix"]), (1, &json!(own)), "{usage}");
    assert_eq!((&usage[0]["calls"], &usage[0]["failures"]), (&json!(2), &json!(1)), "{usage}");
    assert_eq!(usage[0]["tools"], json!({ "mint_org_key": 1, "revoke_key": 1 }));
}
