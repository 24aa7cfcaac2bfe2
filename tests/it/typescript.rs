//! Whoever comes from the TypeScript server brings its 87 tool names and its own argument shapes
//! (tests/fixtures/typescript-tools.json): each works, or is refused with the new way, where it
//! carries a secret or can't be done.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use molecule_org_mcp::tools::catalogue::Catalogue;
use serde_json::{Value, json};

use crate::snapshot;
use crate::support::{House, Plan, state};

/// Refused, with a word of the new way, and what the guide says.
const REFUSED: [(&str, &str, &str, &str); 8] = [
    // They carry a secret.
    ("set_secret", "INVALID_INPUT", "`source`", "`source` instead of `value`"),
    ("set_global_secret", "INVALID_INPUT", "`source`", "`source` instead of `value`"),
    ("add_channel", "INVALID_INPUT", "`sources`", "secrets of `config` go into `sources`"),
    ("discover_channel_chats", "INVALID_INPUT", "`source`", "`source` instead of the token in `config`"),
    // The tenant replaces the whole configuration, whose secret part nobody can read back.
    ("update_channel", "INVALID_INPUT", "`sources`", "secrets of a new `config` go into `sources`"),
    // They never could be done.
    ("notify_user", "INVALID_INPUT", "`message`", "`message` instead of its arguments, which the tenant refuses"),
    ("set_canvas_viewport", "NOT_SUPPORTED", "organisation key", "refused: organisation keys may only read it"),
    ("delete_file", "NOT_SUPPORTED", "refuses", "refused: the tenant takes no path"),
];

/// What stands for a secret in the fixture's examples.
const SECRETS: [&str; 3] = ["sk-or-v1-0000000000000000", "ghp_000000000000000000000000000000000000", "AAE00000000000"];

#[tokio::test]
async fn every_tool_of_the_typescript_server_works_or_says_the_new_way() {
    let text = std::fs::read_to_string(snapshot::file("tests/fixtures/typescript-tools.json")).unwrap();
    let tools: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(tools.len(), 87);
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let mut wrong = Vec::new();
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        let furniture = furnish(&house, name).await;
        let arguments = filled(&tool["example"], &furniture);
        let refused = REFUSED.iter().find(|(refused, ..)| *refused == name);
        match (house.try_call(name, arguments).await, refused) {
            (Ok(_), None) => {}
            (Ok(answer), Some(_)) => wrong.push(format!("{name} answered {}", answer.content)),
            (Err(refusal), None) => wrong.push(format!("{name}: {}", refusal.failure.text())),
            (Err(refusal), Some((_, code, way, _))) => {
                let text = refusal.failure.text();
                if !text.starts_with(code) || !text.contains(way) || SECRETS.iter().any(|secret| text.contains(secret))
                {
                    wrong.push(format!("{name}: {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 87:\n{}", wrong.len(), wrong.join("\n"));
    house.is_balanced().await;
    let journal = state(house.home.path());
    let rows: Vec<String> = journal
        .prepare("SELECT body FROM journal")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(rows.len() > 87 && !rows.iter().any(|row| SECRETS.iter().any(|secret| row.contains(secret))));
}

/// The guide's table: what each of those names is here.
#[test]
fn the_guide_names_each_tool() {
    let text = std::fs::read_to_string(snapshot::file("tests/fixtures/typescript-tools.json")).unwrap();
    let tools: Vec<Value> = serde_json::from_str(&text).unwrap();
    let catalogue = Catalogue::new();
    let mut table = "| there | here | effect | |\n|---|---|---|---|\n".to_owned();
    for name in tools.iter().map(|tool| tool["name"].as_str().unwrap()) {
        let here = catalogue.find(name).unwrap().tool;
        let change = REFUSED.iter().find(|(refused, ..)| *refused == name).map_or("", |(.., change)| change);
        let link = if here.name == name { String::new() } else { format!("[{0}](../tools.md#{0})", here.name) };
        writeln!(table, "| {name} | {link} | {} | {change} |", here.most.as_str()).unwrap();
    }
    snapshot::part("docs/guides/migrating.md", "names", &table);
}

fn filled(value: &Value, furniture: &BTreeMap<&str, String>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) if furniture.contains_key(name) => json!(furniture[name]),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, furniture)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, inner)| (name.clone(), filled(inner, furniture))).collect())
        }
        other => other.clone(),
    }
}

