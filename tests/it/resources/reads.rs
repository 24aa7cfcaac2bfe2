//! Reading is calling the tool: the same answer, the same refusal, an entry in the journal under its name.

use std::collections::BTreeSet;

use molecule_org_mcp::resources::{ENTRIES, Place};
use serde_json::{Value, json};

use super::{BUILD_RUNNER, Doors, ERAS, OWNER, content, text};
use crate::toolsets::files::running;

const RESULT: &str = "result";

/// One address of each entry that there is something at, but for results (`cut.rs`).
async fn addresses(doors: &Doors) -> Vec<String> {
    let id = running(&doors.house, "Reader").await;
    let notes = json!({ "workspace_id": id, "path": "skills/seo/über uns.md", "content": "# Notes\n\nfür ⟦alle⟧" });
    doors.house.call("write_file", notes).await;
    let templates = doors.house.call("list_org_templates", json!({})).await;
    let template = templates["items"][0]["template"].as_str().unwrap().to_owned();
    [
        "org".to_owned(),
        "workspaces".to_owned(),
        format!("workspaces/{BUILD_RUNNER}"),
        format!("workspaces/{BUILD_RUNNER}/activity?limit=3"),
        format!("workspaces/{BUILD_RUNNER}/config"),
        format!("workspaces/{BUILD_RUNNER}/schedules"),
        format!("workspaces/{BUILD_RUNNER}/budget"),
        format!("workspaces/{id}/files?depth=3"),
        format!("workspaces/{id}/files/skills/seo/%C3%BCber%20uns.md"),
        format!("workspaces/{id}/container/configs/skills/seo/%C3%BCber%20uns.md"),
        "keys".to_owned(),
        "templates".to_owned(),
        format!("templates/{template}"),
        // A day on which nothing was done: today each read adds to it.
        "journal/2026-01-31".to_owned(),
    ]
    .map(|path| format!("molecule://{path}"))
    .into()
}

/// What a client gets that calls the tool instead.
async fn called(doors: &Doors, place: &Place) -> Value {
    let arguments = place.arguments(chrono::Utc::now().date_naive()).unwrap();
    doors.house.call(place.entry.tool, Value::Object(arguments)).await
}

#[tokio::test]
async fn every_resource_is_its_tools_answer() {
    let doors = Doors::demo().await;
    let mut seen = BTreeSet::from([RESULT]);
    for uri in addresses(&doors).await {
        let place = Place::at(&uri).unwrap();
        let expected = called(&doors, &place).await;
        for answer in doors.everywhere("resources/read", json!({ "uri": uri })).await {
            let result = &answer["result"];
            assert_eq!(content(result)["uri"], json!(uri), "{answer}");
            match expected["content"].as_str() {
                Some(inside) => {
                    assert_eq!(
                        (text(result), &content(result)["mimeType"]),
                        (inside, &json!("text/markdown")),
                        "{uri}"
                    );
                }
                None => {
                    assert_eq!(content(result)["mimeType"], "application/json");
                    let found: Value = serde_json::from_str(text(result)).unwrap();
                    assert_eq!(steady(found), steady(expected.clone()), "{uri}");
                }
            }
            let is_journal = place.entry.tool == "query_journal";
            assert_eq!(result["_meta"]["molecule-org-mcp/untrusted"].is_string(), !is_journal, "{answer}");
            is_in_the_journal(&doors, result, place.entry.tool).await;
        }
        seen.insert(place.entry.name);
    }
    assert_eq!(seen, ENTRIES.iter().map(|entry| entry.name).collect(), "each kind was read");
}

/// Without what goes on while one looks.
fn steady(mut answer: Value) -> Value {
    let mut without = |name: &str| {
        if let Some(fields) = answer.as_object_mut() {
            fields.remove(name);
        }
    };
    without("uptime_seconds");
    without("age_seconds");
    answer
}

async fn is_in_the_journal(doors: &Doors, result: &Value, tool: &str) {
    let invocation = &result["_meta"]["molecule-org-mcp/invocation"];
    doors.house.dispatch.server().journal.flush().await.unwrap();
    let found = doors.house.call("query_journal", json!({ "invocation": invocation })).await;
    let entry = &found["items"][0];
    assert_eq!((&entry["tool"], &entry["outcome"]), (&json!(tool), &json!("done")), "{found}");
    assert!(entry["door"] == "stdio" || entry["door"] == "http", "{entry}");
}

