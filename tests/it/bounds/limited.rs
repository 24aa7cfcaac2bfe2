//! What gives everything isn't there for whoever is held to less: by a grant, by the door, or by the ceiling.

use std::fs;

use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::transport::caller::{Caller, Door};
use serde_json::{Value, json};

use crate::support::{House, Plan, grant, holding, waived};

const STEWARD: &str = "de300000-0000-4000-8000-000000000003";

/// With a key of the platform in `f1`, and something else in `f2`.
fn house(ceiling: Role, at_the_terminal: Role) -> House {
    let mut rules = waived();
    rules.ceiling = ceiling;
    rules.without_grant.insert(Door::Cli, at_the_terminal);
    let house = House::open(Plan { rules, seeded: true, ..Plan::default() });
    let directory = house.home.path().join("credentials");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("f1"), format!("{}\n", "q7-_".repeat(11).split_at(43).0)).unwrap();
    fs::write(directory.join("f2"), "something else\n").unwrap();
    house
}

fn acts(house: &House) -> usize {
    house.host().asked().iter().filter(|asked| asked.method != "GET").count()
}

#[tokio::test]
async fn whoever_the_door_or_the_ceiling_holds_to_less_gives_no_more() {
    let wishes: [(&str, Value); 6] = [
        ("mint_org_key", json!({ "name": "x" })),
        ("set_secret", json!({ "workspace_id": STEWARD, "key": "K", "source": "file:f1" })),
        ("set_global_secret", json!({ "key": "K", "source": "file:f1" })),
        ("set_secret_everywhere", json!({ "workspace_ids": [STEWARD], "key": "K", "source": "file:f1" })),
        ("create_workspace", json!({ "name": "far", "external": true, "sink": "global_secret:TOKEN" })),
        ("create_workspace_token", json!({ "workspace_id": STEWARD })),
    ];
    for (house, caller, why) in [
        (house(Role::Admin, Role::Owner), Caller::terminal(), "the door's role"),
        (house(Role::Owner, Role::Admin), Caller::terminal(), "the ceiling"),
        (house(Role::Owner, Role::Admin), holding(grant(Role::Admin)), "the ceiling over a grant"),
    ] {
        for (tool, wish) in &wishes {
            let Err(refusal) = house.call_as(&caller, tool, wish.clone()).await else { panic!("{tool}: {why}") };
            assert_eq!(refusal.failure.code().as_str(), "FORBIDDEN_BY_POLICY", "{tool}: {why}");
        }
        assert_eq!(acts(&house), 0, "{why}");
        let other = json!({ "workspace_id": STEWARD, "key": "K", "source": "file:f2" });
        house.call_as(&caller, "set_secret", other).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_could_mint_a_key_may_pass_one_on() {
    let house = house(Role::Admin, Role::Admin);
    for caller in [Caller::terminal(), holding(grant(Role::Admin))] {
        let key = json!({ "workspace_id": STEWARD, "key": "K", "source": "file:f1" });
        house.call_as(&caller, "set_secret", key).await.unwrap();
    }
}
