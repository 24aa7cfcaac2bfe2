//! What isn't fetched: closed after its time, emptied, and revoked.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use molecule_org_mcp::drops::{Brought, Drops, Tried};
use molecule_org_mcp::store::Store;
use serde_json::json;

use super::{OWNER, Place, get, link, post, revealed};
use crate::support::state;

const LATER: TimeDelta = TimeDelta::minutes(16);

#[tokio::test]
async fn after_its_time_nobody_gets_it_and_it_is_handed_out_to_be_revoked() {
    let place = Place::open(None).await;
    let (minted, link) = place.mint("ci").await;
    let server = place.house.dispatch.server();
    let id = link.rsplit('/').next().unwrap();
    let late = Utc::now() + LATER;
    let early = server.drops.unheld(&server.tenant, Utc::now()).await.unwrap();
    assert!(early.is_empty());
    let code = place.code();
    let tried = server.drops.reveal(id, Brought::Code(&code), late).await.unwrap();
    assert!(matches!(tried, Tried::Gone));
    assert!(server.drops.unheld("another tenant", late).await.unwrap().is_empty());
    let unheld = server.drops.unheld(&server.tenant, late).await.unwrap();
    assert_eq!(unheld.len(), 1);
    assert_eq!((&unheld[0].prefix, &unheld[0].workspace), (&minted["prefix"].as_str().unwrap().to_owned(), &None));
    assert!(server.drops.unheld(&server.tenant, late).await.unwrap().is_empty(), "one process revokes it");
    let tried_again = server.drops.unheld(&server.tenant, late + TimeDelta::seconds(61)).await.unwrap();
    assert_eq!(tried_again, unheld, "unless it died");
    server.drops.revoked(id).await.unwrap();
    assert!(server.drops.unheld(&server.tenant, late + LATER).await.unwrap().is_empty());
    assert_eq!(get(&link).await.0, 410);
}

#[tokio::test]
async fn a_token_is_handed_out_with_its_workspace() {
    let place = Place::open(None).await;
    let made = place.house.call("create_workspace", json!({ "name": "Outside", "external": true })).await;
    let token = json!({ "workspace_id": made["id"], "sink": "drop" });
    let token = place.house.call("create_workspace_token", token).await;
    let server = place.house.dispatch.server();
    let unheld = server.drops.unheld(&server.tenant, Utc::now() + LATER).await.unwrap();
    assert_eq!(unheld[0].workspace.as_deref(), made["id"].as_str());
    assert_eq!(unheld[0].prefix, token["prefix"].as_str().unwrap());
}

#[tokio::test]
async fn what_was_revealed_is_nobodys_to_revoke() {
    let place = Place::open(Some(OWNER)).await;
    let (_, link) = place.mint("ci").await;
    assert_eq!(post(&link, &format!("bearer={OWNER}")).await.0, 200);
    let server = place.house.dispatch.server();
    assert!(server.drops.unheld(&server.tenant, Utc::now() + LATER).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_sealed_under_another_key_is_revoked() {
    let place = Place::open(Some(OWNER)).await;
    let (minted, link) = place.mint("ci").await;
    let other = Drops::new(Store::open(place.house.home.path()), [9; 64], |_| {});
    let id = link.rsplit('/').next().unwrap();
    let failure = other.reveal(id, Brought::Bearer(true), Utc::now()).await.unwrap_err();
    assert!(failure.message().contains("another org key"), "{failure}");
    assert_eq!(post(&link, &format!("bearer={OWNER}")).await.0, 410);
    let unheld = other.unheld(&place.house.dispatch.server().tenant, Utc::now()).await.unwrap();
    assert_eq!(unheld[0].prefix, minted["prefix"].as_str().unwrap());
}

#[tokio::test]
async fn the_state_on_disk_alone_reveals_nothing() {
    let place = Place::open(None).await;
    let (_, link) = place.mint("ci").await;
    let code = place.code();
    // What the operator was told stands in a file of this test's own.
    fs::remove_file(place.house.home.path().join("told")).unwrap();
    place.house.dispatch.server().journal.flush().await.unwrap();
    let before = on_disk(place.house.home.path());
    let (_, page) = post(&link, &format!("code={code}")).await;
    let key = revealed(&page).to_owned();
    place.house.dispatch.server().journal.flush().await.unwrap();
    for (when, disk) in [("before", before), ("after", on_disk(place.house.home.path()))] {
        assert!(disk.len() > 10_000);
        for secret in [&key[8..], &code, &code.replace('-', "")] {
            assert!(!disk.windows(secret.len()).any(|part| part == secret.as_bytes()), "{when}");
        }
    }
}

fn on_disk(home: &std::path::Path) -> Vec<u8> {
    let files = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.flat_map(|path| fs::read(path).unwrap()).collect()
}

#[tokio::test]
async fn a_page_whose_minting_failed_leaves_nothing_behind() {
    let place = Place::open(None).await;
    let refused = place.house.refusal(
        "create_workspace_token",
        json!({
            "workspace_id": "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc", "sink": "drop",
        }),
    );
    assert!(refused.await.starts_with("NOT_FOUND"));
    place.house.host().lose_answers(1);
    let lost = place.house.refusal("mint_org_key", json!({ "name": "lost", "sink": "drop" })).await;
    assert!(lost.contains("was found and revoked"), "{lost}");
    place.house.dispatch.server().journal.flush().await.unwrap();
    let rows: i64 =
        state(place.house.home.path()).query_row("SELECT COUNT(*) FROM drops", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
    assert!(!place.house.home.path().join("told").exists(), "no code was told");
    assert!(link(&place.mint("then").await.0).starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_page_ends_with_the_key_on_it() {
    let place = Place::open(None).await;
    let wish = json!({ "name": "ci", "sink": "drop", "expires_in": "5m" });
    let minted = place.house.call("mint_org_key", wish).await;
    let ends: DateTime<Utc> = serde_json::from_value(minted["expires"].clone()).unwrap();
    assert!(minted["location"].as_str().unwrap().contains(&ends.format("%H:%M:%S").to_string()), "{minted}");
    let (id, code) = (link(&minted).rsplit('/').next().unwrap().to_owned(), place.code());
    let drops = &place.house.dispatch.server().drops;
    assert!(matches!(drops.reveal(&id, Brought::Code(&code), ends).await.unwrap(), Tried::Gone));
}