#[tokio::test]
async fn the_newest_revision_is_told_not_to_keep_what_it_reads() {
    let doors = Doors::demo().await;
    let result = doors.read("molecule://org").await;
    let kept = (&result["resultType"], &result["ttlMs"], &result["cacheScope"]);
    assert_eq!(kept, (&json!("complete"), &json!(0), &json!("private")));
}

#[tokio::test]
async fn what_isnt_there_is_refused_in_the_protocols_words_and_the_tools() {
    let doors = Doors::demo().await;
    let nobody = "molecule://workspaces/00000000-0000-4000-8000-000000000000";
    let tools = doors.house.refusal("get_workspace", json!({ "workspace_id": &nobody[22..] })).await;
    for (uri, code, words) in [
        (nobody.to_owned(), "NOT_FOUND", tools.as_str()),
        ("molecule://orgg".to_owned(), "NOT_FOUND", "Did you mean `molecule://org`?"),
        (format!("molecule://workspaces/{BUILD_RUNNER}/shedules"), "NOT_FOUND", "{workspace_id}/schedules`?"),
        ("molecule://workspaces/seven".to_owned(), "INVALID_INPUT", "expected a workspace's id"),
        ("molecule://workspaces?limit=0".to_owned(), "INVALID_INPUT", "expected a number from 1 to 200"),
        ("molecule://workspaces?limit=many".to_owned(), "INVALID_INPUT", "`limit`"),
        ("molecule://workspaces?cursor=forged".to_owned(), "INVALID_INPUT", "isn't one that this list gave"),
        ("molecule://journal/monday".to_owned(), "INVALID_INPUT", "expected a UTC day"),
        (format!("molecule://workspaces/{BUILD_RUNNER}/files/.env"), "FORBIDDEN_BY_POLICY", "hold credentials"),
    ] {
        for (at, answer) in doors.everywhere("resources/read", json!({ "uri": uri })).await.iter().enumerate() {
            let error = &answer["error"];
            let modern = at >= ERAS.len();
            let expected = match code {
                "NOT_FOUND" if !modern => -32002,
                "NOT_FOUND" | "INVALID_INPUT" => -32602,
                _ => -32603,
            };
            assert_eq!((&error["code"], &error["data"]["code"]), (&json!(expected), &json!(code)), "{uri}: {answer}");
            assert!(error["message"].as_str().unwrap().contains(words), "{uri}: {answer}");
            assert_eq!(error["data"]["changed"], "no");
        }
    }
}

#[tokio::test]
async fn a_wrong_shape_is_told_so() {
    let doors = Doors::demo().await;
    for (method, params) in [("resources/read", json!({})), ("resources/read", json!({ "uri": 7 }))] {
        for answer in doors.everywhere(method, params.clone()).await {
            // The HTTP door compares a header with what should be there, first.
            let code = answer["error"]["code"].as_i64().unwrap();
            assert!(code == -32602 || code == -32020, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_hundred_read_at_once() {
    let doors = Doors::demo().await;
    let one = format!("molecule://workspaces/{BUILD_RUNNER}");
    let expected = text(&doors.read(&one).await).to_owned();
    let id = |text: &str| serde_json::from_str::<Value>(text).unwrap()["id"].clone();
    let many = (0..100).map(|n| {
        let (doors, one) = (&doors, &one);
        async move {
            let uri = if n % 2 == 0 { one.clone() } else { "molecule://keys".to_owned() };
            doors.over_http(OWNER, ERAS[n % 2], "resources/read", json!({ "uri": uri })).await
        }
    });
    for (n, answer) in futures_util::future::join_all(many).await.iter().enumerate() {
        let said = text(&answer["result"]);
        if n % 2 == 0 {
            assert_eq!(id(said), id(&expected), "{answer}");
        } else {
            assert!(said.contains("\"items\":["), "{answer}");
        }
    }
}
