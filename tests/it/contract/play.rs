//! Plays a recording against a fresh tenant: mints the recorder's key, sends each step with what earlier
//! ones captured, and compares. Exceptions are listed with their reason; a listed step that matches is a
//! failure, so that the list can't go stale. One that differs only by its day is right, and listed for
//! whoever compares exactly.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use molecule_org_mcp::backend::embedded::{Settings, Tenant, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::compare::{Allowed, differences};
use super::exchange::{Answer, Request};
use super::{ADMIN, fixtures};

type Captured = BTreeMap<String, Value>;

pub(super) async fn recording(name: &str, settings: impl FnOnce(&Path) -> Settings) {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(directory.path());
    let org = settings.org_id.clone();
    let has_admin = settings.admin_token.is_some();
    let tenant = Tenant::open(settings).unwrap();
    let seed = fixtures().join(format!("seeds/{name}.jsonl"));
    if seed.exists() {
        tenant.seed_rows(&seed).unwrap();
    }
    let address = start(&tenant).await;
    let player = Player { address, org, has_admin };

    let mut captured = player.mint_recorder().await;
    let exceptions = exceptions(name);
    let mut failures = Vec::new();
    let mut excepted = 0;
    let steps = steps(name);
    for (number, step) in (1..).zip(&steps) {
        let excused = exceptions.contains(&number);
        let found = player.step(step, &mut captured).await;
        if excused && found.different.is_empty() {
            failures.push(format!("{number} is listed as an exception, but it matches"));
        }
        if !excused && !found.wrong.is_empty() {
            failures.push(format!("{number} {}: {}", step["name"], found.wrong.join("; ")));
        }
        excepted += usize::from(excused && !found.wrong.is_empty());
    }
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
    assert!(excepted * 10 <= steps.len(), "{name}: {excepted} exceptions of {} steps", steps.len());
}

pub(super) async fn start(tenant: &Tenant) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tenant.clone();
    tokio::spawn(async move { serve(&served, listener, CancellationToken::new()).await });
    address
}

fn steps(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join(format!("recordings/{name}.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn exceptions(name: &str) -> Vec<usize> {
    let text = fs::read_to_string(fixtures().join("exceptions.txt")).unwrap();
    let listed = |line: &str| {
        let mut words = line.split_whitespace();
        let is_ours = words.next() == Some(name);
        let number = words.next().filter(|_| is_ours)?.parse().unwrap();
        assert!(words.next().is_some(), "an exception without a reason: {line}");
        Some(number)
    };
    text.lines().filter_map(listed).collect()
}

struct Found {
    different: Vec<String>,
    /// What the recording's day, which is over, doesn't explain.
    wrong: Vec<String>,
}

struct Player {
    address: SocketAddr,
    org: Option<String>,
    has_admin: bool,
}

impl Player {
    async fn mint_recorder(&self) -> Captured {
        let step = serde_json::json!({
            "method": "POST", "path": "/org/tokens", "auth": "admin", "body": { "name": "recorder" },
        });
        let minted = self.send(&step, &Captured::new()).await;
        assert_eq!(minted.status, 200, "the recorder's key was not minted: {}", minted.body);
        let kept = [("org_token", "auth_token"), ("org_prefix", "prefix"), ("org_token_id", "id")];
        kept.map(|(name, field)| (name.to_owned(), minted.body[field].clone())).into()
    }

    /// Sends one step, keeps what it captures, and says what differs.
    async fn step(&self, step: &Value, captured: &mut Captured) -> Found {
        let answer = self.send(step, captured).await;
        for (name, pointer) in step["capture"].as_object().into_iter().flatten() {
            let pointer = pointer.as_str().unwrap().trim_end_matches('/');
            captured.insert(name.clone(), answer.body.pointer(pointer).cloned().unwrap_or_default());
        }
        let want = &step["response"];
        let found = |other_days| {
            let mut found = Vec::new();
            if want["status"] != answer.status {
                found.push(format!("status {} became {}", want["status"], answer.status));
            }
            let kind = want["headers"]["content-type"].as_str().and_then(|kind| kind.split(';').next());
            if kind.is_some_and(|kind| kind != answer.kind()) {
                found.push(format!("content type {kind:?} became {:?}", answer.kind()));
            }
            let volatile = want["volatile"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            found.extend(differences(&want["body"], &answer.body, &Allowed { volatile, other_days }, ""));
            found
        };
        Found { different: found(false), wrong: found(true) }
    }

    async fn send(&self, step: &Value, captured: &Captured) -> Answer {
        let method = step["method"].as_str().unwrap();
        let path = filled(step["path"].as_str().unwrap(), captured);
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in step["headers"].as_object().into_iter().flatten() {
            headers.push((name.clone(), filled(value.as_str().unwrap(), captured)));
        }
        let has = |headers: &[(String, String)], wanted: &str| {
            headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if let Some(org) = self.org.as_ref().filter(|_| method == "POST" && path == "/org/tokens")
            && !has(&headers, "X-Molecule-Org-Id")
        {
            headers.push(("X-Molecule-Org-Id".to_owned(), org.clone()));
        }
        if let Some(token) = self.token(step, captured) {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        let body = match (step["raw"].as_str(), &step["body"]) {
            (Some(raw), _) => filled(raw, captured).into_bytes(),
            (None, Value::Null) => Vec::new(),
            (None, body) => serde_json::to_vec(&substituted(body, captured)).unwrap(),
        };
        if !body.is_empty() && step["raw"].is_null() && !has(&headers, "Content-Type") {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        Request { method, path, headers, body }.send(self.address).await
    }

    fn token(&self, step: &Value, captured: &Captured) -> Option<String> {
        match step["auth"].as_str().unwrap_or("org") {
            "admin" => self.has_admin.then(|| ADMIN.to_owned()),
            "org" => captured["org_token"].as_str().map(str::to_owned),
            "none" => None,
            "bad" => Some("not-a-real-token".to_owned()),
            other => Some(filled(other, captured)),
        }
    }
}

/// Every `{{name}}` in a text by what was captured.
fn filled(text: &str, captured: &Captured) -> String {
    captured.iter().fold(text.to_owned(), |text, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.replace(&format!("{{{{{name}}}}}"), &value)
    })
}

/// The same in JSON, where a text that is nothing but `{{name}}` becomes the captured value itself.
fn substituted(value: &Value, captured: &Captured) -> Value {
    match value {
        Value::String(text) => {
            let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
            let whole = whole.and_then(|name| captured.get(name));
            whole.cloned().unwrap_or_else(|| filled(text, captured).into())
        }
        Value::Array(items) => items.iter().map(|item| substituted(item, captured)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), substituted(value, captured))).collect()
        }
        other => other.clone(),
    }
}
