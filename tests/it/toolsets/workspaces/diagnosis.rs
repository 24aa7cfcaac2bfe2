//! Why a workspace is stuck, from the planted troubles of the demo.

use serde_json::{Value, json};

use super::{external, open};
use crate::support::House;

const STEWARD: &str = "de300000-0000-4000-8000-000000000003";
const SCRIBE: &str = "de300000-0000-4000-8000-000000000004";
const ADS: &str = "de300000-0000-4000-8000-000000000009";

pub async fn scene(house: &House) {
    let steward = diagnosis(house, STEWARD).await;
    assert!(has(&steward, "error(s)"), "{steward:#}");
    assert_eq!(steward["failing_schedules"][0]["name"], "Nightly vacuum");
}

async fn diagnosis(house: &House, id: &str) -> Value {
    let found = house.call("diagnose_workspace", json!({ "workspace_id": id })).await;
    assert!(found.to_string().len() < 8_000, "over 2,000 tokens: {found:#}");
    assert!(found.get("not_looked_at").is_none(), "{found:#}");
    found
}

fn has(diagnosis: &Value, words: &str) -> bool {
    diagnosis["likely_causes"].as_array().unwrap().iter().any(|cause| cause.as_str().unwrap().contains(words))
}

#[tokio::test]
async fn the_demos_troubles_are_found() {
    let house = open();
    let steward = diagnosis(&house, STEWARD).await;
    assert_eq!((&steward["status"], &steward["waiting_approvals_count"]), (&json!("degraded"), &json!(1)));
    assert!(has(&steward, "62 % of its agent's work fails"), "{steward:#}");
    assert!(has(&steward, "person's decision on 1 request(s)"), "{steward:#}");
    assert!(has(&steward, "fail or are overdue"), "{steward:#}");
    assert_eq!(steward["failing_schedules"][0]["name"], "Nightly vacuum");
    assert!(steward["recent_errors"][0]["text"].as_str().unwrap().contains("⟦text "), "{steward:#}");
    let ads = diagnosis(&house, ADS).await;
    assert!(has(&ads, "budget is used up"), "{ads:#}");
    let scribe = diagnosis(&house, SCRIBE).await;
    assert!(scribe["likely_causes"][0].as_str().unwrap().starts_with("It is paused"), "{scribe:#}");
}

#[tokio::test]
async fn a_lacking_secret_and_a_paused_parent_are_found() {
    let house = open();
    let config = "name: Needy\nruntime: claude-code\nruntime_config:\n  required_env: [ANTHROPIC_API_KEY, NEEDY_KEY]\n";
    let template = json!({ "name": "Needy", "files": { "config.yaml": config } });
    house.call("import_template", template).await;
    let top = external(&house, "Top", None).await;
    let needy = json!({ "name": "Needy", "template": "needy", "parent_id": top });
    let needy = house.call("create_workspace", needy).await["id"].as_str().unwrap().to_owned();
    house.call("pause_workspace", json!({ "workspace_id": top })).await;
    let found = diagnosis(&house, &needy).await;
    assert_eq!(found["missing_secrets"], json!(["NEEDY_KEY"]), "the other one is global");
    assert!(has(&found, "requires: NEEDY_KEY (set_secret)"), "{found:#}");
    assert!(found["likely_causes"][0].as_str().unwrap().starts_with("\"Top\" ("), "{found:#}");
}
