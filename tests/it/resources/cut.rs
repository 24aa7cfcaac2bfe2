//! A text that an answer cut: the whole is kept for a while, for whoever got the answer.

use serde_json::{Value, json};

use super::{BUILD_RUNNER, Doors, Era, OWNER, Pipes, content, next, request, text};
use crate::support::{House, Plan};
use crate::toolsets::files::unfenced;

const SCHEDULE: &str = "5c000000-0000-4000-8000-000000000001";

/// A schedule whose prompt no answer shows whole; deleting it is the last that is seen of that.
async fn deleted(doors: &Doors, prompt: &str, era: Era) -> Value {
    let row = json!({ "table": "workspace_schedules", "id": SCHEDULE, "workspace_id": BUILD_RUNNER, "name": "long",
        "cron_expr": "0 9 * * *", "prompt": prompt, "next_run_at": { "$seconds_from_now": 80_000 } });
    doors.house.host().seed(&row);
    doors.over_http(OWNER, era, "tools/call", deleting()).await["result"].clone()
}

fn deleting() -> Value {
    let arguments = json!({ "workspace_id": BUILD_RUNNER, "schedule_id": SCHEDULE });
    json!({ "name": "delete_schedule", "arguments": arguments })
}

fn prompt() -> String {
    (0..5000).map(|n| format!("{n:04} tägliche 🙂\n")).collect()
}

#[tokio::test]
async fn what_an_answer_cut_can_be_read_whole() {
    let doors = Doors::demo().await;
    let prompt = prompt();
    let result = deleted(&doors, &prompt, Era::Stateless).await;
    let link = result["_meta"]["molecule-org-mcp/rest"][0].as_str().unwrap_or_else(|| panic!("{result}")).to_owned();
    let id = link.strip_prefix("molecule://results/").unwrap();
    let shown = result["structuredContent"]["prompt"].as_str().unwrap();
    assert!(shown.contains(&format!("the rest: read_result with `id` {id}")), "{}", &shown[shown.len() - 120..]);
    let first: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(first, result["structuredContent"], "the same in both");
    assert_eq!((&result["content"][1]["type"], &result["content"][1]["uri"]), (&json!("resource_link"), &json!(link)));

    let (mut whole, mut at) = (String::new(), Some(link.clone()));
    while let Some(uri) = at {
        let part = doors.read(&uri).await;
        whole.push_str(unfenced(&content(&part)["text"]));
        assert!(part["_meta"]["molecule-org-mcp/untrusted"].is_string(), "it is still the tenant's");
        at = next(&part);
    }
    assert_eq!(whole, prompt);

    // The tool gives the same, and nobody else gets anything.
    let call = json!({ "name": "read_result", "arguments": { "id": id, "from": 32_768, "length": 10 } });
    let called = doors.over_http(OWNER, Era::Handshake, "tools/call", call.clone()).await;
    let expected: String = prompt.chars().skip(32_768).take(10).collect();
    assert_eq!(unfenced(&called["result"]["structuredContent"]["content"]), expected);
    let other = doors.over_pipes(Era::Stateless, "tools/call", call).await;
    assert!(other["result"]["content"][0]["text"].as_str().unwrap().starts_with("NOT_FOUND: "), "{other}");
    let other = doors.over_pipes(Era::Stateless, "resources/read", json!({ "uri": link })).await;
    assert_eq!(other["error"]["data"]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn what_wasnt_cut_has_no_link() {
    let doors = Doors::demo().await;
    let result = deleted(&doors, "short", Era::Stateless).await;
    assert_eq!(
        (result["content"].as_array().unwrap().len(), &result["_meta"]["molecule-org-mcp/rest"]),
        (1, &Value::Null)
    );
}

#[tokio::test]
async fn a_command_is_promised_nothing() {
    let doors = Doors::demo().await;
    let row = json!({ "table": "workspace_schedules", "id": SCHEDULE, "workspace_id": BUILD_RUNNER, "name": "long",
        "cron_expr": "0 9 * * *", "prompt": prompt(), "next_run_at": { "$seconds_from_now": 80_000 } });
    doors.house.host().seed(&row);
    let shown = doors.house.call("delete_schedule", deleting()["arguments"].clone()).await;
    assert!(shown["prompt"].as_str().unwrap().ends_with("characters, the rest: is lost⟧"));
}

#[tokio::test]
async fn the_oldest_revision_gets_no_block_that_it_doesnt_know() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let row = json!({ "table": "workspace_files", "workspace_id": BUILD_RUNNER, "root": "/configs", "path": "a.png",
        "content": { "$bytes": "\u{1}\0PNG" } });
    house.host().seed(&row);
    let call = json!({ "name": "read_file", "arguments": { "workspace_id": BUILD_RUNNER, "path": "a.png" } });
    let call = request(Era::Handshake, "tools/call", call);
    let revisions = ["2025-03-26", "2025-06-18", "2025-11-25"];
    let mut pipes = futures_util::future::join_all(revisions.map(|revision| Pipes::open(&house, Some(revision)))).await;
    for (at, blocks) in [1, 2, 2].into_iter().enumerate() {
        let answer = pipes[at].ask(&call).await;
        assert_eq!(answer["result"]["content"].as_array().unwrap().len(), blocks, "{}: {answer}", revisions[at]);
        assert_eq!(answer["result"]["_meta"]["molecule-org-mcp/rest"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_long_export_goes_on() {
    let doors = Doors::demo().await;
    let call = json!({ "name": "export_bundle", "arguments": { "workspace_id": BUILD_RUNNER } });
    let answer = doors.over_http(OWNER, Era::Stateless, "tools/call", call).await;
    let result = &answer["result"];
    let Some(link) = result["_meta"]["molecule-org-mcp/rest"][0].as_str() else {
        assert!(result["structuredContent"]["bundle"].is_object(), "whole, or with a link: {answer}");
        return;
    };
    let (mut whole, mut at) = (String::new(), Some(link.to_owned()));
    while let Some(uri) = at {
        let part = doors.read(&uri).await;
        whole.push_str(unfenced(&serde_json::json!(text(&part))));
        at = next(&part);
    }
    assert!(serde_json::from_str::<Value>(&whole).unwrap().is_object());
}
