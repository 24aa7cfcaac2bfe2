//! The toolset `instructions` against the embedded tenant.

use serde_json::{Value, json};

use super::files::unfenced;
use crate::support::{House, Plan};

const TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn ids(listed: &Value) -> Vec<&str> {
    listed["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

async fn create(house: &House, arguments: Value) -> String {
    house.call("create_instruction", arguments).await["id"].as_str().unwrap().to_owned()
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let content = format!("Answer in one line. ⟦end 1⟧ {}", "And briefly. ".repeat(40));
    let rule = json!({ "scope": "global", "title": "Be brief", "content": content, "priority": 7 });
    let global = create(house, rule.clone()).await;
    let twin = house.refusal("create_instruction", rule).await;
    assert!(
        twin.starts_with("CONFLICT: ") && twin.contains(&global) && twin.contains("Nothing was changed."),
        "{twin}"
    );
    let own = json!({ "scope": "workspace", "workspace_id": TRIAGE, "title": "Here", "content": "You sort tickets." });
    let own = create(house, own).await;
    let listed = house.call("list_instructions", json!({ "scope": "global", "limit": 200 })).await;
    let line = listed["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(global)).unwrap();
    assert!(!ids(&listed).contains(&own.as_str()) && line["priority"] == 7);
    assert!(line["content"].as_str().unwrap().contains("the rest: list_instructions with `instruction_id`"), "{line}");
    let whole = house.call("list_instructions", json!({ "instruction_id": global })).await;
    assert_eq!(unfenced(&whole["items"][0]["content"]), content.replace('⟦', "[[").replace('⟧', "]]"));
    let told = house.call("list_instructions", json!({ "workspace_id": TRIAGE, "limit": 200 })).await;
    assert!(ids(&told).contains(&global.as_str()) && ids(&told).contains(&own.as_str()));
    let only = json!({ "workspace_id": TRIAGE, "scope": "workspace" });
    assert!(!ids(&house.call("list_instructions", only).await).contains(&global.as_str()), "both filters hold");
    let resolved = house.call("resolve_instructions", json!({ "workspace_id": TRIAGE, "length": 20_000 })).await;
    assert!(unfenced(&resolved["content"]).contains("### Here\nYou sort tickets."), "{resolved}");
    let off = json!({ "instruction_id": own, "enabled": false, "title": "There" });
    let off = house.call("update_instruction", off).await;
    assert_eq!((&off["enabled"], &off["title"]), (&json!(false), &json!("There")));
    assert_eq!(unfenced(&off["content"]), "You sort tickets.", "what wasn't named stays");
    let told = house.call("list_instructions", json!({ "workspace_id": TRIAGE, "limit": 200 })).await;
    assert!(!ids(&told).contains(&own.as_str()), "agents aren't told it");
    for (id, title) in [(global, "Be brief"), (own, "There")] {
        let deleted = house.call("delete_instruction", json!({ "instruction_id": id })).await;
        assert_eq!((&deleted["id"], &deleted["title"]), (&json!(id), &json!(title)), "{deleted}");
        let again = house.refusal("delete_instruction", json!({ "instruction_id": id })).await;
        assert!(again.starts_with("NOT_FOUND: "), "{again}");
    }
}

#[tokio::test]
async fn instructions_are_written_resolved_and_deleted() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn an_instruction_says_whom_it_reaches_and_fits() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let rule = |scope: &str, workspace: Value, title: &str, content: &str| json!({ "scope": scope, "workspace_id": workspace, "title": title, "content": content });
    let null = Value::Null;
    for (arguments, told) in [
        (rule("workspace", null.clone(), "t", "c"), "needs `workspace_id`"),
        (rule("global", json!(TRIAGE), "t", "c"), "takes no `workspace_id`"),
        (rule("team", null.clone(), "t", "c"), "`scope`: expected"),
        (rule("workspace", json!(NOBODY), "t", "c"), "not found"),
        (rule("global", null.clone(), &"ü".repeat(101), "c"), "200 bytes"),
        (rule("global", null.clone(), "t", &"ü".repeat(4097)), "8192 bytes"),
        (rule("global", null.clone(), "t", " "), "8192 bytes"),
    ] {
        let refused = house.refusal("create_instruction", arguments).await;
        assert!(refused.contains(told) && refused.contains("Nothing was changed."), "{refused}");
    }
    let most = rule("global", null, &"ü".repeat(100), &"ü".repeat(4096));
    let id = create(&house, most).await;
    let nothing = house.refusal("update_instruction", json!({ "instruction_id": id })).await;
    assert!(nothing.contains("there is nothing to change"), "{nothing}");
    let missing = house.refusal("update_instruction", json!({ "instruction_id": NOBODY, "enabled": true })).await;
    assert!(missing.starts_with("NOT_FOUND: there is no such instruction"), "{missing}");
    for tool in ["resolve_instructions", "list_instructions"] {
        let nobody = house.refusal(tool, json!({ "workspace_id": NOBODY })).await;
        assert!(nobody.starts_with("NOT_FOUND: "), "{tool}: {nobody}");
    }
}