/// What that tool's example speaks of, made at the tenant: two workspaces of its own and the rest.
async fn furnish(house: &House, tool: &str) -> BTreeMap<&'static str, String> {
    let mut furniture = BTreeMap::new();
    let one = workspace(house, tool, tool.contains("remote_agent")).await;
    furniture.insert("workspace2", workspace(house, &format!("{tool} 2"), false).await);
    let made = |method: &'static str, path: &str, body: Value| {
        let path = format!("/workspaces/{one}{path}");
        async move { made(house, method, &path, body).await }
    };
    match tool {
        "replace_agent" | "remove_agent" | "move_agent" => {
            made("POST", "/agent", json!({ "model": "a:b" })).await;
        }
        "resume_workspace" => {
            made("POST", "/pause", json!({})).await;
        }
        "decide_approval" => {
            let asked = made("POST", "/approvals", json!({ "action": "x" })).await;
            furniture.insert("approval", text(&asked["approval_id"]));
        }
        "delete_memory" => {
            let kept = made("POST", "/memories", json!({ "content": "x", "scope": "LOCAL" })).await;
            furniture.insert("memory", text(&kept["id"]));
        }
        "memory_get" | "memory_delete_kv" => {
            made("POST", "/memory", json!({ "key": "prefs", "value": 1 })).await;
            furniture.insert("key", "prefs".to_owned());
        }
        "delete_secret" => {
            made("POST", "/secrets", json!({ "key": "TEMPORARY", "value": "x" })).await;
            furniture.insert("key", "TEMPORARY".to_owned());
        }
        "delete_global_secret" => {
            self::made(house, "PUT", "/settings/secrets", json!({ "key": "TEMPORARY", "value": "x" })).await;
            furniture.insert("key", "TEMPORARY".to_owned());
        }
        "delete_schedule" | "update_schedule" | "run_schedule" | "get_schedule_history" => {
            let schedule = json!({ "name": "x", "cron_expr": "0 0 1 1 *", "prompt": "say hello" });
            furniture.insert("schedule", text(&made("POST", "/schedules", schedule).await["id"]));
        }
        "remove_channel" | "update_channel" | "send_channel_message" | "test_channel" => {
            let config = json!({ "bot_token": format!("1234567:{}", "A".repeat(35)), "chat_id": "-100" });
            let channel = json!({ "channel_type": "telegram", "config": config });
            furniture.insert("channel", text(&made("POST", "/channels", channel).await["id"]));
        }
        "update_delegation_status" => {
            let record = json!({ "target_id": furniture["workspace2"], "task": "x", "delegation_id": "d-1" });
            made("POST", "/delegations/record", record).await;
            furniture.insert("delegation", "d-1".to_owned());
        }
        "collapse_team" => {
            let child =
                json!({ "name": "a member", "parent_id": one, "external": true, "url": "https://agent.example" });
            self::made(house, "POST", "/workspaces", child).await;
        }
        "expand_team" => {
            let config = "name: for expand_team\nsub_workspaces:\n  - name: a member\n";
            let template = json!({ "name": "for expand_team", "files": { "config.yaml": config } });
            self::made(house, "POST", "/templates/import", template).await;
        }
        "delete_file" => {
            made("PUT", "/files/skills/seo", json!({ "content": "x" })).await;
        }
        "read_file" => {
            made("PUT", "/files/system-prompt.md", json!({ "content": "You audit pages." })).await;
        }
        "uninstall_plugin" => {
            made("POST", "/plugins", json!({ "source": "code-review" })).await;
            online(house, &one).await;
        }
        _ => {}
    }
    furniture.insert("workspace", one);
    furniture
}

async fn workspace(house: &House, name: &str, external: bool) -> String {
    let mut body = json!({ "name": format!("for {name}"), "role": "is tried out" });
    if external {
        body["external"] = true.into();
        body["url"] = "https://agent.example".into();
    }
    let id = text(&made(house, "POST", "/workspaces", body).await["id"]);
    online(house, &id).await;
    id
}

async fn online(house: &House, workspace: &str) {
    crate::road::becomes(house, workspace, "online").await;
}

async fn made(house: &House, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = house.host().ask_as_owner(method, path, body).await;
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
