//! The toolset `org` against the embedded tenant: what `road` doesn't come by.

use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::support::{House, Plan};

const LEAD: &str = "de300000-0000-4000-8000-000000000001";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let config = "name: Scene Agent\nruntime: claude-code\nmodel: sonnet\nshared_context: [guide.md]\n";
    let files = json!({ "config.yaml": config, "guide.md": "# Guide\nBe kind.\n", "notes/a.md": "x" });
    let imported = house.call("import_template", json!({ "name": "Scene Agent", "files": files })).await;
    assert_eq!((&imported["template"], &imported["file_count"]), (&json!("scene-agent"), &json!(3)), "{imported}");
    let again = house.refusal("import_template", json!({ "name": "Scene Agent", "files": files })).await;
    refused(&again, "CONFLICT", &["another name", "Nothing was changed."]);
    let listed = house.call("list_templates", json!({})).await;
    let one = listed["items"].as_array().unwrap().iter().find(|one| one["template"] == "scene-agent").unwrap();
    assert_eq!((&one["runtime"], &one["model"]), (&json!("claude-code"), &json!("sonnet")), "{listed}");

    let agent = json!({ "name": "Scene Agent", "template": "scene-agent", "tier": 2 });
    let agent = house.call("create_workspace", agent).await["id"].clone();
    let starting = house.call("get_shared_context", json!({ "workspace_id": agent })).await;
    let up = house.call("wait_for_workspace", json!({ "workspace_id": agent })).await;
    assert_eq!(up["status"], "online", "{up}");
    let shared = house.call("get_shared_context", json!({ "workspace_id": agent })).await;
    assert_eq!(shared["items"][0]["path"], "guide.md", "{shared}");
    assert_eq!(shared, starting, "what a container is made from is what it has");
    let part = json!({ "workspace_id": agent, "path": "guide.md", "from": 8 });
    let part = house.call("get_shared_context", part).await;
    let text = part["items"][0]["content"].as_str().unwrap();
    assert!(text.contains("Be kind.") && !text.contains("Guide"), "{part}");

    let shown = house.call("export_bundle", json!({ "workspace_id": agent })).await;
    assert_eq!((&shown["bundle"]["name"], &shown["workspace_count"]), (&json!("Scene Agent"), &json!(1)), "{shown}");
    assert_eq!(shown["warnings"].as_array().unwrap().len(), 1, "the configuration is its own: {shown}");
    let inline = house.call("import_bundle", json!({ "bundle": shown["bundle"] })).await;
    assert_eq!((&inline["status"], &inline["workspaces"][0]["name"]), (&json!("complete"), &json!("Scene Agent")));
    let exported = house.call("export_org", json!({ "workspace_id": agent })).await;
    let template = &exported["template"];
    assert_eq!((&template["name"], &exported["workspace_count"]), (&json!("Scene Agent"), &json!(1)), "{exported}");
    assert_eq!(house.call("compare_org", json!({ "inline": template })).await["in_sync"], true);
    let planned = house.call("plan_org_import", json!({ "inline": template })).await;
    assert_eq!((&planned["create_count"], &planned["match_count"]), (&json!(0), &json!(1)), "{planned}");
    let events = house.call("list_events", json!({ "limit": 5 })).await;
    assert!(events["count"].is_number(), "{events}");
    for id in [&agent, &inline["workspaces"][0]["id"]] {
        house.call("delete_workspace", json!({ "workspace_id": id })).await;
    }
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

fn open() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn the_scene_plays() {
    let house = open();
    scene(&house).await;
    house.is_balanced().await;
}

