//! `workspace_secret:ID/NAME` and `global_secret:NAME`.

use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::ids::WorkspaceId;
use serde_json::json;

use super::{STEWARD, house, mint, mints_nothing, opens, values};
use crate::support::{grant, holding};

const RUNNER: &str = "de300000-0000-4000-8000-000000000002";

#[tokio::test]
async fn a_key_goes_straight_into_a_workspace() {
    let house = house();
    let sink = format!("workspace_secret:{STEWARD}/ORG_KEY");
    let minted = mint(&house, &sink).await;
    let told = format!("secret ORG_KEY of workspace {STEWARD}, which restarts");
    assert_eq!((&minted["sink"], &minted["location"]), (&json!(sink), &json!(told)));
    let values = values(&house, STEWARD).await;
    let key = values["ORG_KEY"].as_str().unwrap();
    assert!(opens(&house, key).await);
    assert!(!minted.to_string().contains(key));
    let files = std::fs::read_dir(house.home.path().join("credentials")).map_or(0, Iterator::count);
    assert_eq!(files, 0, "it never was on this server's disk");
    let again = mint(&house, &sink).await;
    assert!(again["location"].as_str().unwrap().starts_with("secret ORG_KEY (replaced) of workspace"), "{again}");
}

#[tokio::test]
async fn a_key_goes_to_every_workspace_that_inherits_it() {
    let house = house();
    let minted = mint(&house, "global_secret:ORG_KEY").await;
    assert!(minted["location"].as_str().unwrap().contains("of the organisation"), "{minted}");
    assert!(opens(&house, values(&house, STEWARD).await["ORG_KEY"].as_str().unwrap()).await);
    let of_runner = house.call("list_secrets", json!({ "workspace_id": RUNNER })).await;
    assert!(of_runner["items"].as_array().unwrap().iter().any(|one| one["key"] == "ORG_KEY"), "{of_runner}");
}

#[tokio::test]
async fn a_workspaces_token_goes_there_too() {
    let house = house();
    let wish = json!({ "workspace_id": RUNNER, "sink": format!("workspace_secret:{STEWARD}/RUNNER_TOKEN") });
    let made = house.call("create_workspace_token", wish).await;
    let held = values(&house, STEWARD).await;
    assert!(held["RUNNER_TOKEN"].as_str().unwrap().starts_with(made["prefix"].as_str().unwrap()));
    let sink = format!("workspace_secret:{STEWARD}/NEW_TOKEN");
    house.call("create_workspace", json!({ "name": "far", "external": true, "sink": sink })).await;
    assert!(values(&house, STEWARD).await["NEW_TOKEN"].is_string());
}

#[tokio::test]
async fn a_workspace_that_is_not_there_is_refused_before_anything_is_minted() {
    let house = house();
    let unknown = "workspace_secret:00000000-0000-4000-8000-000000000000/KEY";
    assert!(mints_nothing(&house, unknown).await.starts_with("NOT_FOUND: "));
    house.call("delete_workspace", json!({ "workspace_id": STEWARD })).await;
    let text = mints_nothing(&house, &format!("workspace_secret:{STEWARD}/KEY")).await;
    assert!(text.starts_with("NOT_FOUND: the workspace of that sink was removed"), "{text}");
}

#[tokio::test]
async fn nobody_has_a_key_put_where_their_own_agent_reads_it() {
    let house = house();
    let agent = holding(Grant {
        own_workspace: Some(WorkspaceId::try_from(STEWARD.to_owned()).unwrap()),
        ..grant(Role::Admin)
    });
    let mint = async |sink: String| house.call_as(&agent, "mint_org_key", json!({ "name": "x", "sink": sink })).await;
    for sink in [format!("workspace_secret:{STEWARD}/KEY"), "global_secret:KEY".to_owned()] {
        let failure = mint(sink).await.unwrap_err().failure;
        assert_eq!(failure.code().as_str(), "FORBIDDEN_BY_POLICY");
    }
    mint(format!("workspace_secret:{RUNNER}/KEY")).await.unwrap();
}
