//! The toolset `secrets` against the embedded tenant: what `road` doesn't come by.

use serde_json::{Value, json};

use crate::support::{House, Plan};

const STEWARD: &str = "de300000-0000-4000-8000-000000000003";
const RUNNER: &str = "de300000-0000-4000-8000-000000000002";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let compared =
        house.call("compare_secrets", json!({ "names": ["DATABASE_URL"], "workspace_ids": [STEWARD] })).await;
    assert_eq!(compared["items"][0]["holds"], json!(["DATABASE_URL"]), "{compared}");
}

fn open() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

fn of<'a>(compared: &'a Value, id: &str) -> &'a Value {
    compared["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()
}

#[tokio::test]
async fn who_holds_inherits_and_misses_what_is_told() {
    let house = open();
    scene(&house).await;
    let own = json!({ "workspace_id": RUNNER, "key": "GITHUB_TOKEN", "source": "env:PATH" });
    house.call("set_secret", own).await;
    let names = json!(["DATABASE_URL", "GITHUB_TOKEN", "ANTHROPIC_API_KEY", "NOBODYS"]);
    let compared = house.call("compare_secrets", json!({ "names": names, "limit": 100 })).await;
    assert_eq!(compared["count"], 14);
    let steward = json!({
        "id": STEWARD, "name": "Database Steward", "holds": ["DATABASE_URL"],
        "inherits": ["ANTHROPIC_API_KEY", "GITHUB_TOKEN"], "misses": ["NOBODYS"],
    });
    assert_eq!(of(&compared, STEWARD), &steward);
    let runner = of(&compared, RUNNER);
    assert_eq!(
        (&runner["overrides"], &runner["misses"]),
        (&json!(["GITHUB_TOKEN"]), &json!(["DATABASE_URL", "NOBODYS"]))
    );
    // Without names: all that any of them holds.
    let all = house.call("compare_secrets", json!({ "workspace_ids": [STEWARD, RUNNER] })).await;
    assert_eq!(of(&all, STEWARD)["misses"], json!(["REGISTRY_PASSWORD"]), "{all}");
    let path = std::env::var("PATH").unwrap();
    assert!(!all.to_string().contains(&path), "no value is ever shown");
}

#[tokio::test]
async fn what_isnt_looked_at_is_told() {
    let house = open();
    let many: Vec<String> = (0..95)
        .map(|n| {
            let at = json!({ "$seconds_from_now": 10 + n });
            json!({ "table": "workspaces", "name": format!("w{n}"), "status": "paused", "created_at": at }).to_string()
        })
        .collect();
    house.host().seed_lines(&many.join("\n"));
    let before = house.host().asked().len();
    let compared = house.call("compare_secrets", json!({ "names": ["GITHUB_TOKEN"], "limit": 200 })).await;
    assert_eq!(house.host().asked().len() - before, 102, "a list, the global ones, and a hundred");
    let items = compared["items"].as_array().unwrap();
    let skipped: Vec<&Value> = items.iter().filter(|one| one.get("not_looked_at").is_some()).collect();
    assert_eq!((items.len(), skipped.len()), (109, 9));
    assert!(skipped.iter().all(|one| one.get("misses").is_none()), "nothing is said of those");
    let named = json!({ "names": ["GITHUB_TOKEN"], "workspace_ids": [skipped[0]["id"]] });
    let named = house.call("compare_secrets", named).await;
    assert_eq!(named["items"][0]["inherits"], json!(["GITHUB_TOKEN"]));
    let unknown = json!({ "workspace_ids": ["00000000-0000-4000-8000-000000000000"] });
    assert!(house.refusal("compare_secrets", unknown).await.starts_with("NOT_FOUND: "));
}
