//! What nobody does to itself, whatever its role: more power, or its own end.

use std::sync::Arc;

use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::transport::caller::Caller;
use serde_json::{Value, json};

use super::organisation::{HELPER, LEAD, MEMBER, grant, holding, house, running_in, thing};
use crate::support::{House, state};

fn me(more: Value) -> Value {
    let mut arguments = json!({ "workspace_id": MEMBER });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

async fn code(house: &House, caller: &Caller, tool: &str, arguments: Value) -> String {
    match house.call_as(caller, tool, arguments).await {
        Ok(_) => "done".to_owned(),
        Err(refusal) => refusal.failure.code().to_string(),
    }
}

#[tokio::test]
async fn nobody_ends_itself_or_gives_itself_power() {
    let house = house().await;
    let caller = running_in(MEMBER);
    let cents = |cents: i64| json!({ "cents": cents, "currency": "USD" });
    let before = house.host().asked().len();
    for (tool, arguments) in [
        ("delete_workspace", me(json!({}))),
        // It lies below the named one.
        ("delete_workspace", json!({ "workspace_id": LEAD, "including_children": true })),
        ("pause_workspace", me(json!({}))),
        ("pause_workspace", json!({ "workspace_id": LEAD })),
        ("hibernate_workspace", me(json!({}))),
        ("collapse_team", json!({ "workspace_id": LEAD })),
        ("set_budget", me(json!({ "limit": cents(900_000) }))),
        ("set_budget", me(json!({ "clear": true }))),
        ("decide_approval", me(json!({ "approval_id": thing("1ead", "approval_id"), "decision": "approved" }))),
        ("set_plugin_allowlist", me(json!({ "plugins": ["a"] }))),
        ("set_plugin_allowlist", json!({ "workspace_id": LEAD, "plugins": ["a"] })),
        ("install_plugin", me(json!({ "source": "local://x" }))),
        ("set_secret", me(json!({ "key": "A", "source": "env:PATH" }))),
        ("create_instruction", me(json!({ "scope": "workspace", "title": "t", "content": "c" }))),
        ("create_instruction", json!({ "scope": "global", "title": "t", "content": "c" })),
        ("update_instruction", json!({ "instruction_id": thing("1ead", "instruction_id"), "enabled": false })),
        ("delete_instruction", json!({ "instruction_id": thing("1ead", "instruction_id") })),
        ("set_model", me(json!({ "model": "bigger" }))),
        ("replace_agent", me(json!({ "model": "bigger" }))),
        ("update_workspace", me(json!({ "tier": 4 }))),
        ("update_workspace", me(json!({ "detach": true }))),
        ("update_workspace", me(json!({ "parent_id": LEAD }))),
        ("create_workspace_token", me(json!({}))),
    ] {
        let told = code(&house, &caller, tool, arguments.clone()).await;
        assert_eq!(told, "FORBIDDEN_BY_POLICY", "{tool} {arguments}");
    }
    let acts: Vec<_> = house.host().asked().into_iter().skip(before).filter(|one| one.method != "GET").collect();
    assert!(acts.is_empty(), "{acts:?}");
    // What takes nothing from anybody is one's own affair, and others are others.
    for (tool, arguments) in [
        ("set_budget", me(json!({ "limit": cents(500), "only_lower": true }))),
        ("update_workspace", me(json!({ "name": "Chef" }))),
        ("get_workspace", me(json!({}))),
        ("set_budget", json!({ "workspace_id": HELPER, "limit": cents(2000) })),
        ("pause_workspace", json!({ "workspace_id": HELPER })),
        ("delete_workspace", json!({ "workspace_id": HELPER })),
    ] {
        assert_eq!(code(&house, &caller, tool, arguments.clone()).await, "done", "{tool} {arguments}");
    }
}

#[tokio::test]
async fn an_org_key_is_for_those_alone_who_may_everything() {
    let house = house().await;
    for limited in [
        Grant { read_only: false, expires: Some(chrono::Utc::now() + chrono::TimeDelta::hours(1)), ..grant("brief") },
        Grant { toolsets: Some([molecule_org_mcp::tools::toolset::Toolset::Keys].into()), ..grant("keys") },
        Grant {
            parent: Some(Arc::new(Grant {
                expires: Some(chrono::Utc::now() + chrono::TimeDelta::hours(1)),
                ..grant("p")
            })),
            ..grant("child")
        },
    ] {
        let name = limited.name.clone();
        let told = code(&house, &holding(limited), "mint_org_key", json!({ "name": name })).await;
        assert_eq!(told, "FORBIDDEN_BY_POLICY", "{name}");
    }
    assert_eq!(code(&house, &holding(grant("all")), "mint_org_key", json!({ "name": "all" })).await, "done");
}

/// The journal knows who made a request.
#[tokio::test]
async fn nobody_decides_what_it_asked_for_itself() {
    let house = house().await;
    let asker = Arc::new(grant("asker"));
    let child = Grant { parent: Some(Arc::clone(&asker)), ..grant("child") };
    let ask = json!({ "workspace_id": HELPER, "action": "let me" });
    let made = house.call_as(&holding((*asker).clone()), "create_approval", ask).await.unwrap();
    let id = made.content["approval_id"].clone();
    house.dispatch.server().journal.flush().await.unwrap();
    state(house.home.path())
        .execute(
            "UPDATE journal SET body = json_set(body, '$.made', ?1) WHERE kind = 'outcome' AND invocation = ?2",
            [id.as_str().unwrap(), &made.invocation.to_string()],
        )
        .unwrap();
    let decide = json!({ "workspace_id": HELPER, "approval_id": id, "decision": "approved" });
    for caller in [holding((*asker).clone()), holding(child)] {
        assert_eq!(code(&house, &caller, "decide_approval", decide.clone()).await, "FORBIDDEN_BY_POLICY");
    }
    assert_eq!(code(&house, &holding(grant("other")), "decide_approval", decide).await, "done");
}
