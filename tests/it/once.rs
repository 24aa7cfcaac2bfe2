//! Under an idempotency key a thing is made once: asked twice, asked by a crowd, or after an answer that
//! was lost.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{House, Plan};

fn acts(house: &House, path: &str) -> usize {
    house.host().asked().iter().filter(|one| one.method == "POST" && one.path == path).count()
}

async fn named(house: &House, name: &str) -> usize {
    let found = house.call("list_workspaces", json!({ "name": name })).await;
    found["items"].as_array().unwrap().len()
}

fn outside(name: &str, key: &str) -> Value {
    json!({ "name": name, "external": true, "url": "https://agent.example", "idempotency_key": key })
}

#[tokio::test]
async fn the_same_call_again_gives_the_first_answer_again() {
    let house = House::open(Plan::default());
    let first = house.try_call("create_workspace", outside("Once", "k")).await.unwrap();
    let second = house.try_call("create_workspace", outside("Once", "k")).await.unwrap();
    assert_eq!(first.content, second.content);
    assert_eq!((first.repeats, second.repeats), (None, Some(first.invocation)));
    assert_eq!((acts(&house, "/workspaces"), named(&house, "Once").await), (1, 1));
    let other = house.call("create_workspace", outside("Once", "another key")).await;
    assert_ne!(other["id"], first.content["id"], "another key is another call");
    house.is_balanced().await;
}

#[tokio::test]
async fn a_key_stands_for_its_arguments() {
    let house = House::open(Plan::default());
    house.call("create_workspace", outside("One", "k")).await;
    let text = house.refusal("create_workspace", outside("Two", "k")).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("other arguments"), "{text}");
    assert_eq!(acts(&house, "/workspaces"), 1);
    let long = house.refusal("create_workspace", outside("Two", &"k".repeat(201))).await;
    assert!(long.starts_with("INVALID_INPUT: ") && long.contains("idempotency_key"), "{long}");
    let reading = house.refusal("list_workspaces", json!({ "idempotency_key": "k" })).await;
    assert!(reading.starts_with("INVALID_INPUT: "), "{reading}");
    house.is_balanced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_makes_one() {
    let house = Arc::new(House::open(Plan::default()));
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let house = Arc::clone(&house);
            tokio::spawn(async move { house.try_call("create_workspace", outside("Crowd", "k")).await })
        })
        .collect();
    let mut made = Vec::new();
    for one in crowd {
        match one.await.unwrap() {
            Ok(answer) => made.push(answer.content["id"].clone()),
            Err(refusal) => {
                let text = refusal.failure.text();
                assert!(text.starts_with("CONFLICT: ") && text.contains("still under way"), "{text}");
            }
        }
    }
    made.dedup();
    assert_eq!((made.len(), acts(&house, "/workspaces")), (1, 1));
    house.is_balanced().await;
}

#[tokio::test]
async fn what_changed_nothing_may_be_tried_again() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let there = house.call("list_workspaces", json!({ "limit": 1 })).await["items"][0]["id"].clone();
    let daily = |name: &str, key: &str| json!({ "workspace_id": there, "name": name, "cron_expr": "0 8 * * *", "prompt": "x", "idempotency_key": key });
    house.call("create_schedule", daily("Taken", "first")).await;
    let text = house.refusal("create_schedule", daily("Taken", "k")).await;
    assert!(text.starts_with("CONFLICT: ") && text.contains("Nothing was changed."), "{text}");
    house.call("create_schedule", daily("Free", "k")).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn after_a_lost_answer_it_is_looked_up_before_anything_is_sent() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let there = house.call("list_workspaces", json!({ "limit": 1 })).await["items"][0]["id"].clone();
    let wish = json!({ "workspace_id": there, "action": "deploy", "idempotency_key": "k" });
    house.host().lose_answers(1);
    let text = house.refusal("create_approval", wish.clone()).await;
    assert!(text.contains("It isn't known whether anything was changed."), "{text}");
    let path = format!("/workspaces/{}/approvals", there.as_str().unwrap());
    let found = house.call("create_approval", wish).await;
    assert_eq!(acts(&house, &path), 1, "it was found and not asked for again");
    let all = house.call("list_workspace_approvals", json!({ "workspace_id": there })).await;
    assert_eq!(all["items"][0]["id"], found["approval_id"]);
    house.is_balanced().await;
}