#[tokio::test]
async fn a_team_travels_in_a_file() {
    let house = open();
    let exported = house.call("export_bundle", json!({ "workspace_id": LEAD, "file": "team.json" })).await;
    assert!(exported.get("bundle").is_none() && exported["workspace_count"] == 5, "{exported}");
    assert!(exported["warnings"][1].as_str().unwrap().contains("\"Platform Lead\""), "{exported}");
    let place = exported["location"].as_str().unwrap();
    let bundle: Value = serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap();
    assert_eq!(bundle["sub_workspaces"].as_array().unwrap().len(), 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let twice = house.refusal("export_bundle", json!({ "workspace_id": LEAD, "file": "team.json" })).await;
    refused(&twice, "CONFLICT", &["exists already"]);
    let imported = house.call("import_bundle", json!({ "file": "file:team.json" })).await;
    assert_eq!((&imported["status"], imported["workspaces"].as_array().unwrap().len()), (&json!("complete"), 5));
    assert_eq!(house.call("list_workspaces", json!({})).await["count"], 19);
    assert_eq!(house.journal("import_bundle").await["effect"], "escalate");
    for (arguments, code, words) in [
        (json!({}), "INVALID_INPUT", "either `file` or `bundle`"),
        (json!({ "file": "none.json" }), "PRECONDITION_FAILED", "no such file"),
        (json!({ "file": "../state.db" }), "INVALID_INPUT", "plain file name"),
        (json!({ "file": "/etc/passwd" }), "FORBIDDEN_BY_POLICY", "isn't in a directory"),
        (json!({ "bundle": { "tier": 2 } }), "INVALID_INPUT", "has no `name`"),
        (json!({ "bundle": { "name": "A", "agent_card": { "token": "abc" } } }), "INVALID_INPUT", "in clear"),
    ] {
        refused(&house.refusal("import_bundle", arguments).await, code, &[words, "Nothing was changed."]);
    }
    house.is_balanced().await;
}

#[tokio::test]
async fn a_credential_in_a_bundle_stays_here() {
    const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
    let config = "name: A\nchannels:\n  - bot_token: 123:abcdef\n    chat: \"5\"\n";
    let bundle = json!({ "name": "A", "prompts": { "config.yaml": config }, "agent_card": { "apiKey": "sk-live" } });
    let tenant = FaultyTenant::start(move |seen: &Seen| match seen.path.as_str() {
        "/templates" => Reply::json(200, &json!([{ "id": "a", "name": "A" }])),
        _ => Reply::json(200, &bundle),
    })
    .await;
    let house = House::before(&tenant.url(), Plan::default());
    let shown = house.call("export_bundle", json!({ "workspace_id": ID })).await;
    assert_eq!(shown["masked"], json!(["agent_card.apiKey", "prompts.config.yaml"]), "{shown}");
    let file = house.call("export_bundle", json!({ "workspace_id": ID, "file": "a.json" })).await;
    let written = std::fs::read_to_string(file["location"].as_str().unwrap()).unwrap();
    for text in [shown.to_string(), written] {
        assert!(!text.contains("abcdef") && !text.contains("sk-live"), "{text}");
        assert!(text.contains("chat"), "{text}");
    }
    let back = house.refusal("import_bundle", json!({ "file": "a.json" })).await;
    refused(&back, "INVALID_INPUT", &["masked", "${NAME}"]);
}

#[tokio::test]
async fn a_201_isnt_a_success() {
    let told = json!({
        "workspace_id": "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc", "name": "A", "status": "provisioning",
        "children": [{ "workspace_id": "", "name": "B", "status": "failed", "error": "no room" }],
    });
    let tenant = FaultyTenant::start(move |_: &Seen| Reply::json(201, &told)).await;
    let house = House::before(&tenant.url(), Plan::default());
    let imported = house.call("import_bundle", json!({ "bundle": { "name": "A" } })).await;
    assert_eq!((&imported["status"], &imported["failed"]), (&json!("partial"), &json!(1)), "{imported}");
    let lost = &imported["workspaces"][1];
    assert!(lost.get("id").is_none() && lost["error"].as_str().unwrap().contains("no room"), "{imported}");
    assert!(imported["warnings"][0].as_str().unwrap().contains("tier 0"), "{imported}");
}

#[tokio::test]
async fn events_are_short_in_a_list_and_whole_alone() {
    let house = open();
    let card = json!({ "name": "A", "description": "x".repeat(900) });
    let made = json!({ "name": "A", "external": true, "url": "https://a.example" });
    let made = house.call("create_workspace", made).await["id"].clone();
    let update = json!({ "workspace_id": made, "agent_card": card });
    assert_eq!(house.host().ask_as_owner("POST", "/registry/update-card", update).await.0, 200);
    let of_one = json!({ "workspace_id": made, "event_type": "AGENT_CARD_UPDATED" });
    let listed = house.call("list_events", of_one).await;
    assert_eq!(listed["count"], 1, "{listed}");
    let one = &listed["items"][0];
    assert!(one["payload"].as_str().unwrap().contains("list_events with `event_id`"), "{one}");
    let alone = json!({ "workspace_id": made, "event_id": one["id"] });
    let alone = house.call("list_events", alone).await;
    let whole = &alone["items"][0]["payload"]["agent_card"]["description"];
    assert!(whole.as_str().unwrap().contains(&"x".repeat(900)), "{alone}");
    assert!(house.call("list_events", json!({ "workspace_id": "" })).await["count"].as_u64().unwrap() >= 1);
    let nobody = json!({ "workspace_id": "00000000-0000-4000-8000-000000000000" });
    refused(&house.refusal("list_events", nobody).await, "NOT_FOUND", &[]);
    let unknown = json!({ "event_id": "00000000-0000-4000-8000-000000000000" });
    refused(&house.refusal("list_events", unknown).await, "NOT_FOUND", &["newest 100"]);
}

#[tokio::test]
async fn a_template_that_would_stay_behind_half_isnt_begun() {
    let house = open();
    for (arguments, words) in [
        (json!({ "name": "A", "files": {} }), "1 to 200 files"),
        (json!({ "name": "A", "files": { "../x": "y" } }), "relative paths"),
        (json!({ "name": "A", "files": { "a": "y", "/etc/x": "y" } }), "relative paths"),
        (json!({ "name": "äöü", "files": { "a": "y" } }), "a letter or digit"),
        (json!({ "name": "A", "files": { "a": 7 } }), "expected a string"),
    ] {
        refused(&house.refusal("import_template", arguments).await, "INVALID_INPUT", &[words]);
    }
    assert!(house.host().asked().is_empty());
}
