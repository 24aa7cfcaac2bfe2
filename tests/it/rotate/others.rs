//! Keys that others work with.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use molecule_org_mcp::deliveries::left_behind::{Known, settle};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{delivered, live, minted, opens};
use crate::process::{Running, ended, towards};
use crate::support::{Host, House, Plan, state};

#[tokio::test]
async fn the_new_key_is_in_its_place_before_the_old_one_goes() {
    let house = House::open(Plan::default());
    let (key, id) = minted(house.host(), "ci").await;
    let before = house.host().asked().len();
    let answer = house.call("rotate_org_key", json!({ "key": &key[..8], "sink": "file:ci-2" })).await;
    let new = fs::read_to_string(answer["location"].as_str().unwrap()).unwrap();
    assert!(opens(house.host(), new.trim()).await && !opens(house.host(), &key).await);
    assert_eq!(answer["prefix"], new[..8]);
    assert_eq!((&answer["name"], &answer["revoked"], &answer["own"]), (&json!("ci"), &json!(id), &json!(false)));
    assert!(!answer.to_string().contains(new.trim()), "the value is in the answer");
    let asked: Vec<String> = house.host().asked()[before..].iter().map(|one| one.method.clone()).collect();
    assert_eq!(asked[..asked.len() - 2], ["GET", "GET", "POST", "GET", "DELETE"], "minted, proved, delivered, revoked");
    house.is_balanced().await;
}

