//! The toolset `plugins` against the embedded tenant, and its allowlist before a scripted one: the
//! embedded tenant's org keys are bound to no organisation, as on the platform.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::files::{running, unfenced};
use crate::faults::{FaultyTenant, Reply};
use crate::road::becomes;
use crate::support::{House, Plan};

const BUSY: &str = "de300000-0000-4000-8000-000000000002";
const PAUSED: &str = "de300000-0000-4000-8000-000000000004";
const SUPPORT: &str = "de300000-0000-4000-8000-00000000000a";
const TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn names(listed: &Value) -> Vec<&str> {
    listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let registry = house.call("list_plugin_registry", json!({})).await;
    assert_eq!(names(&registry), ["code-review", "graph-memory", "release-notes"]);
    assert!(!unfenced(&registry["items"][0]["description"]).is_empty() && registry["items"][0].get("author").is_none());
    let long = house.call("list_plugin_registry", json!({ "long": true })).await;
    assert!(long["items"][0].get("author").is_some());
    let sources = house.call("list_plugin_sources", json!({})).await;
    assert_eq!((&sources["items"], &sources["count"]), (&json!(["github", "local"]), &json!(2)));
    let id = running(house, "Plugged In").await;
    let here = json!({ "workspace_id": id });
    let available = house.call("list_available_plugins", here.clone()).await;
    assert!(names(&available).contains(&"code-review"), "{available}");
    assert_eq!(house.call("list_installed_plugins", here.clone()).await["count"], 0);
    let installed = house.call("install_plugin", json!({ "workspace_id": id, "source": "local://code-review" })).await;
    assert_eq!(installed["plugin"], "code-review");
    assert!(installed["note"].as_str().unwrap().contains("restarts"), "{installed}");
    becomes(house, &id, "online").await;
    let listed = house.call("list_installed_plugins", here).await;
    assert_eq!((names(&listed), &listed["items"][0]["supported_on_runtime"]), (vec!["code-review"], &json!(true)));
    let other = json!({ "workspace_id": id, "runtime": "crewai" });
    let judged = house.call("check_plugin_compatibility", other).await;
    assert_eq!((&judged["all_compatible"], &judged["incompatible"]), (&json!(false), &json!(["code-review"])));
    let name = json!({ "workspace_id": id, "name": "code-review" });
    assert_eq!(house.call("uninstall_plugin", name.clone()).await["plugin"], "code-review");
    becomes(house, &id, "online").await;
    assert!(house.refusal("uninstall_plugin", name).await.starts_with("NOT_FOUND: that plugin isn't installed"));
    let unbound = house.refusal("get_plugin_allowlist", json!({ "workspace_id": SUPPORT })).await;
    assert!(unbound.starts_with("FORBIDDEN_BY_TENANT: ") && unbound.contains("admin token is needed"), "{unbound}");
    let set = json!({ "workspace_id": SUPPORT, "plugins": ["code-review"] });
    assert!(house.refusal("set_plugin_allowlist", set).await.contains("admin token is needed"));
}

#[tokio::test]
async fn plugins_are_found_installed_and_removed() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn an_install_is_exact_allowed_and_interrupts_nobody() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let install = async |id: &str, more: Value| {
        let mut arguments = json!({ "workspace_id": id });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.refusal("install_plugin", arguments).await
    };
    for source in ["github://o/r", "github://o/r#main", "local://../secrets", "https://u:p@h/r"] {
        let refused = install(BUSY, json!({ "source": source })).await;
        assert!(
            refused.contains("`source`: expected a name from list_plugin_registry") && !refused.contains("u:p"),
            "{refused}"
        );
    }
    assert!(install(BUSY, json!({ "source": "code-review", "sha256": "abc" })).await.contains("64 hexadecimal"));
    let busy = install(BUSY, json!({ "source": "code-review" })).await;
    assert!(busy.starts_with("CONFLICT: ") && busy.contains("2 running task(s)"), "{busy}");
    let forbidden = install(TRIAGE, json!({ "source": "graph-memory", "interrupting": true })).await;
    assert!(forbidden.starts_with("FORBIDDEN_BY_TENANT: ") && forbidden.contains("allowlist decides"), "{forbidden}");
    let sha256 = "0".repeat(64);
    let other = install(BUSY, json!({ "source": "code-review", "sha256": sha256, "interrupting": true })).await;
    assert!(other.starts_with("INVALID_INPUT: ") && other.contains("sha256 mismatch"), "{other}");
    let missing = install(BUSY, json!({ "source": "nowhere", "interrupting": true })).await;
    assert!(missing.starts_with("NOT_FOUND: ") && missing.contains("list_plugin_registry"), "{missing}");
    for refused in [busy, forbidden, other, missing] {
        assert!(refused.contains("\nNothing was changed.\n"), "{refused}");
    }
}

