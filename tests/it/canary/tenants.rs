//! Tenants that say credentials wherever they can: in fields that nobody asked for, in those that are passed on, in
//! errors and in headers, as they are and encoded.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::marks::{FROM_ENV, FROM_FILE, ID, KEY, MINTED, NOBODY_ASKED, TOKEN, hex, percent};
use crate::faults::{Reply, Seen};

/// What it should, and all that it shouldn't.
fn generous(seen: &Seen) -> Reply {
    if is_file(seen) {
        return Reply::text(200, "a file's own text");
    }
    Reply::with(200, &[("content-type", "application/json"), ("x-key", KEY)], all_fields(seen).to_string())
}

/// What a file holds is what was asked for.
fn is_file(seen: &Seen) -> bool {
    seen.path.contains("/chat/download?")
}

fn all_fields(seen: &Seen) -> Value {
    let now = "2026-01-01T00:00:00Z";
    let extra = json!({ "auth_token": TOKEN, "value": FROM_FILE, "nested": { "secret": NOBODY_ASKED } });
    let with = |mut fields: Value| {
        let (fields_of, extra) = (fields.as_object_mut().unwrap(), extra.as_object().unwrap().clone());
        fields_of.extend(extra);
        fields
    };
    let workspace = with(json!({
        "id": ID, "name": format!("w of {KEY}"), "role": KEY, "last_sample_error": format!("401 for Bearer {KEY}"), "url": KEY, "status": "online", "tier": 2, "runtime": "x", "agent_card": { "name": "a", "token": TOKEN },
    }));
    let approval = with(
        json!({ "id": ID, "action": "x", "status": "pending", "created_at": now, "workspace_id": ID, "workspace_name": "w" }),
    );
    let token = with(json!({ "id": ID, "prefix": "CanaryWs", "created_at": now }));
    let key = with(json!({ "id": ID, "prefix": "CanaryMi", "created_at": now }));
    let secret = with(json!({ "key": "A", "scope": "workspace" }));
    let schedule = with(json!({
        "id": ID, "name": "n", "cron_expr": "0 9 * * *", "prompt": KEY, "enabled": true, "last_error": KEY,
        "workspace_id": ID, "workspace_name": "w", "schedule_id": ID, "status": "stale", "stale_threshold_seconds": 1,
    }));
    let channel = with(json!({
        "id": ID, "channel_type": "matrix", "enabled": true,
        "config": { "chat_id": "c", "bot_token": "Cana...ary", "webhook_url": FROM_FILE, "later": NOBODY_ASKED },
    }));
    let path = seen.path.split('?').next().unwrap().replace(ID, "{}");
    let remote = format!("https://x:{TOKEN}@h.example/r.git?token={TOKEN}");
    let repository = with(json!({ "cf_repo_name": "r", "remote_url": remote, "created_at": now, "object_count": 1 }));
    let plugin = with(json!({ "name": "code-review" }));
    match (seen.method.as_str(), path.as_str()) {
        ("GET", path) if path.starts_with("/workspaces/{}/files/") => with(json!({ "content": "a", "size": 1 })),
        ("GET", "/workspaces/{}/files") => json!([with(json!({ "path": "a", "size": 1, "dir": false }))]),
        ("GET", "/workspaces/{}/artifacts") => with(json!({ "artifact": repository, "cf_repo": repository })),
        ("POST", "/workspaces/{}/artifacts" | "/workspaces/{}/artifacts/fork") => repository,
        ("GET", "/plugins" | "/workspaces/{}/plugins" | "/workspaces/{}/plugins/available") => json!([plugin]),
        ("GET", "/org/tokens") => json!({ "tokens": [key], "auth_token": MINTED }),
        ("POST", "/org/tokens") => json!({ "id": ID, "prefix": "CanaryMi", "auth_token": MINTED, "warning": MINTED }),
        ("GET", "/workspaces") => json!([workspace]),
        ("GET", "/workspaces/{}") => workspace,
        ("POST", "/workspaces") => {
            let connection = json!({ "auth_token": TOKEN, "curl": format!("curl -H 'Bearer {TOKEN}'") });
            with(json!({ "id": ID, "status": "provisioning", "connection": connection }))
        }
        ("GET", "/workspaces/{}/tokens") => json!({ "tokens": [token] }),
        ("POST", "/workspaces/{}/tokens") => json!({ "auth_token": TOKEN, "message": TOKEN }),
        ("GET", "/workspaces/{}/secrets" | "/settings/secrets") => json!([secret]),
        ("GET", "/workspaces/{}/approvals" | "/approvals/pending") => json!([approval]),
        ("POST", "/workspaces/{}/approvals") => with(json!({ "approval_id": ID, "status": "pending" })),
        ("GET", "/workspaces/{}/activity") => json!([with(json!({ "created_at": now }))]),
        ("GET", "/org/templates") => json!([with(json!({ "dir": "d", "name": "n" }))]),
        ("POST", "/org/import") => with(json!({ "org": "o", "workspaces": [with(json!({ "id": ID, "name": "w" }))] })),
        ("GET", "/admin/schedules/health") => json!([schedule]),
        ("GET", "/workspaces/{}/schedules") => json!([schedule]),
        ("POST", "/workspaces/{}/schedules") => with(json!({ "id": ID })),
        ("POST", "/workspaces/{}/a2a") => {
            json!({ "result": with(json!({ "kind": "message", "parts": [{ "kind": "text", "text": KEY }] })) })
        }
        ("POST", "/workspaces/{}/schedules/{}/run") => with(json!({ "prompt": KEY })),
        ("GET", "/workspaces/{}/schedules/{}/history") => {
            json!([with(json!({ "timestamp": now, "error_detail": KEY }))])
        }
        ("GET" | "PATCH", "/workspaces/{}/budget") => with(json!({ "budget_limit": 1, "monthly_spend": 2 })),
        ("GET", "/channels/adapters") => json!([with(json!({ "type": "irc", "config_schema": [] }))]),
        ("GET", "/workspaces/{}/channels") => json!([channel]),
        ("POST", "/workspaces/{}/channels") => with(json!({ "id": ID })),
        ("POST", "/channels/discover") => {
            with(json!({ "bot_username": KEY, "chats": [{ "id": 1, "title": KEY, "x": TOKEN }] }))
        }
        ("GET", "/admin/liveness") => {
            json!({ "subsystems": { KEY: with(json!({ "last_tick_at": now, "seconds_ago": 1 })) } })
        }
        ("POST", "/admin/a2a-queue/drop-stale") => with(json!({ "dropped": 1 })),
        ("POST", "/admin/workspace-images/refresh") => with(json!({ "pulled": [KEY] })),
        _ => with(json!({ "status": "ok" })),
    }
}

