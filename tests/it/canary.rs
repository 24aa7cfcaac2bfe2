//! Marked credentials everywhere, and a tenant that says them wherever it can: none may occur in what
//! an agent reads, in the log at its loudest, or in any file but the sink's.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use molecule_org_mcp::tools::catalogue::Catalogue;
use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply, Seen};
use crate::process::{Running, towards};
use crate::support::http;

const KEY: &str = "CanaryOrgKey-ownABCDEFGHIJKLMNOPQRSTUVW0123";
const MINTED: &str = "CanaryMinted-_newZYXWVUTSRQPONMLKJIHGFE4567";
const TOKEN: &str = "CanaryWsTokenwsAZBYCXDWEVFUGTHSIRJQKPLO8901";
/// Short and with marks, so that no rule about the look of keys finds them.
const FROM_FILE: &str = "canary/file secret, 17";
const FROM_ENV: &str = "canary.env!23";
const NOBODY_ASKED: &str = "canary-that-nobody-asked-for";
const CANARIES: [&str; 6] = [KEY, MINTED, TOKEN, FROM_FILE, FROM_ENV, NOBODY_ASKED];

const ID: &str = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";

/// A part of a key is a leak as well, but for the prefix that names it.
const PART: usize = 12;

fn leaks(place: &str, bytes: &[u8]) {
    let parts: HashSet<&[u8]> = CANARIES.iter().flat_map(|canary| canary.as_bytes().windows(PART)).collect();
    if let Some(at) = bytes.windows(PART).position(|window| parts.contains(window)) {
        let around = &bytes[at.saturating_sub(120)..(at + 80).min(bytes.len())];
        panic!("a canary is in {place}: …{}…", String::from_utf8_lossy(around));
    }
}

#[test]
#[should_panic(expected = "a canary is in here")]
fn a_part_of_a_key_would_be_found() {
    leaks("here", format!("nothing{}nothing", &KEY[9..30]).as_bytes());
}

fn leaks_below(directory: &Path) {
    for found in fs::read_dir(directory).unwrap() {
        let path = found.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("credentials") => {}
            true if path.ends_with("capsules") => are_private(&path),
            true => leaks_below(&path),
            false => leaks(&path.display().to_string(), &fs::read(&path).unwrap()),
        }
    }
}

/// A capsule keeps a configuration as the tenant tells it, and so is its owner's alone. Of secrets it
/// keeps the names.
fn are_private(capsules: &Path) {
    for found in fs::read_dir(capsules).unwrap() {
        let path = found.unwrap().path();
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        let capsule: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(capsule["workspaces"][0]["secrets"], json!([{ "key": "A", "scope": "workspace" }]));
    }
}

/// Every tool, with arguments that let it go as far as it can: those of its example, or others.
fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = chosen();
    for entry in Catalogue::new().entries().iter().filter(|entry| entry.tool.calls.is_none()) {
        let name = entry.tool.name;
        if !calls.iter().any(|(tool, _)| *tool == name) {
            calls.push((name, serde_json::from_str(entry.tool.example).unwrap()));
        }
    }
    calls
}