#[tokio::test]
async fn what_cant_be_told_apart_isnt_made_twice() {
    let house = House::open(Plan::default());
    house.host().lose_answers(1);
    house.refusal("create_workspace", outside("Lost", "k")).await;
    let text = house.refusal("create_workspace", outside("Lost", "k")).await;
    assert!(text.starts_with("OUTCOME_UNKNOWN: ") && text.contains("A workspace of this name exists: "), "{text}");
    assert_eq!((acts(&house, "/workspaces"), named(&house, "Lost").await), (1, 1));
    house.is_balanced().await;
}

/// The short form; `LOST=10000` is the long one.
#[tokio::test]
async fn however_many_answers_are_lost_a_key_that_nobody_holds_doesnt_live() {
    let lost: u32 = std::env::var("LOST").map_or(40, |text| text.parse().unwrap());
    let house = House::open(Plan::default());
    let live = async |name: &str| {
        let all = house.call("list_org_keys", json!({ "limit": 500 })).await;
        all["items"].as_array().unwrap().iter().filter(|key| key["name"] == *name).count()
    };
    for n in 0..lost {
        let name = format!("key-{n}");
        let wish = json!({ "name": name, "sink": format!("file:key-{n}"), "idempotency_key": name });
        house.host().lose_answers(1);
        let text = house.refusal("mint_org_key", wish.clone()).await;
        assert!(text.contains("was found and revoked"), "{text}");
        assert_eq!(live(&name).await, 0, "nobody holds {name}");
        if n % 2 == 0 {
            house.call("mint_org_key", wish).await;
            assert_eq!(live(&name).await, 1);
            // Else five hundred of them are the tenant's cap, and the newest isn't listed.
            let prefix = house.call("list_org_keys", json!({})).await["items"][0]["prefix"].clone();
            house.call("revoke_key", json!({ "key": prefix })).await;
        }
    }
    house.is_balanced().await;
}

#[tokio::test]
async fn of_two_keys_that_may_be_the_lost_one_neither_is_touched() {
    let house = House::open(Plan::default());
    let wish = json!({ "name": "twin", "sink": "file:twin" });
    house.host().lose_answers(1);
    // Somebody else mints one of the same name with the same key while our answer is lost.
    house.host().do_the_next_twice();
    let text = house.refusal("mint_org_key", wish).await;
    assert!(text.contains("may be it, and nobody holds it"), "{text}");
    let all = house.call("list_org_keys", json!({ "limit": 500 })).await;
    let twins = all["items"].as_array().unwrap().iter().filter(|key| key["name"] == "twin").count();
    assert_eq!(twins, 2);
    house.is_balanced().await;
}

#[tokio::test]
async fn a_key_that_another_call_is_minting_isnt_taken_for_the_lost_one() {
    let house = Arc::new(House::open(Plan::default()));
    let named = async || {
        let (_, all) = house.host().ask_as_owner("GET", "/org/tokens", Value::Null).await;
        let all = all["tokens"].as_array().unwrap().clone();
        all.into_iter().filter(|key| key["name"] == "ci").collect::<Vec<Value>>()
    };
    let wish = json!({ "name": "ci", "sink": "file:lost", "idempotency_key": "k" });
    house.host().fall_silent();
    house.host().lose_answers(1);
    house.refusal("mint_org_key", wish.clone()).await;
    house.host().speak_again();
    let lost = format!("/org/tokens/{}", named().await[0]["id"].as_str().unwrap());
    assert_eq!(house.host().ask_as_owner("DELETE", &lost, Value::Null).await.0, 200);
    // It has looked at the keys; then its own is minted, and the answer is still on its way.
    house.host().halt_after(1, true);
    let same = Arc::clone(&house);
    let other =
        tokio::spawn(async move { same.call("mint_org_key", json!({ "name": "ci", "sink": "file:ci" })).await });
    house.host().halted().await;
    let text = house.refusal("mint_org_key", wish).await;
    assert!(text.starts_with("OUTCOME_UNKNOWN: "), "{text}");
    assert_eq!(named().await.len(), 1, "the other call's key lives");
    other.abort();
}