/// All that we hold while this is answered, in forms that no rule about the look of keys finds.
fn encoded(seen: &Seen) -> String {
    let body = String::from_utf8_lossy(&seen.body);
    let held = [KEY, FROM_ENV, FROM_FILE, TOKEN].into_iter().filter(|one| {
        *one == KEY || body.contains(*one) || seen.header("authorization").is_some_and(|bearer| bearer.contains(*one))
    });
    let forms = held.map(|one| {
        let basic = STANDARD.encode(format!("user:{one}"));
        format!("{} {basic} {} {}", URL_SAFE_NO_PAD.encode(one), hex(one), percent(one))
    });
    forms.collect::<Vec<_>>().join(" ")
}

/// The generous one, and after every text that may be any text, the same in other forms.
fn encoding(seen: &Seen) -> Reply {
    if is_file(seen) {
        return generous(seen);
    }
    let mut body = all_fields(seen);
    say_after_texts(&mut body, "", &encoded(seen));
    Reply::json(200, &body)
}

fn say_after_texts(value: &mut Value, name: &str, more: &str) {
    match value {
        Value::String(text) if !has_form(name, text) => *text = format!("{text} {more}"),
        Value::Array(items) => items.iter_mut().for_each(|item| say_after_texts(item, name, more)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, inner)| say_after_texts(inner, name, more)),
        _ => {}
    }
}

