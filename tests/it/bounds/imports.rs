//! A file of somebody else's tells their names; whoever is bound compares with a template of their own.

use serde_json::json;

use super::organisation::{LEAD, bound, house, subtree};

#[tokio::test]
async fn only_what_a_bound_caller_brings_along_is_compared() {
    let house = house().await;
    house.call("export_org", json!({ "file": "org.yaml" })).await;
    let caller = bound(subtree(LEAD));
    let refused = house.call_as(&caller, "compare_org", json!({ "file": "org.yaml" })).await;
    let told = refused.expect_err("it names others").failure.text();
    assert!(told.starts_with("FORBIDDEN_BY_POLICY: ") && !told.contains("kanari"), "{told}");
    let own = house.call_as(&caller, "export_org", json!({})).await.expect("their own").content;
    let compared = house.call_as(&caller, "compare_org", json!({ "inline": own["template"] })).await;
    let compared = compared.expect("their own").content;
    assert_eq!(compared["in_sync"], true, "{compared}");
}
