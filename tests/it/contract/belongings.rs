//! What no recording shows of files, plugins and memories: the recorded platform had no container that
//! ran. A simulated workspace has one, and nothing that is written ever reaches the fixtures.

use std::fs;

use molecule_org_mcp::backend::embedded::Tenant;
use serde_json::{Value, json};

use super::exchange::{Answer, Request};
use super::state::{Caller, key_of, open, status_in_the_end};
use super::{fixtures, recorded};

const FORM: &str =
    "--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a b.md\"\r\n\r\n\x07bytes\r\n--B--\r\n";
const BUILD_RUNNER: &str = "de300000-0000-4000-8000-000000000002";
const TICKET_TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";

async fn running(caller: &Caller, name: &str) -> String {
    let made = caller.send("POST", "/workspaces", json!({ "name": name })).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    status_in_the_end(caller, &id, "online").await;
    id
}

async fn put(caller: &Caller, path: &str, body: Value) -> Value {
    let answer = caller.send("PUT", path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn paths(listed: &Value) -> Vec<&str> {
    listed.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_running_workspace_has_files_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let (one, other) = (running(&caller, "Claude Code").await, running(&caller, "Claude Code").await);
    let files = format!("/workspaces/{one}/files");

    put(&caller, &format!("{files}/notes/a.md"), json!({ "content": "\n# A\n" })).await;
    let many = put(&caller, &files, json!({ "files": { "b.md": "b" } })).await;
    assert_eq!(many["source"], "container");
    assert_eq!(paths(&caller.get(&files).await), ["b.md", "config.yaml", "notes"]);
    assert_eq!(paths(&caller.get(&format!("{files}?path=notes")).await), ["a.md"]);
    assert_eq!(caller.get(&format!("{files}/notes/a.md")).await["content"], "# A");
    assert_eq!(paths(&caller.get(&format!("{files}?root=/workspace")).await), [""; 0]);
    assert_eq!(paths(&caller.get(&format!("/workspaces/{other}/files")).await), ["config.yaml"]);

    // stopped, it shows its template, and its volume waits for it
    caller.send("POST", &format!("/workspaces/{one}/pause"), Value::Null).await;
    assert_eq!(paths(&caller.get(&files).await), ["config.yaml"]);
    assert_eq!(put(&caller, &files, json!({ "files": { "c.md": "c" } })).await["source"], "volume");
    caller.send("POST", &format!("/workspaces/{one}/resume"), Value::Null).await;
    status_in_the_end(&caller, &one, "online").await;
    assert_eq!(paths(&caller.get(&files).await), ["b.md", "c.md", "config.yaml", "notes"]);
}

async fn upload(caller: &Caller, id: &str) -> Answer {
    let headers = vec![
        ("Authorization".to_owned(), format!("Bearer {}", caller.key)),
        ("Content-Type".to_owned(), "multipart/form-data; boundary=B".to_owned()),
    ];
    let path = format!("/workspaces/{id}/chat/uploads");
    Request { method: "POST", path, headers, body: FORM.into() }.send(caller.address).await
}

#[tokio::test]
async fn what_is_uploaded_can_be_downloaded() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let id = running(&caller, "Reader").await;

    let uploaded = upload(&caller, &id).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    let file = &uploaded.body["files"][0];
    assert_eq!((&file["name"], &file["size"]), (&json!("a_b.md"), &json!(6)));
    assert_eq!(file["mimeType"], "text/markdown; charset=utf-8");

    let path = file["uri"].as_str().unwrap().strip_prefix("workspace:").unwrap();
    let download = format!("/workspaces/{id}/chat/download?path=");
    let got = caller.send("GET", &format!("{download}{path}"), Value::Null).await;
    assert_eq!((got.status, &got.body["$text"]), (200, &json!("\x07bytes")));
    assert!(got.header("content-disposition").unwrap().ends_with("a_b.md\""));
    for (path, status, told) in [
        ("/workspace", 400, "path is not a regular file"),
        ("/workspace/.molecule", 400, "path is not a regular file"),
        ("/workspace/none", 404, "file not found"),
    ] {
        let got = caller.send("GET", &format!("{download}{path}"), Value::Null).await;
        assert_eq!((got.status, &got.body["error"]), (status, &json!(told)), "{path}");
    }
    caller.send("POST", &format!("/workspaces/{id}/pause"), Value::Null).await;
    assert_eq!(upload(&caller, &id).await.status, 503);
}

#[tokio::test]
async fn an_installed_plugin_is_there_after_the_restart() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let id = running(&caller, "Extended").await;
    let plugins = format!("/workspaces/{id}/plugins");
    assert_eq!(caller.get("/plugins").await.as_array().unwrap().len(), 3);

    let installed = caller.send("POST", &plugins, json!({ "source": "graph-memory" })).await;
    assert_eq!(installed.body, json!({ "status": "installed", "plugin": "graph-memory", "source": "graph-memory" }));
    status_in_the_end(&caller, &id, "online").await;
    let listed = caller.get(&plugins).await;
    assert_eq!((&listed[0]["name"], &listed[0]["supported_on_runtime"]), (&json!("graph-memory"), &json!(true)));
    let elsewhere = caller.get(&format!("{plugins}/compatibility?runtime=claude-code")).await;
    assert_eq!(
        (&elsewhere["all_compatible"], &elsewhere["incompatible"][0]["name"]),
        (&json!(false), &listed[0]["name"])
    );
    assert_eq!(paths(&caller.get(&format!("/workspaces/{id}/files?path=plugins")).await), ["graph-memory"]);

    let gone = caller.send("DELETE", &format!("{plugins}/graph-memory"), Value::Null).await;
    assert_eq!(gone.body["status"], "uninstalled");
    status_in_the_end(&caller, &id, "online").await;
    assert_eq!(caller.get(&plugins).await, json!([]));
}