fn chosen() -> Vec<(&'static str, Value)> {
    let it = || json!({ "workspace_id": ID });
    vec![
        ("whoami", json!({})),
        ("query_journal", json!({ "limit": 100 })),
        ("list_consents", json!({})),
        ("get_org_overview", json!({})),
        ("list_org_templates", json!({})),
        ("import_org", json!({ "template": "starter-team" })),
        ("list_workspaces", json!({ "long": true })),
        ("get_workspace", it()),
        ("find_idle_workspaces", json!({})),
        (
            "create_workspace",
            json!({ "name": "a", "sink": "file", "secrets": { "A": "env:CANARY", "B": "file:secret" } }),
        ),
        ("update_workspace", json!({ "workspace_id": ID, "name": "b" })),
        ("restart_workspace", it()),
        ("pause_workspace", it()),
        ("resume_workspace", it()),
        ("delete_workspace", it()),
        ("wait_for_workspace", json!({ "workspace_id": ID, "seconds": 1 })),
        ("check_remote_agent_freshness", json!({ "workspace_id": ID, "threshold_seconds": 1, "listen": true })),
        ("list_org_keys", json!({})),
        ("mint_org_key", json!({ "name": "ci" })),
        ("rotate_org_key", json!({ "key": ID, "sink": "file" })),
        ("revoke_key", json!({ "key": ID })),
        ("inspect_org_keys", json!({})),
        ("list_workspace_tokens", it()),
        ("create_workspace_token", it()),
        ("revoke_workspace_token", json!({ "workspace_id": ID, "token_id": ID })),
        ("list_pending_approvals", json!({})),
        ("list_workspace_approvals", it()),
        ("create_approval", json!({ "workspace_id": ID, "action": "x" })),
        ("decide_approval", json!({ "workspace_id": ID, "approval_id": ID, "decision": "denied" })),
        ("list_secrets", it()),
        ("list_global_secrets", json!({})),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:CANARY" })),
        ("set_global_secret", json!({ "key": "A", "source": "file:secret" })),
        ("delete_secret", json!({ "workspace_id": ID, "key": "A" })),
        ("delete_global_secret", json!({ "key": "A" })),
        ("get_budget", it()),
        ("set_budget", json!({ "workspace_id": ID, "limit": { "cents": 1, "currency": "USD" } })),
        ("get_spend_report", json!({})),
        ("list_schedules", json!({ "workspace_id": ID, "long": true })),
        ("create_schedule", json!({ "workspace_id": ID, "name": "new", "cron_expr": "0 9 * * *", "prompt": "p" })),
        ("update_schedule", json!({ "workspace_id": ID, "schedule_id": ID, "enabled": true })),
        ("run_schedule", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("get_schedule_history", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("get_schedule_health", it()),
        ("list_schedule_health", json!({ "limit": 9 })),
        ("delete_schedule", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("list_channel_adapters", json!({})),
        ("list_channels", json!({ "workspace_id": ID, "long": true })),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "sources": { "bot_token": "file:secret" } }),
        ),
        (
            "update_channel",
            json!({ "workspace_id": ID, "channel_id": ID, "config": { "username": "u" }, "sources": { "bot_token": "env:CANARY" } }),
        ),
        ("send_channel_message", json!({ "workspace_id": ID, "channel_id": ID, "text": "t" })),
        ("test_channel", json!({ "workspace_id": ID, "channel_id": ID })),
        ("discover_channel_chats", json!({ "workspace_id": ID, "source": "file:secret" })),
        ("remove_channel", json!({ "workspace_id": ID, "channel_id": ID })),
        ("get_platform_health", json!({})),
        ("get_platform_metrics", json!({})),
        ("drop_stale_queue", it()),
        ("refresh_workspace_images", json!({ "everywhere": true, "recreate": true })),
        // Credentials where they don't belong.
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": FROM_ENV })),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:MOLECULE_ORG_TOKEN" })),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:CANARY", "value": FROM_ENV })),
        ("create_workspace", json!({ "name": "a", "secrets": { "A": FROM_FILE } })),
        ("add_channel", json!({ "workspace_id": ID, "channel_type": "irc", "config": { "bot_token": FROM_FILE } })),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "config": format!("{{\"chat_id\":\"{KEY}\"}}") }),
        ),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "bot_token": FROM_ENV, "sources": { KEY: FROM_FILE } }),
        ),
        ("discover_channel_chats", json!({ "type": "telegram", "config": { "bot_token": MINTED } })),
        ("get_workspace", json!({ "workspace_id": KEY })),
        ("revoke_key", json!({ "key": MINTED })),
        ("mint_org_key", json!({ "name": "x", "sink": TOKEN })),
        ("list_workspaces", json!({ "cursor": KEY, "status": TOKEN })),
        (
            "import_org",
            json!({ "inline": { "name": "x", "workspaces": [{ "channels": [{ "config": { "bot_token": MINTED } }] }] } }),
        ),
    ]
}

