//! What nobody does to itself, whatever its role: more power, or its own end.

use std::sync::Arc;

use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::transport::caller::Caller;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::organisation::{HELPER, LEAD, MEMBER, grant, house, running_in, thing};
use crate::support::House;
use crate::support::holding;

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

/// A key in a file is a key in an agent's hand, once it is a secret of its workspace.
#[tokio::test]
async fn a_key_of_the_platform_is_no_secret_for_an_agent() {
    let house = house().await;
    let place = house.home.path().join("credentials");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("own"), house.host().key.expose_secret()).unwrap();
    std::fs::write(place.join("minted"), "m".repeat(43)).unwrap();
    std::fs::write(place.join("other"), "any other value").unwrap();
    let short = holding(Grant { expires: Some(chrono::Utc::now() + chrono::TimeDelta::hours(1)), ..grant("short") });
    let (all, operator) = (holding(grant("all")), Caller::terminal());
    for (caller, source, ends) in [
        (&operator, "own", "FORBIDDEN_BY_POLICY"),
        (&all, "own", "FORBIDDEN_BY_POLICY"),
        (&short, "own", "FORBIDDEN_BY_POLICY"),
        (&short, "minted", "FORBIDDEN_BY_POLICY"),
        (&all, "minted", "done"),
        (&short, "other", "done"),
    ] {
        let source = format!("file:{source}");
        let name = caller.name.clone();
        let set = json!({ "workspace_id": HELPER, "key": "A", "source": source });
        assert_eq!(code(&house, caller, "set_secret", set).await, ends, "{name} {source}");
        let make = json!({ "name": "x", "parent_id": HELPER, "secrets": { "A": source } });
        assert_eq!(code(&house, caller, "create_workspace", make).await, ends, "{name} {source}");
    }
}

/// Neither journal nor rules can be named.
#[tokio::test]
async fn what_this_server_lives_by_is_no_sink_and_no_source() {
    let house = house().await;
    for name in ["state.db", "owner-bearer", "journal-key", "policy.toml"] {
        let path = house.home.path().join(name);
        let was = std::fs::read(&path).ok();
        for named in [format!("file:{}", path.display()), format!("file:../{name}")] {
            let secret = json!({ "workspace_id": HELPER, "key": "A", "source": named });
            let refused = [
                code(&house, &Caller::terminal(), "mint_org_key", json!({ "name": "x", "sink": named })).await,
                code(&house, &Caller::terminal(), "set_secret", secret).await,
            ];
            let known = ["FORBIDDEN_BY_POLICY", "INVALID_INPUT"];
            assert!(refused.iter().all(|code| known.contains(&code.as_str())), "{named}: {refused:?}");
        }
        assert!(name == "state.db" || std::fs::read(&path).ok() == was, "{name}");
    }
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
    let decide = json!({ "workspace_id": HELPER, "approval_id": id, "decision": "approved" });
    for caller in [holding((*asker).clone()), holding(child)] {
        assert_eq!(code(&house, &caller, "decide_approval", decide.clone()).await, "FORBIDDEN_BY_POLICY");
    }
    assert_eq!(code(&house, &holding(grant("other")), "decide_approval", decide).await, "done");
}
