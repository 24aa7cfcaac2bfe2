//! The toolset `memory` against the embedded tenant.

use serde_json::{Value, json};

use crate::support::{House, Plan};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

async fn workspace(house: &House, name: &str) -> String {
    let made = json!({ "name": name, "external": true, "url": "https://agent.example" });
    house.call("create_workspace", made).await["id"].as_str().unwrap().to_owned()
}

fn says(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let one = workspace(house, "Rememberer").await;
    remember(house, &one).await;
    keep(house, &one).await;
    carry(house).await;
}

async fn remember(house: &House, one: &str) {
    let fact = json!({ "workspace_id": one, "content": "Deploy on Fridays is forbidden", "namespace": "procedures" });
    let made = house.call("commit_memory", fact).await;
    assert_eq!((&made["scope"], &made["kept_as_given"]), (&json!("LOCAL"), &json!(true)), "{made}");
    let found = house.call("search_memory", json!({ "workspace_id": one, "q": "friday", "scope": "" })).await;
    assert_eq!(found["items"][0]["id"], made["id"]);
    let gone = json!({ "workspace_id": one, "memory_id": made["id"] });
    assert_eq!(house.call("delete_memory", gone.clone()).await["status"], "deleted");
    says(&house.refusal("delete_memory", gone).await, "NOT_FOUND", &[]);
}

async fn keep(house: &House, one: &str) {
    let of = |more: Value| {
        let mut arguments = json!({ "workspace_id": one, "key": "user:prefs.theme" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    // Text stays text, whatever it looks like.
    let set = house.call("memory_set", of(json!({ "value": "42", "ttl_seconds": 3600 }))).await;
    assert_eq!(set["version"], 1);
    let got = house.call("memory_get", of(json!({}))).await;
    assert_eq!((&got["content"], &got["version"]), (&json!("42"), &json!(1)));
    assert!(got["expires_at"].is_string());
    let stale = house.refusal("memory_set", of(json!({ "value": 1, "if_match_version": 7 }))).await;
    says(&stale, "CONFLICT", &["at version 1", "memory_get", "Nothing was changed"]);
    house.call("memory_set", of(json!({ "value": { "a": null }, "if_match_version": 1 }))).await;
    let listed = house.call("memory_list", json!({ "workspace_id": one })).await;
    assert_eq!((&listed["count"], &listed["items"][0]["content"]), (&json!(1), &json!({ "a": null })));
    assert_eq!(house.call("memory_delete_kv", of(json!({}))).await["status"], "deleted");
    says(&house.refusal("memory_delete_kv", of(json!({}))).await, "NOT_FOUND", &[]);
}

async fn carry(house: &House) {
    let one = workspace(house, "Carrier").await;
    let fact = json!({ "workspace_id": one, "content": "first line\nsecond line", "scope": "TEAM" });
    house.call("commit_memory", fact).await;
    let exported = house.call("export_memories", json!({ "workspace_name": "Carrier" })).await;
    let kept = exported["items"][0].clone();
    workspace(house, "Carried").await;
    let mut moved = kept.clone();
    moved["workspace_name"] = json!("Carried");
    let mut lost = kept.clone();
    lost["workspace_name"] = json!("Nobody of this name");
    let done = house.call("import_memories", json!({ "memories": [kept, moved, lost] })).await;
    let counts = ["imported", "skipped", "errors", "duplicates", "without_workspace"].map(|name| done[name].clone());
    assert_eq!(counts, [1, 2, 0, 1, 1].map(Value::from), "{done}");
    assert_eq!(done["unknown_names"], json!(["Nobody of this name"]));
    // What was shown in a fence came back without it.
    let exported = house.call("export_memories", json!({ "workspace_name": "Carried" })).await;
    let shown = exported["items"][0]["content"].as_str().unwrap();
    assert!(shown.contains("⟧first line\nsecond line⟦") && shown.matches('⟦').count() == 2, "{shown}");
}

fn open() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn the_scene() {
    scene(&open()).await;
}

#[tokio::test]
async fn what_the_tenant_blacks_out_is_said() {
    let house = open();
    let one = workspace(&house, "Secretive").await;
    let leak =
        json!({ "workspace_id": one, "content": "use OPENAI_API_KEY=sk-abcdefghijklmnop1234", "scope": "GLOBAL" });
    let made = house.call("commit_memory", leak).await;
    assert_eq!(made["kept_as_given"], false, "{made}");
    assert!(made["kept"].as_str().unwrap().contains("[REDACTED:"), "{made}");
    assert_eq!(house.journal("commit_memory").await["effect"], "escalate");
    let plain = json!({ "workspace_id": one, "content": "Acme [MEMORY fake]", "scope": "GLOBAL" });
    assert_eq!(house.call("commit_memory", plain).await["kept_as_given"], true);
    assert_eq!(house.journal("commit_memory").await["effect"], "escalate");
    let local = json!({ "workspace_id": one, "content": "plain" });
    house.call("commit_memory", local).await;
    assert_eq!(house.journal("commit_memory").await["effect"], "write");
}

#[tokio::test]
async fn a_long_value_comes_in_ranges_and_goes_back_whole() {
    let house = open();
    let one = workspace(&house, "Long").await;
    let text = format!("{}\n", "word ".repeat(10_000));
    let set = json!({ "workspace_id": one, "key": "long", "value": text });
    house.call("memory_set", set).await;
    let first = house.call("memory_get", json!({ "workspace_id": one, "key": "long", "length": 100 })).await;
    let first = first["content"].as_str().unwrap().to_owned();
    assert!(first.contains("the rest: `from` 100"), "{first}");
    let excerpt = json!({ "workspace_id": one, "key": "long", "value": first });
    says(&house.refusal("memory_set", excerpt).await, "INVALID_INPUT", &["not an excerpt"]);
    let last = json!({ "workspace_id": one, "key": "long", "from": 49_900, "length": 100 });
    assert!(house.call("memory_get", last).await["content"].as_str().unwrap().contains("word"));
    let whole = house.call("memory_get", json!({ "workspace_id": one, "key": "long", "length": 60_000 })).await;
    house.call("memory_set", json!({ "workspace_id": one, "key": "copy", "value": whole["content"] })).await;
    let (_, copy) = house.host().ask_as_owner("GET", &format!("/workspaces/{one}/memory/copy"), Value::Null).await;
    assert_eq!(copy["value"], text);
}

#[tokio::test]
async fn what_isnt_there_is_refused_before_anything_is_written() {
    let house = open();
    let of = |arguments: Value| {
        let mut all = json!({ "workspace_id": UNKNOWN });
        all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        all
    };
    for (tool, arguments) in [
        ("commit_memory", json!({ "content": "x" })),
        ("search_memory", json!({})),
        ("memory_list", json!({})),
        ("memory_set", json!({ "key": "k", "value": 1 })),
        ("memory_get", json!({ "key": "k" })),
        ("memory_delete_kv", json!({ "key": "k" })),
    ] {
        says(&house.refusal(tool, of(arguments)).await, "NOT_FOUND", &[]);
    }
    says(&house.refusal("memory_get", of(json!({ "key": "a/b" }))).await, "INVALID_INPUT", &["without slashes"]);
    let kid = json!({ "name": "Kid", "external": true, "url": "https://agent.example", "parent_id": "de300000-0000-4000-8000-000000000001" });
    let kid = house.call("create_workspace", kid).await["id"].clone();
    let global = json!({ "workspace_id": kid, "content": "x", "scope": "GLOBAL" });
    says(&house.refusal("commit_memory", global).await, "FORBIDDEN_BY_TENANT", &["root"]);
}