/// Ids, times and words of a list, which would no longer be read.
fn has_form(name: &str, text: &str) -> bool {
    text == ID
        || text.starts_with("2026-")
        || matches!(name, "status" | "scope" | "kind" | "type" | "channel_type" | "cron_expr" | "key" | "auth_token")
}

/// A refusal of ours names it.
fn busy() -> Reply {
    let name = format!("w of {KEY}");
    Reply::json(200, &json!({ "id": ID, "name": name, "status": KEY, "active_tasks": 1 }))
}

/// All that it was sent and would send.
fn gossip(seen: &Seen) -> String {
    let bearer = seen.header("authorization").unwrap_or_default().to_owned();
    let mut values = String::new();
    // As a driver quotes a parameter, and as a framework quotes a body.
    if let Ok(Value::Object(fields)) = serde_json::from_slice(&seen.body) {
        let inner = ["secrets", "config"].into_iter().filter_map(|name| fields.get(name)?.as_object()).flatten();
        for (name, value) in fields.iter().chain(inner) {
            values.push_str(&format!("{name}={} ", value.as_str().unwrap_or_default()));
        }
    }
    format!("not for {bearer}: {values} {} {MINTED}", String::from_utf8_lossy(&seen.body))
}

/// The value of a header, which can't hold line ends.
fn head(seen: &Seen) -> String {
    gossip(seen).replace(|c: char| !c.is_ascii_graphic(), " ")
}

fn refusing(status: u16) -> impl Fn(&Seen) -> Reply + Clone {
    move |seen: &Seen| Reply::json(status, &json!({ "error": gossip(seen), "missing_env": [gossip(seen)] }))
}

/// Reads are answered, so that the acts behind them are tried; and what agents say is their own affair.
fn only_acts(reply: impl Fn(&Seen) -> Reply) -> impl Fn(&Seen) -> Reply {
    move |seen: &Seen| if seen.method == "GET" || seen.path.ends_with("/a2a") { generous(seen) } else { reply(seen) }
}

/// A file has no form: whatever the tenant answers is what it holds.
fn but_files(reply: impl Fn(&Seen) -> Reply) -> impl Fn(&Seen) -> Reply {
    move |seen: &Seen| if is_file(seen) { generous(seen) } else { reply(seen) }
}

pub type Script = Box<dyn Fn(&Seen) -> Reply + Send + Sync>;

pub fn tenants() -> Vec<(&'static str, Script)> {
    vec![
        ("generous", Box::new(generous)),
        ("busy", Box::new(|seen| if seen.path == format!("/workspaces/{ID}") { busy() } else { generous(seen) })),
        ("refuses reads", Box::new(refusing(400))),
        ("refuses acts", Box::new(only_acts(refusing(409)))),
        ("lacks something", Box::new(only_acts(refusing(412)))),
        ("fails", Box::new(only_acts(refusing(500)))),
        ("another form", Box::new(but_files(|seen| Reply::json(200, &json!(gossip(seen)))))),
        (
            "another form of acts",
            Box::new(only_acts(|seen| Reply::json(200, &json!({ "id": gossip(seen), "tokens": gossip(seen) })))),
        ),
        ("text", Box::new(|seen| Reply::text(404, &gossip(seen)))),
        (
            "headers",
            Box::new(only_acts(|seen| {
                let said = head(seen);
                let headers = [
                    ("content-type", said.as_str()),
                    ("retry-after", &said),
                    ("location", &said),
                    ("x-request-id", &said),
                ];
                Reply::with(429, &headers, "")
            })),
        ),
        (
            "redirects",
            Box::new(|seen| {
                Reply::with(302, &[("location", &format!("http://127.0.0.1:9/{}", head(seen).replace(' ', "+")))], "")
            }),
        ),
        // Types can't tell these from what may be said: here the filter stands alone.
        ("encoding", Box::new(encoding)),
        (
            "encodes what it refuses",
            Box::new(only_acts(|seen| {
                Reply::json(409, &json!({ "error": encoded(seen), "missing_env": [encoded(seen)] }))
            })),
        ),
    ]
}
