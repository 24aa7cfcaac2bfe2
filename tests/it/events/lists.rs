//! Lists that become others: who would see another one is told, and nobody else.

use std::time::{Duration, Instant};

use molecule_org_mcp::grants::{Issued, Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::origin::Origin;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::toolset::Toolset;
use serde_json::json;

use super::*;
use crate::grants::{operator, wish};
use crate::support::Plan;

const TOOLS: &str = "notifications/tools/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";

fn rules(text: &str) -> Rules {
    Origin { file: None, read_only: false, toolsets: Toolset::ALL.into() }.under(text).unwrap()
}

fn all_lists() -> Value {
    json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true })
}

async fn issue(house: &House, role: Role) -> Issued {
    let wish = Wish { until: Some(Until::Never), ..wish("somebody", role) };
    let grants = &house.dispatch.server().grants;
    grants.issue(wish, operator(), &Rules::default(), chrono::Utc::now()).await.unwrap()
}

/// What is told until this method is, in any order.
async fn until(ear: &mut Ear, methods: &[&str]) -> Duration {
    let begun = Instant::now();
    let mut left = methods.to_vec();
    while !left.is_empty() {
        let message = ear.next().await;
        left.retain(|method| message["method"] != *method);
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_policy_that_changes_what_somebody_sees_tells_them() {
    let house = House::open(Plan::default());
    let door = Door::open(&house.dispatch).await;
    let mut old_pipe = Pipe::greeted(&house.dispatch).await;
    let mut new_pipe = Pipe::open(&house.dispatch);
    new_pipe.listen(1, json!({ "toolsListChanged": true })).await;
    let session = door.session(BEARER).await;
    let mut stream = door.listen(BEARER, all_lists()).await;
    let mut heard = session.stream.ear;

    let policy = &house.dispatch.server().policy;
    policy.replace(rules("[ceiling]\ntoolsets = [\"governance\"]\n[callers]\nstdio = \"admin\"\nhttp = \"admin\""));
    for ear in [&mut old_pipe.ear, &mut heard, &mut stream.ear] {
        let took = until(ear, &[TOOLS, PROMPTS, RESOURCES]).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    until(&mut new_pipe.ear, &[TOOLS]).await;
    let seen = new_pipe.ask(2, "tools/list", modern(json!({}))).await;
    let names: Vec<&str> =
        seen["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"whoami") && !names.contains(&"list_workspaces"), "{names:?}");

    // What changes for one door's callers is told to no others, and the same once more to nobody.
    policy.replace(rules("[ceiling]\ntoolsets = [\"governance\"]\n[callers]\nstdio = \"viewer\"\nhttp = \"admin\""));
    policy.replace(rules("[ceiling]\ntoolsets = [\"governance\"]\n[callers]\nstdio = \"viewer\"\nhttp = \"admin\""));
    policy.replace(rules("[callers]\nstdio = \"viewer\"\nhttp = \"admin\""));
    let told = [&mut heard, &mut stream.ear, &mut old_pipe.ear, &mut new_pipe.ear];
    for ear in told {
        until(ear, &[TOOLS]).await;
        assert!(ear.so_far().iter().all(|message| message["method"] != TOOLS), "once");
    }
}

#[tokio::test]
async fn a_revoked_grant_is_told_so_and_nothing_more() {
    let house = House::open(Plan::default());
    let one = workspace(house.host(), "one").await;
    let door = Door::open(&house.dispatch).await;
    let issued = issue(&house, Role::Viewer).await;
    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": [place(&one)] });
    let mut stream = door.listen(issued.credential.expose(), wanted).await;
    is_up(&house).await;
    assert_eq!(stream.ear.stale().await, place(&one), "what may have been missed");

    let grants = house.dispatch.server().grants.clone();
    grants.revoke(&issued.grant.id, operator(), chrono::Utc::now()).await.unwrap();
    let revoked = Instant::now();
    beat(house.host(), &one).await;
    let mut said = Vec::new();
    while let Some(message) = stream.ear.last().await {
        said.push(message);
    }
    let methods: Vec<&Value> = said.iter().map(|message| &message["method"]).collect();
    assert_eq!(methods, [&json!(TOOLS), &Value::Null], "{said:?}");
    assert_eq!(said[1]["result"]["resultType"], "complete");
    assert!(revoked.elapsed() < Duration::from_secs(2), "{:?}", revoked.elapsed());
    is_quiet(&house).await;
}

#[tokio::test]
async fn a_grant_that_expires_sees_another_list() {
    let house = House::open(Plan::default());
    let door = Door::open(&house.dispatch).await;
    let end = chrono::Utc::now() + chrono::TimeDelta::milliseconds(1500);
    let wish = Wish { until: Some(Until::At(end)), ..wish("somebody", Role::Viewer) };
    let grants = &house.dispatch.server().grants;
    let issued = grants.issue(wish, operator(), &Rules::default(), chrono::Utc::now()).await.unwrap();
    let mut stream = door.listen(issued.credential.expose(), json!({ "toolsListChanged": true })).await;
    stream.ear.told(TOOLS).await;
    let late = chrono::Utc::now() - end;
    assert!(late >= chrono::TimeDelta::zero() && late < chrono::TimeDelta::seconds(2), "{late}");
}

#[tokio::test]
async fn workspaces_that_come_and_go_change_the_list_of_resources() {
    let house = House::open(Plan::default());
    let host = house.host();
    let first = workspace(host, "first").await;
    let door = Door::open(&house.dispatch).await;
    let mut stream = door.listen(BEARER, json!({ "resourcesListChanged": true })).await;
    is_up(&house).await;
    let (status, _) = host.ask_as_owner("POST", &format!("/workspaces/{first}/pause"), json!({})).await;
    assert_eq!(status, 200);
    let second = workspace(host, "second").await;
    stream.ear.told(RESOURCES).await;
    let (status, _) = host.ask_as_owner("DELETE", &format!("/workspaces/{second}?confirm=true"), Value::Null).await;
    assert_eq!(status, 200);
    stream.ear.told(RESOURCES).await;
    assert!(stream.ear.so_far().is_empty());
}