#[tokio::test]
async fn what_a_stopped_container_hides_isnt_taken_for_nothing() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let here = json!({ "workspace_id": PAUSED });
    let runtime = json!({ "workspace_id": PAUSED, "runtime": "crewai" });
    let source = json!({ "workspace_id": PAUSED, "source": "code-review" });
    let name = json!({ "workspace_id": PAUSED, "name": "code-review" });
    for (tool, arguments) in [
        ("list_installed_plugins", here),
        ("check_plugin_compatibility", runtime),
        ("install_plugin", source),
        ("uninstall_plugin", name),
    ] {
        let refused = house.refusal(tool, arguments).await;
        assert!(
            refused.starts_with("PRECONDITION_FAILED: ") && refused.contains("resume_workspace"),
            "{tool}: {refused}"
        );
        assert!(refused.contains("Nothing was changed."), "{tool}: {refused}");
    }
    for tool in ["list_installed_plugins", "list_available_plugins"] {
        assert!(house.refusal(tool, json!({ "workspace_id": NOBODY })).await.starts_with("NOT_FOUND: "), "{tool}");
    }
}

/// A tenant that lets this server's key in, and keeps the list that is set.
async fn letting_in(names: &[&str]) -> FaultyTenant {
    let kept = Arc::new(Mutex::new(names.iter().map(|name| json!(name)).collect::<Vec<Value>>()));
    FaultyTenant::start(move |seen| {
        let mut kept = kept.lock().unwrap();
        if seen.method == "PUT" {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            *kept = body["plugins"].as_array().unwrap().clone();
            assert!(body["enabled_by"].as_str().unwrap().starts_with("molecule-org-mcp:"));
        }
        let at = "2026-04-01T00:00:00Z";
        let plugins: Vec<Value> =
            kept.iter().map(|name| json!({ "plugin_name": name, "enabled_by": "ops", "enabled_at": at })).collect();
        Reply::json(200, &json!({ "org_id": SUPPORT, "allow_all": plugins.is_empty(), "plugins": plugins }))
    })
    .await
}

#[tokio::test]
async fn an_empty_allowlist_is_never_set_by_chance() {
    let tenant = letting_in(&["code-review", "old"]).await;
    let house = House::before(&tenant.url(), Plan::default());
    let set = |plugins: Value, all: bool| json!({ "workspace_id": SUPPORT, "plugins": plugins, "allow_all": all });
    let shown = house.call("get_plugin_allowlist", json!({ "workspace_id": SUPPORT })).await;
    assert_eq!((&shown["allow_all"], &shown["plugins"][0]["name"]), (&json!(false), &json!("code-review")));
    let changed = house.call("set_plugin_allowlist", set(json!(["code-review", "new"]), false)).await;
    assert_eq!((&changed["added"], &changed["removed"]), (&json!(["new"]), &json!(["old"])));
    let before = tenant.count();
    let empty = house.refusal("set_plugin_allowlist", set(json!([]), false)).await;
    assert!(empty.contains("an empty list would allow every plugin") && empty.contains("`allow_all: true`"), "{empty}");
    assert!(house.refusal("set_plugin_allowlist", set(json!(["a"]), true)).await.contains("exclude each other"));
    assert_eq!(tenant.count(), before, "nothing was sent");
    let cleared = house.call("set_plugin_allowlist", set(json!([]), true)).await;
    assert_eq!((&cleared["allow_all"], &cleared["removed"]), (&json!(true), &json!(["code-review", "new"])));
    let open = house.call("get_plugin_allowlist", json!({ "workspace_id": SUPPORT })).await;
    assert!(open["note"].as_str().unwrap().contains("every plugin may be installed"), "{open}");
}
