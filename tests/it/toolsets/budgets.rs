//! The toolset `budgets` against the embedded tenant.

use serde_json::{Value, json};

use crate::support::{House, Plan};

const LEAD: &str = "de300000-0000-4000-8000-000000000001";
const ADS: &str = "de300000-0000-4000-8000-000000000009";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let budget = house.call("get_budget", json!({ "workspace_id": LEAD })).await;
    assert_eq!(budget["limit"], dollars(800));
    assert_eq!((&budget["remaining"]["cents"], &budget["is_spent"]), (&json!(58540), &json!(false)));

    let set = house.call("set_budget", limit(LEAD, 700, true)).await;
    assert_eq!((&set["before"], &set["now"]["limit"]), (&dollars(800), &dollars(700)));
    assert_eq!(house.journal("set_budget").await["effect"], "write");

    let report = house.call("get_spend_report", json!({ "most": 3 })).await;
    let worst = &report["items"][0];
    assert_eq!((&worst["id"], &worst["standing"], &worst["used_percent"]), (&json!(ADS), &json!("over"), &json!(122)));
    assert_eq!(report["items"][1]["standing"], "near");
    let left_out = report["count"].as_u64().unwrap() - 3;
    assert_eq!((report["items"].as_array().unwrap().len(), &report["not_named"]), (3, &json!(left_out)));
}

fn dollars(dollars: i64) -> Value {
    json!({ "cents": dollars * 100, "currency": "USD" })
}

fn limit(workspace: &str, amount: i64, only_lower: bool) -> Value {
    json!({ "workspace_id": workspace, "limit": dollars(amount), "only_lower": only_lower })
}

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn budgets_work() {
    scene(&house()).await;
}

#[tokio::test]
async fn a_limit_is_raised_only_by_who_may_and_never_cleared_by_accident() {
    let house = house();
    let refused = house.refusal("set_budget", limit(LEAD, 800, true)).await;
    assert!(refused.starts_with("CONFLICT: ") && refused.contains("it is 80000 cents"), "{refused}");
    assert!(refused.contains("Nothing was changed."), "{refused}");

    house.call("set_budget", limit(LEAD, 900, false)).await;
    assert_eq!(house.journal("set_budget").await["effect"], "escalate");

    for nothing in [json!({ "workspace_id": LEAD }), json!({ "workspace_id": LEAD, "limit": null })] {
        assert!(house.refusal("set_budget", nothing).await.contains("`clear: true`"));
    }
    let both = json!({ "workspace_id": LEAD, "clear": true, "only_lower": true });
    assert!(house.refusal("set_budget", both).await.starts_with("INVALID_INPUT: "));
    let cleared = house.call("set_budget", json!({ "workspace_id": LEAD, "clear": true })).await;
    assert_eq!((cleared["now"].get("limit"), cleared["now"].get("remaining")), (None, None));
    // Any limit is lower than none.
    house.call("set_budget", limit(LEAD, 900, true)).await;
}

#[tokio::test]
async fn an_amount_is_whole_cents_of_dollars_within_bounds() {
    let house = house();
    for wrong in [
        json!({ "cents": 40.5, "currency": "USD" }),
        json!({ "cents": 4000, "currency": "EUR" }),
        json!({ "cents": -1, "currency": "USD" }),
        json!({ "cents": 100_000_001, "currency": "USD" }),
        json!({ "cents": 4000 }),
        json!(4000),
    ] {
        let refused = house.refusal("set_budget", json!({ "workspace_id": LEAD, "limit": wrong })).await;
        assert!(refused.starts_with("INVALID_INPUT: "), "{wrong}: {refused}");
    }
    let nowhere = json!({ "workspace_id": "00000000-0000-4000-8000-000000000000" });
    assert!(house.refusal("get_budget", nowhere).await.starts_with("NOT_FOUND: "));
    let asked = house.host().asked();
    assert!(asked.iter().all(|one| one.method == "GET"), "{asked:?}");
}