#[tokio::test]
async fn writing_into_a_template_leaves_the_fixtures_alone() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = Tenant::open(recorded(directory.path())).unwrap();
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let made = caller.send("POST", "/workspaces", json!({ "name": "Squad Lead" })).await;
    let files = format!("/workspaces/{}/files", made.body["id"].as_str().unwrap());
    let guide = fixtures().join("tenant/workspace-templates/squad-lead/guide.md");
    let before = fs::read(&guide).unwrap();

    put(&caller, &files, json!({ "files": { "guide.md": "new", "more.md": "new" } })).await;
    assert_eq!(caller.get(&format!("{files}/guide.md")).await["content"], "new");
    assert_eq!(fs::read(&guide).unwrap(), before);
    assert!(!guide.with_file_name("more.md").exists());
}

#[tokio::test]
async fn first_memories_are_searched_and_hold_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let memories = json!([{ "content": "Deploying wants DEPLOY_TOKEN=abc" }, { "content": "nothing of the kind" }]);
    let made = caller.send("POST", "/workspaces", json!({ "name": "W", "initial_memories": memories })).await;
    let path = format!("/workspaces/{}/memories", made.body["id"].as_str().unwrap());

    let found = caller.get(&format!("{path}?q=what%20is%20deployed")).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["content"], "Deploying wants [REDACTED:TOKEN]");
    assert_eq!(caller.get(&format!("{path}?q=of%20the")).await, json!([]), "words that are everywhere find nothing");
}

#[tokio::test]
async fn the_demo_has_something_in_each_drawer() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    tenant.seed_demo().unwrap();
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let at = |rest: &str| format!("/workspaces/{BUILD_RUNNER}/{rest}");

    assert_eq!(paths(&caller.get(&at("files")).await), ["config.yaml", "plugins", "release-steps.md", "skills"]);
    assert_eq!(caller.get(&at("plugins")).await[0]["name"], "code-review");
    assert_eq!(caller.get(&at("shared-context")).await[0]["path"], "release-steps.md");
    assert_eq!(caller.get(&at("memories?scope=TEAM&q=approval")).await.as_array().unwrap().len(), 1);
    assert_eq!(caller.get(&at("memory/next_release")).await["value"]["tag"], "4.18");
    assert_eq!(caller.get(&at("checkpoints/latest")).await["step_name"], "images");

    let install = json!({ "source": "local://graph-memory" });
    let refused = caller.send("POST", &format!("/workspaces/{TICKET_TRIAGE}/plugins"), install).await;
    assert_eq!(refused.status, 403, "the support team has a list: {}", refused.body);
}
