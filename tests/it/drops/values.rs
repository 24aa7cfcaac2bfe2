//! A value that a person types in on a page: for one call, once.

use molecule_org_mcp::transport::caller::{Caller, Door};
use serde_json::{Value, json};

use super::{OWNER, Place, get, post};

/// Not the form of any known credential.
const VALUE: &str = "v%20+%C3%A4%2Btyped";
const TYPED: &str = "v  ä+typed";

async fn page(place: &Place, arguments: &Value) -> String {
    page_of(place, "set_global_secret", arguments).await
}

async fn page_of(place: &Place, tool: &str, arguments: &Value) -> String {
    let refusal = place.house.try_call(tool, arguments.clone()).await.unwrap_err();
    let text = refusal.failure.text();
    assert!(text.starts_with("PRECONDITION_FAILED: the value waits"), "{text}");
    assert!(text.contains("Nothing was changed."));
    let page = refusal.failure.fields()["page"].as_str().unwrap().to_owned();
    assert!(text.contains(&page));
    page
}

#[tokio::test]
async fn the_same_call_uses_what_was_typed_once() {
    let place = Place::open(Some(OWNER)).await;
    let wish = json!({ "key": "API_KEY", "source": "drop" });
    let link = page(&place, &wish).await;
    assert_eq!(page(&place, &wish).await, link, "asked again, it is the same page");
    let (status, shown) = get(&link).await;
    assert_eq!(status, 200);
    assert!(shown.contains("API_KEY") && shown.contains("type=\"password\""), "{shown}");
    assert_eq!(post(&link, &format!("bearer=wrong&value={VALUE}")).await.0, 403);
    assert_eq!(post(&link, &format!("bearer={OWNER}&value=")).await.0, 422);
    let (status, told) = post(&link, &format!("bearer={OWNER}&value={VALUE}")).await;
    assert_eq!(status, 200);
    assert!(!told.contains(TYPED));
    assert_eq!(post(&link, &format!("bearer={OWNER}&value=another")).await.0, 410, "it was handed over");
    let saved = place.house.call("set_global_secret", wish.clone()).await;
    assert_eq!(saved["status"], "saved");
    let (_, listed) = place.house.host().ask_as_owner("GET", "/settings/secrets", Value::Null).await;
    assert!(listed.to_string().contains("API_KEY"), "{listed}");
    assert_ne!(page(&place, &wish).await, link, "it was used");
}

#[tokio::test]
async fn a_value_is_for_its_own_caller_tool_and_name() {
    let place = Place::open(Some(OWNER)).await;
    let wish = json!({ "key": "API_KEY", "source": "drop" });
    let link = page(&place, &wish).await;
    assert_eq!(post(&link, &format!("bearer={OWNER}&value={VALUE}")).await.0, 200);
    let other = json!({ "key": "OTHER_KEY", "source": "drop" });
    assert_ne!(page(&place, &other).await, link);
    let stranger = Caller::operator("local", Door::Stdio);
    let refused = place.house.call_as(&stranger, "set_global_secret", wish.clone()).await.unwrap_err();
    assert!(refused.failure.on_page().is_some_and(|page| page != link));
    assert_eq!(place.house.call("set_global_secret", wish).await["status"], "saved");
}

#[tokio::test]
async fn a_value_for_many_is_for_those_that_were_named() {
    let place = Place::open(Some(OWNER)).await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        let made = json!({ "name": name, "external": true, "url": "https://agent.example" });
        ids.push(place.house.call("create_workspace", made).await["id"].clone());
    }
    let wish = |ids: &[Value]| json!({ "workspace_ids": ids, "key": "API_KEY", "source": "drop" });
    let link = page_of(&place, "set_secret_everywhere", &wish(&ids[..2])).await;
    let (_, shown) = get(&link).await;
    assert!(shown.contains("API_KEY of 2 workspaces"), "{shown}");
    assert_eq!(post(&link, &format!("bearer={OWNER}&value={VALUE}")).await.0, 200);
    for others in [&ids[..1], &ids[1..], &ids[..]] {
        assert_ne!(page_of(&place, "set_secret_everywhere", &wish(others)).await, link);
    }
    let same: Vec<Value> = ids[..2].iter().rev().cloned().collect();
    let report = place.house.call("set_secret_everywhere", wish(&same)).await;
    assert_eq!(report["done"], 2, "{report}");
    assert_ne!(page_of(&place, "set_secret_everywhere", &wish(&same)).await, link, "it was used");
}

#[tokio::test]
async fn a_new_workspace_waits_for_its_values_before_it_is_made() {
    let place = Place::open(None).await;
    let wish = json!({ "name": "Writer", "external": true, "secrets": { "API_KEY": "drop", "BOT": "drop" } });
    for secret in ["API_KEY", "BOT"] {
        let refusal = place.house.try_call("create_workspace", wish.clone()).await.unwrap_err();
        let link = refusal.failure.on_page().unwrap().to_owned();
        assert!(get(&link).await.1.contains(&format!("{secret} of the new workspace Writer")));
        assert!(place.house.host().asked().iter().all(|asked| asked.method == "GET"), "nothing was made");
        assert_eq!(post(&link, &format!("code={}&value={VALUE}", place.code())).await.0, 200);
    }
    assert_eq!(place.house.call("create_workspace", wish).await["name"], "Writer");
}

#[tokio::test]
async fn without_a_door_there_is_no_page() {
    let house = crate::support::House::open(Default::default());
    for (tool, arguments) in [
        ("mint_org_key", json!({ "name": "ci", "sink": "drop" })),
        ("set_global_secret", json!({ "key": "A", "source": "drop" })),
    ] {
        let refused = house.refusal(tool, arguments).await;
        assert!(refused.starts_with("PRECONDITION_FAILED: this process can't show one-time pages"), "{refused}");
    }
    assert!(house.host().asked().iter().all(|asked| asked.method == "GET"));
}
