//! How often a caller may call, a key may be minted, and the tenant is asked.

use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::limits::Limits;
use serde_json::{Value, json};

use crate::support::{House, Plan, waived};

fn limited(limits: Limits) -> House {
    House::open(Plan { rules: Rules { limits, ..waived() }, seeded: true, ..Plan::default() })
}

async fn somewhere(house: &House) -> Value {
    house.call("list_workspaces", json!({ "limit": 1 })).await["items"][0]["id"].clone()
}

#[tokio::test]
async fn more_calls_than_the_policy_says_wait() {
    let house = limited(Limits { write: Some(3), ..Limits::NONE });
    let wish = json!({ "workspace_id": somewhere(&house).await, "action": "x" });
    for _ in 0..3 {
        house.call("create_approval", wish.clone()).await;
    }
    let before = house.host().asked().len();
    let refusal = house.try_call("create_approval", wish).await.unwrap_err();
    let fields = refusal.failure.fields();
    assert_eq!(fields["code"], "RATE_LIMITED");
    assert!((1.0..=60.0).contains(&fields["retry_after"].as_f64().unwrap()), "{fields}");
    assert_eq!(house.host().asked().len(), before, "the tenant wasn't asked");
    somewhere(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn keys_are_minted_so_often_an_hour() {
    let house = limited(Limits { minting: Some(2), ..Limits::NONE });
    for n in 0..2 {
        house.call("mint_org_key", json!({ "name": format!("k{n}") })).await;
    }
    let refusal = house.try_call("mint_org_key", json!({ "name": "k2" })).await.unwrap_err();
    let fields = refusal.failure.fields();
    assert_eq!(fields["code"], "RATE_LIMITED");
    assert!(fields["retry_after"].as_f64().unwrap() > 3500.0, "{fields}");
    let minted = house.host().asked().iter().filter(|one| one.method == "POST").count();
    assert_eq!(minted, 2);
    house.is_balanced().await;
}

#[tokio::test]
async fn the_tenant_isnt_asked_more_often_than_it_allows() {
    let house = limited(Limits { tenant: Some(10), ..Limits::NONE });
    let mut refusals = 0;
    for _ in 0..12 {
        refusals += u32::from(house.try_call("list_org_keys", json!({})).await.is_err());
    }
    assert_eq!((house.host().asked().len(), refusals), (10, 2));
    let text = house.refusal("list_org_keys", json!({})).await;
    assert!(text.starts_with("RATE_LIMITED: ") && text.contains("nothing was sent"), "{text}");
    house.is_balanced().await;
}