/// What it should, and all that it shouldn't.
fn generous(seen: &Seen) -> Reply {
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
    let body = match (seen.method.as_str(), path.as_str()) {
        // What a file holds is what was asked for.
        ("GET", "/workspaces/{}/chat/download") => return Reply::text(200, "a file's own text"),
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
    };
    Reply::json(200, &body)
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
    move |seen: &Seen| if seen.path.contains("/chat/download?") { generous(seen) } else { reply(seen) }
}

type Script = Box<dyn Fn(&Seen) -> Reply + Send + Sync>;

fn tenants() -> Vec<(&'static str, Script)> {
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
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_credential_leaves_but_to_its_sink() {
    let (mut answers, mut exposures) = (0, 0);
    for (name, script) in tenants() {
        let tenant = FaultyTenant::start(script).await;
        let data = tempfile::tempdir().unwrap();
        let credentials = data.path().join("credentials");
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join("secret"), FROM_FILE).unwrap();
        let url = tenant.url();
        let begin = |arguments: &[&str], log: &str| {
            let mut command = towards(&url, KEY, data.path());
            command.env("CANARY", FROM_ENV).env("MOLECULE_MCP_LOG", "trace");
            Running::logging(command, arguments, &data.path().join(log))
        };
        let stdio = begin(&[], "stdio.log");
        answers += over_stdio(name, stdio);
        let served = begin(&["http", "--listen", "127.0.0.1:0"], "http.log");
        answers += over_http(name, served, data.path()).await;
        leaks_below(data.path());
        exposures += tenant.count();
        if name == "generous" {
            assert!(holds(&credentials, MINTED) && holds(&credentials, TOKEN), "nothing was delivered");
            let bodies: Vec<String> =
                tenant.seen().iter().map(|seen| String::from_utf8_lossy(&seen.body).into()).collect();
            assert!(
                bodies.iter().any(|body| body.contains(FROM_ENV)) && bodies.iter().any(|body| body.contains(FROM_FILE))
            );
        }
    }
    println!("{answers} answers to callers, {exposures} of a tenant that says what it knows: no credential escaped");
}

fn holds(directory: &Path, credential: &str) -> bool {
    let mut files = fs::read_dir(directory).unwrap().map(|found| fs::read_to_string(found.unwrap().path()).unwrap());
    files.any(|text| text.trim() == credential)
}

fn over_stdio(tenant: &str, mut process: Running) -> usize {
    process.greet();
    let calls = calls();
    for (id, (tool, arguments)) in calls.iter().enumerate() {
        process.call(id as u64 + 1, tool, arguments.clone());
        let answer = process.answer().to_string();
        leaks(&format!("the answer to {tool} over stdio ({tenant})"), answer.as_bytes());
    }
    process.close();
    calls.len()
}

async fn over_http(tenant: &str, served: Running, data: &Path) -> usize {
    let log = data.join("http.log");
    let url = loop {
        let said = fs::read_to_string(&log).unwrap();
        if let Some(line) = said.lines().find_map(|line| line.strip_prefix("ready "))
            && data.join("owner-bearer").exists()
        {
            break line.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let bearer = format!("Bearer {}", fs::read_to_string(data.join("owner-bearer")).unwrap().trim());
    let calls = calls();
    for (tool, arguments) in &calls {
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        for authorization in [bearer.as_str(), &format!("Bearer {KEY}")] {
            let headers = [("Authorization", authorization), ("Content-Type", "application/json")];
            let (status, answer) = http("POST", &format!("{url}/json"), &headers, &call).await;
            assert_eq!(status == 200, authorization == bearer, "{answer}");
            leaks(&format!("the answer to {tool} over HTTP ({tenant})"), answer.as_bytes());
        }
    }
    drop(served);
    calls.len()
}
