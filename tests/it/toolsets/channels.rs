//! The toolset `channels` against the embedded tenant.

use serde_json::{Value, json};

use crate::support::{House, Plan};

const LEAD: &str = "de300000-0000-4000-8000-000000000001";
const SUPPORT: &str = "de300000-0000-4000-8000-00000000000a";
const SLACK: &str = "de300000-0000-4000-8000-000000000601";
const TRIAGE: &str = "de300000-0000-4000-8000-00000000000b";
const TELEGRAM: &str = "de300000-0000-4000-8000-000000000602";
const TOKEN: &str = "123456789:AAcanaryAAcanaryAAcanaryAAcanaryAAc";
const HOOK: &str = "https://hooks.slack.com/services/T1/B1/canary";

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(house: &House) {
    let kinds = house.call("list_channel_adapters", json!({})).await;
    assert_eq!(kinds["items"][3]["channel_type"], "telegram");
    assert_eq!(kinds["items"][3]["fields"][0]["sensitive"], true);

    keep(house, "telegram-bot", TOKEN);
    let added = house.call("add_channel", telegram()).await;
    assert_eq!(added["channel"]["config"], json!({ "chat_id": "-100" }));
    assert_eq!(added["channel"]["kept_back"], json!(["bot_token"]));
    let it = json!({ "workspace_id": LEAD, "channel_id": added["channel"]["id"] });

    let rested = house.call("update_channel", with(&it, json!({ "enabled": false, "allowed_users": "7, 8" }))).await;
    assert_eq!(
        (&rested["channel"]["enabled"], &rested["channel"]["allowed_users"]),
        (&json!(false), &json!(["7", "8"]))
    );
    let listed = house.call("list_channels", json!({ "workspace_id": LEAD })).await;
    assert_eq!(listed["items"][0]["id"], it["channel_id"]);

    let sent = house.call("send_channel_message", with(&it, json!({ "text": "The report is ready." }))).await;
    assert!(sent["delivery"].as_str().unwrap().starts_with("Not confirmed"), "{sent}");
    house.call("test_channel", it.clone()).await;
    let counted = house.call("list_channels", json!({ "workspace_id": LEAD, "fields": ["message_count"] })).await;
    assert_eq!(counted["items"], json!([{ "message_count": 2 }]));

    let source = json!({ "workspace_id": LEAD, "source": "file:telegram-bot" });
    let seen = house.call("discover_channel_chats", source).await;
    assert_eq!(seen["chats"][0]["chat_id"], "-100");

    let removed = house.call("remove_channel", it.clone()).await;
    assert_eq!(removed["was"]["id"], it["channel_id"]);
    assert!(house.refusal("remove_channel", it).await.starts_with("NOT_FOUND: "));
    for answer in [kinds, added, rested, listed, sent, seen, removed] {
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
}

/// Puts a secret where the server finds it.
fn keep(house: &House, name: &str, secret: &str) {
    let place = house.home.path().join("credentials");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join(name), secret).unwrap();
}

fn telegram() -> Value {
    json!({
        "workspace_id": LEAD, "channel_type": "telegram", "config": { "chat_id": "-100" },
        "sources": { "bot_token": "file:telegram-bot" },
    })
}

