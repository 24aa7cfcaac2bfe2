//! Texts that no row of the tenant can hold, because they come from its disk, from an agent, or from a
//! service behind it: a scripted tenant says them.

use serde_json::{Value, json};

use super::Door;
use super::corpus::{TEXTS, Text};
use super::views::As::{Data, Line, Name, Prose, Range, Start};
use super::views::{View, view};
use crate::faults::{FaultyTenant, Reply, Seen};
use crate::support::{House, Plan};

const SAID: &[View] = &[
    view(
        "list_org_templates",
        r#"{"limit":100}"#,
        &[
            ("items/*/template", "folder", Name),
            ("items/*/name", "template_name", Name),
            ("items/*/description", "description", Prose),
            ("items/*/required/*", "variable", Line),
            ("items/*/recommended/*", "variable", Line),
        ],
    ),
    view(
        "list_templates",
        r#"{"limit":100,"long":true}"#,
        &[
            ("items/*/template", "folder", Name),
            ("items/*/name", "template_name", Name),
            ("items/*/description", "description", Prose),
            ("items/*/runtime", "runtime", Name),
            ("items/*/model", "model", Name),
            ("items/*/required/*", "variable", Line),
        ],
    ),
    view(
        "list_plugin_registry",
        r#"{"limit":100,"long":true}"#,
        &[
            ("items/*/name", "plugin", Name),
            ("items/*/version", "version", Name),
            ("items/*/description", "description", Prose),
            ("items/*/author", "author", Name),
            ("items/*/tags/*", "tag", Name),
            ("items/*/skills/*", "skill", Name),
        ],
    ),
    view(
        "import_org",
        r#"{"inline":{"name":"{number}","workspaces":[]}}"#,
        &[
            ("org", "org", Name),
            ("problem", "problem", Prose),
            ("workspaces/*/name", "name", Start),
            ("workspaces/*/channels_skipped/*/reason", "reason", Start),
        ],
    ),
    view(
        "query_agent_ledger",
        r#"{"workspace_id":"{main}"}"#,
        &[
            ("items/*/id", "entry", Name),
            ("items/*/agent_id", "agent", Name),
            ("items/*/session_id", "session", Name),
            ("items/*/operation", "operation", Name),
            ("items/*/model_used", "model", Name),
            ("reason", "entry", Line),
        ],
    ),
    view("chat_with_agent", r#"{"workspace_id":"{main}","message":"hello"}"#, &[("text", "reply", Prose)]),
    view("get_console", r#"{"workspace_id":"{main}"}"#, &[("content", "console", Range)]),
    view(
        "get_shared_context",
        r#"{"workspace_id":"{main}"}"#,
        &[("items/*/path", "path", Name), ("items/*/content", "shared", Range)],
    ),
    view(
        "list_traces",
        r#"{"workspace_id":"{main}"}"#,
        &[("items/*/id", "trace", Name), ("items/*/input/**", "input", Data), ("items/*/output/**", "output", Data)],
    )
    .some(&[("items/*/name", "trace_name", Prose)]),
];

fn saying(seen: &Seen) -> Reply {
    let all = |one: fn(&Text) -> Value| Value::Array(TEXTS.iter().map(one).collect());
    let path = seen.path.split('?').next().unwrap();
    let body = match path {
        "/org/templates" | "/templates" => all(template),
        "/plugins" => all(plugin),
        "/org/import" => return Reply::json(207, &imported(seen)),
        _ => match TEXTS.iter().find(|text| path.contains(&text.id(1))) {
            Some(text) => about(text, path),
            None => json!([]),
        },
    };
    Reply::json(200, &body)
}

fn template(text: &Text) -> Value {
    let variables = json!([text.put("variable"), { "any_of": ["A", text.put("variable")] }]);
    json!({
        "dir": text.put("folder"), "id": text.put("folder"), "name": text.put("template_name"),
        "description": text.put("description"), "runtime": text.put("runtime"), "model": text.put("model"),
        "required_env": variables, "recommended_env": variables,
    })
}

/// The name of what is imported is the number of a text.
fn imported(seen: &Seen) -> Value {
    let asked: Value = serde_json::from_slice(&seen.body).unwrap();
    let text = &TEXTS[asked["template"]["name"].as_str().unwrap().parse::<usize>().unwrap()];
    let skipped = json!([{ "type": "slack", "reason": text.put("reason") }]);
    json!({
        "org": text.put("org"), "error": text.put("problem"),
        "workspaces": [{ "id": text.id(1), "name": text.put("name"), "tier": 1, "channels_skipped": skipped }],
    })
}

fn plugin(text: &Text) -> Value {
    json!({
        "name": text.put("plugin"), "version": text.put("version"), "description": text.put("description"),
        "author": text.put("author"), "tags": [text.put("tag")], "skills": [text.put("skill")],
    })
}

fn about(text: &Text, path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "a2a" => json!({ "result": { "parts": [{ "kind": "text", "text": text.put("reply") }] } }),
        "console" => json!({ "output": text.put("console") }),
        "shared-context" => json!([{ "path": text.put("path"), "content": text.put("shared") }]),
        "traces" => json!([{
            "id": text.put("trace"), "name": text.put("trace_name"),
            "input": [text.put("input")], "output": { "said": text.put("output") },
        }]),
        // It follows one that isn't there, and so is named in the verdict.
        "audit" => json!({ "total": 1, "events": [{
            "id": text.put("entry"), "timestamp": "2026-01-01T00:00:00Z", "agent_id": text.put("agent"),
            "session_id": text.put("session"), "operation": text.put("operation"), "model_used": text.put("model"),
            "prev_hmac": "a", "hmac": "b",
        }] }),
        _ => json!({ "id": text.id(1), "name": "there", "status": "online" }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_row_holds_stays_in_its_field_too() {
    let tenant = FaultyTenant::start(saying).await;
    let door = Door::of(House::before(&tenant.url(), Plan::default())).await;
    let mut sights = 0;
    for view in SAID {
        sights += door.shows(view, &TEXTS).await;
    }
    println!("{} texts, {sights} sights of them", TEXTS.len());
}