#[tokio::test]
async fn what_cant_be_delivered_isnt_rotated() {
    let house = House::open(Plan::default());
    let (key, id) = minted(house.host(), "ci").await;
    let refused = async |wish| house.refusal("rotate_org_key", wish).await;
    let text = refused(json!({ "key": id })).await;
    assert!(text.starts_with("INVALID_INPUT: ") && text.contains("sink"), "{text}");
    let text = refused(json!({ "key": "nobodys0", "sink": "file:x" })).await;
    assert!(text.starts_with("NOT_FOUND: "), "{text}");
    house.call("rotate_org_key", json!({ "key": minted(house.host(), "other").await.1, "sink": "file:x" })).await;
    let text = refused(json!({ "key": id, "sink": "file:x" })).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("exists already"), "{text}");
    let own = &house.dispatch.server().keys.tag().to_string();
    let text = refused(json!({ "key": own })).await;
    assert!(text.starts_with("PRECONDITION_FAILED: ") && text.contains("MOLECULE_ORG_TOKEN_FILE"), "{text}");
    assert!(opens(house.host(), &key).await);
    assert_eq!(house.host().asked().iter().filter(|one| one.method == "POST" && !one.request_id.is_empty()).count(), 1);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_page_that_may_stay_closed_is_no_place_for_a_rotated_key() {
    let house = House::open(Plan::default());
    let watcher = house.host().mint("watcher");
    let (key, id) = minted(house.host(), "ci").await;
    let before = live(house.host(), &watcher).await;
    let own = house.dispatch.server().keys.tag().to_string();
    for key in [id, own] {
        let text = house.refusal("rotate_org_key", json!({ "key": key, "sink": "drop" })).await;
        assert!(text.starts_with("INVALID_INPUT: `sink`: a one-time page may stay closed"), "{text}");
        assert!(text.contains("Nothing was changed.") && text.contains("mint a key to `drop`"), "{text}");
    }
    assert_eq!(live(house.host(), &watcher).await, before, "none came and none went");
    assert!(opens(house.host(), &key).await);
    house.is_balanced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_fails_leaves_the_old_key_and_no_other() {
    let house = Arc::new(House::open(Plan::default()));
    let watcher = house.host().mint("watcher");
    let (key, id) = minted(house.host(), "ci").await;
    let before = live(house.host(), &watcher).await;
    let place = house.home.path().join("credentials/gone");
    let taken = tokio::task::spawn_blocking(move || while fs::remove_file(&place).is_err() {});
    let text = house.refusal("rotate_org_key", json!({ "key": id, "sink": "file:gone" })).await;
    taken.await.unwrap();
    assert!(text.contains("couldn't be written to its sink") && text.contains("was revoked at once"), "{text}");
    assert_eq!(live(house.host(), &watcher).await, before);
    assert!(opens(house.host(), &key).await);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_rotation_is_gone_on_with() {
    let house = Arc::new(House::open(Plan::default()));
    let (key, id) = minted(house.host(), "ci").await;
    // The mint is answered, the old key's end isn't.
    house.host().refuse_after(1);
    let text = house.refusal("rotate_org_key", json!({ "key": id, "sink": "file:new" })).await;
    assert!(text.contains("call rotate_org_key again with the old key's id"), "{text}");
    let new = delivered(house.home.path()).remove(0);
    assert!(opens(house.host(), &new).await && opens(house.host(), &key).await);
    let answer = house.call("rotate_org_key", json!({ "key": id })).await;
    assert_eq!((&answer["prefix"], &answer["name"], &answer["revoked"]), (&json!(new[..8]), &json!("ci"), &json!(id)));
    assert!(opens(house.host(), &new).await && !opens(house.host(), &key).await);
    house.is_balanced().await;
}

/// The short form; `LOST=10000` is the long one.
#[tokio::test]
async fn a_key_whose_answer_was_lost_with_all_that_could_be_read_is_revoked_at_the_next_start() {
    let lost: u32 = std::env::var("LOST").map_or(25, |text| text.parse().unwrap());
    let house = House::open(Plan::default());
    let watcher = house.host().mint("watcher");
    let before = live(house.host(), &watcher).await;
    for round in 0..lost {
        house.host().fall_silent();
        house.host().lose_answers(1);
        let wish = json!({ "name": format!("lost-{}", round / 2), "sink": format!("file:lost-{round}") });
        let text = house.refusal("mint_org_key", wish).await;
        assert!(text.contains("nobody holds it"), "{text}");
        house.host().speak_again();
        if round % 10 == 9 || round + 1 == lost {
            assert!(live(house.host(), &watcher).await.len() > before.len());
            let journal = &house.dispatch.server().journal;
            journal.flush().await.unwrap();
            settle(&house.dispatch, &mut Known::default()).await.unwrap();
            assert_eq!(live(house.host(), &watcher).await, before, "round {round}");
        }
    }
    assert_eq!(delivered(house.home.path()), Vec::<String>::new());
    let state = state(house.home.path());
    let count = |sql: &str| state.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM deliveries"), 0);
    assert_eq!(count("SELECT count(*) FROM journal WHERE kind = 'found' AND result = 'revoked'"), lost);
    assert_eq!(count("SELECT count(*) FROM journal WHERE kind = 'outcome' AND tool = 'revoke_key'"), lost);
    println!("{lost} answers lost, {lost} keys found and revoked");
    // Several times within this test's patience: nothing is on its way any more.
    tokio::time::timeout(Duration::from_secs(1), settle(&house.dispatch, &mut Known::default()))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn where_the_new_key_was_revoked_meanwhile_another_is_minted() {
    let house = House::open(Plan::default());
    let (key, id) = minted(house.host(), "ci").await;
    house.host().refuse_after(1);
    house.refusal("rotate_org_key", json!({ "key": id, "sink": "file:second" })).await;
    let second = delivered(house.home.path()).remove(0);
    house.call("revoke_key", json!({ "key": &second[..8] })).await;
    let answer = house.call("rotate_org_key", json!({ "key": id, "sink": "file:third" })).await;
    let third = delivered(house.home.path()).into_iter().find(|key| *key != second).expect("another was delivered");
    assert_eq!((&answer["prefix"], &answer["revoked"]), (&json!(third[..8]), &json!(id)));
    assert!(opens(house.host(), &third).await && !opens(house.host(), &key).await);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_workspaces_first_token_that_cant_be_written_down_is_revoked_at_once() {
    let house = House::open(Plan::default());
    house.dispatch.server().journal.flush().await.unwrap();
    state(house.home.path()).execute_batch("DROP TABLE deliveries").unwrap();
    let wish = json!({ "name": "Outside", "external": true, "sink": "file:token" });
    let text = house.refusal("create_workspace", wish).await;
    assert!(text.starts_with("JOURNAL_UNAVAILABLE: ") && text.contains("was revoked at once"), "{text}");
    let found = house.call("list_workspaces", json!({ "name": "Outside" })).await;
    let path = format!("/workspaces/{}/tokens", found["items"][0]["id"].as_str().unwrap());
    let (_, listed) = house.host().ask_as_owner("GET", &path, Value::Null).await;
    assert_eq!(listed["tokens"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_couldnt_be_looked_after_at_the_start_is_when_the_tenant_is_back() {
    let host = Host::start(false, Duration::ZERO);
    let (home, watcher) = (tempfile::tempdir().unwrap(), host.mint("watcher"));
    let before = live(&host, &watcher).await;
    let ours = || towards(&host.url, host.key.expose_secret(), home.path());
    host.fall_silent();
    host.lose_answers(1);
    let lost = ended(ours(), &["call", "mint_org_key", "name=lost"]).await;
    assert!(lost.err.contains("nobody holds it"), "{}", lost.err);
    let mut serving = Running::start(ours(), &[]);
    serving.told("our own key couldn't be looked up");
    host.speak_again();
    assert!(live(&host, &watcher).await.len() > before.len());
    let revoked = async {
        while live(&host, &watcher).await != before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), revoked).await.expect("what nobody holds is revoked");
}