fn with(base: &Value, more: Value) -> Value {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

fn refused(text: &str, code: &str, words: &[&str]) {
    assert!(text.starts_with(&format!("{code}: ")), "{text}");
    assert!(text.contains("Nothing was changed."), "{text}");
    assert!(!text.contains("canary"), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// As the tenant keeps it, which shows a webhook's address in clear.
async fn kept(house: &House, workspace: &str) -> Value {
    house.host().ask_as_owner("GET", &format!("/workspaces/{workspace}/channels"), Value::Null).await.1[0]["config"]
        .clone()
}

#[tokio::test]
async fn channels_work() {
    scene(&house()).await;
}

#[tokio::test]
async fn a_secret_among_the_arguments_is_refused_and_the_new_way_is_said() {
    let house = house();
    let base = json!({ "workspace_id": LEAD, "channel_type": "slack" });
    for given in [
        json!({ "config": { "webhook_url": HOOK } }),
        json!({ "config": format!("{{\"bot_token\":\"{TOKEN}\",\"chat_id\":\"-1\"}}") }),
        json!({ "config": format!("{{\"bot_token\":\"{TOKEN}\"") }),
        json!({ "config": { "chat_id": TOKEN } }),
        json!({ "bot_token": TOKEN }),
        json!({ "sources": { "bot_token": TOKEN } }),
        json!({ "sources": { "webhook_url": HOOK } }),
    ] {
        let text = house.refusal("add_channel", with(&base, given)).await;
        refused(&text, "INVALID_INPUT", &["file:NAME"]);
    }
    let it = json!({ "workspace_id": SUPPORT, "channel_id": SLACK, "config": { "webhook_url": HOOK } });
    refused(&house.refusal("update_channel", it).await, "INVALID_INPUT", &["`sources`"]);
    let old = json!({ "type": "telegram", "config": { "bot_token": TOKEN } });
    refused(&house.refusal("discover_channel_chats", old).await, "INVALID_INPUT", &["`source`"]);
    assert!(house.host().asked().is_empty());
    house.is_balanced().await;
    for file in std::fs::read_dir(house.home.path()).unwrap().map(|found| found.unwrap().path()) {
        let kept = std::fs::read(&file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&kept).contains("canary"), "{}", file.display());
    }
}

#[tokio::test]
async fn what_another_server_took_is_taken() {
    let house = house();
    keep(&house, "telegram-bot", TOKEN);
    let text = json!({ "config": "{\"chat_id\":\"-1001234567890\"}", "allowed_users": "1111, 2222" });
    let added = house.call("add_channel", with(&telegram(), text)).await;
    assert_eq!(added["channel"]["allowed_users"], json!(["1111", "2222"]));
    let it = json!({ "workspace_id": LEAD, "channel_id": added["channel"]["id"] });
    let emptied = house.call("update_channel", with(&it, json!({ "config": "", "allowed_users": "" }))).await;
    assert_eq!(emptied["channel"]["allowed_users"], json!([]));
    assert!(emptied["notes"][0].as_str().unwrap().contains("everybody"), "{emptied}");
    let old = json!({ "workspace_id": LEAD, "type": "telegram", "config": {}, "source": "file:telegram-bot" });
    house.call("discover_channel_chats", old).await;
}

#[tokio::test]
async fn a_changed_configuration_keeps_what_it_had_and_never_a_mask() {
    let house = house();
    let slack =
        json!({ "workspace_id": SUPPORT, "channel_id": SLACK, "config": { "chat_id": "C1", "username": null } });
    let changed = house.call("update_channel", slack).await;
    assert_eq!(changed["channel"]["config"], json!({ "chat_id": "C1" }));
    let webhook = "https://hooks.slack.com/services/T000/B000/demo";
    assert_eq!(kept(&house, SUPPORT).await, json!({ "chat_id": "C1", "webhook_url": webhook }));
    assert!(!changed.to_string().contains(webhook), "{changed}");

    let moved = json!({ "workspace_id": TRIAGE, "channel_id": TELEGRAM, "config": { "chat_id": "-5" } });
    let text = house.refusal("update_channel", moved.clone()).await;
    refused(&text, "INVALID_INPUT", &["doesn't give bot_token back", r#"`sources`: {"bot_token": "file:NAME"}"#]);
    keep(&house, "telegram-bot", TOKEN);
    let moved = with(&moved, json!({ "sources": { "bot_token": "file:telegram-bot" } }));
    house.call("update_channel", moved).await;
    // Without a look at the configuration nothing of it is written.
    let users = json!({ "workspace_id": TRIAGE, "channel_id": TELEGRAM, "allowed_users": ["1"] });
    house.call("update_channel", users).await;
    assert_eq!(kept(&house, TRIAGE).await, json!({ "chat_id": "-5", "bot_token": "1234...yAAc" }));
}

#[tokio::test]
async fn what_the_tenant_would_refuse_or_break_is_said_first() {
    let house = house();
    keep(&house, "short", "1:abc");
    keep(&house, "hook", HOOK);
    keep(&house, "telegram-bot", "1:abc");
    let short = json!({ "sources": { "bot_token": "file:short" } });
    refused(&house.refusal("add_channel", with(&telegram(), short)).await, "INVALID_INPUT", &["BotFather"]);
    let unknown = json!({ "channel_type": "telegramm" });
    refused(
        &house.refusal("add_channel", with(&telegram(), unknown)).await,
        "INVALID_INPUT",
        &["Did you mean `telegram`?"],
    );
    let second = json!({ "workspace_id": SUPPORT, "channel_type": "slack", "sources": { "webhook_url": "file:hook" } });
    refused(&house.refusal("add_channel", second).await, "CONFLICT", &[SLACK, "update_channel"]);
    let broken = json!({ "workspace_id": SUPPORT, "channel_id": SLACK, "config": { "webhook_url": null } });
    refused(&house.refusal("update_channel", broken).await, "INVALID_INPUT", &["slack needs"]);
    let empty = json!({ "workspace_id": SUPPORT, "channel_id": SLACK });
    refused(&house.refusal("update_channel", empty).await, "INVALID_INPUT", &["nothing to change"]);
    assert!(house.host().asked().iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn only_a_workspaces_own_channel_is_sent_through() {
    let house = house();
    let others = json!({ "workspace_id": LEAD, "channel_id": TELEGRAM });
    let text = house.refusal("send_channel_message", with(&others, json!({ "text": "x" }))).await;
    refused(&text, "NOT_FOUND", &["list_channels"]);
    refused(&house.refusal("test_channel", others).await, "NOT_FOUND", &[]);
    let nobody = json!({ "workspace_id": SUPPORT, "channel_id": SLACK });
    refused(&house.refusal("test_channel", nobody).await, "PRECONDITION_FAILED", &["`chat_id`"]);
    assert!(house.host().asked().iter().all(|one| one.method == "GET"));
    let nowhere = json!({ "workspace_id": "00000000-0000-4000-8000-000000000000" });
    refused(&house.refusal("list_channels", nowhere).await, "NOT_FOUND", &[]);
}

#[tokio::test]
async fn a_spent_budget_isnt_waited_for() {
    let house = house();
    let channel = "de300000-0000-4000-8000-0000000006ff";
    house.host().seed(&json!({
        "table": "workspace_channels", "id": channel, "workspace_id": LEAD, "channel_type": "lark", "enabled": true,
        "channel_config": { "chat_id": "oc_1" }, "message_count": 5, "channel_budget": 5,
    }));
    let message = json!({ "workspace_id": LEAD, "channel_id": channel, "text": "x" });
    refused(&house.refusal("send_channel_message", message).await, "BUDGET_EXCEEDED", &["budget"]);
}
