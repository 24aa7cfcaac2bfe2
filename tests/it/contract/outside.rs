//! Channels: nothing leaves the machine, what would have is kept, and what comes in reaches the agent.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::state::{Caller, key_of, open};

const TOKEN: &str = "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const SECRET: &str = "hush-hush-hush";

/// A tenant with one workspace, which has one channel. The channel's path comes with it.
async fn with_telegram(directory: &Path, more: Value) -> (Caller, String, String) {
    let tenant = open(directory);
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let made = caller.send("POST", "/workspaces", json!({ "name": "Desk" })).await;
    let workspace = format!("/workspaces/{}", made.body["id"].as_str().unwrap());
    let mut wish = json!({
        "channel_type": "telegram",
        "config": { "bot_token": TOKEN, "chat_id": "-100, 200", "webhook_secret": SECRET },
    });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = caller.send("POST", &format!("{workspace}/channels"), wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let channel = format!("{workspace}/channels/{}", made.body["id"].as_str().unwrap());
    (caller, workspace, channel)
}

#[tokio::test]
async fn what_is_sent_stays_here() {
    let directory = tempfile::tempdir().unwrap();
    let (caller, workspace, channel) = with_telegram(directory.path(), json!({})).await;
    assert_eq!(caller.send("POST", &format!("{channel}/send"), json!({ "text": "Hello." })).await.status, 200);
    assert_eq!(caller.send("POST", &format!("{channel}/test"), Value::Null).await.status, 200);

    let rows = Connection::open(directory.path().join("tenant.db")).unwrap();
    let mut sent = rows.prepare("SELECT chat_id, text FROM channel_messages ORDER BY rowid").unwrap();
    let sent: Vec<(String, String)> =
        sent.query_map([], |row| row.try_into()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!((sent.len(), &sent[0]), (2, &("-100, 200".to_owned(), "Hello.".to_owned())));
    let listed = caller.get(&format!("{workspace}/channels")).await;
    assert_eq!((&listed[0]["message_count"], &listed[0]["config"]["bot_token"]), (&json!(2), &json!("1234...AAAA")));
}

#[tokio::test]
async fn its_secrets_are_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let (caller, workspace, channel) = with_telegram(directory.path(), json!({})).await;
    for file in ["tenant.db", "tenant.db-wal"] {
        let bytes = std::fs::read(directory.path().join(file)).unwrap_or_default();
        for secret in [TOKEN, SECRET] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{file} shows {secret}");
        }
    }
    // whoever writes back what was shown has lost the token
    let shown = caller.get(&format!("{workspace}/channels")).await[0]["config"].clone();
    assert_eq!(shown["webhook_secret"], SECRET);
    caller.send("PATCH", &channel, json!({ "config": shown })).await;
    let wish = json!({ "channel_type": "telegram", "bot_token": TOKEN, "workspace_id": "x" });
    assert_eq!(caller.send("POST", "/channels/discover", wish).await.body["chats"], json!([]));
}

#[tokio::test]
async fn chats_of_a_known_bot_are_discovered() {
    let directory = tempfile::tempdir().unwrap();
    let (caller, ..) = with_telegram(directory.path(), json!({})).await;
    let wish = json!({ "channel_type": "telegram", "bot_token": TOKEN, "workspace_id": "x" });
    let found = caller.send("POST", "/channels/discover", wish).await;
    let chats: Vec<&Value> = found.body["chats"].as_array().unwrap().iter().map(|chat| &chat["chat_id"]).collect();
    assert_eq!((found.status, chats), (200, vec![&json!("-100"), &json!("200")]));
}

async fn hear(caller: &Caller, secret: &str, user: i64) -> Value {
    let message = json!({ "message": { "chat": { "id": 200 }, "from": { "id": user }, "text": "Where is my order?" } });
    caller.send_with("POST", "/webhooks/telegram", message, ("X-Telegram-Bot-Api-Secret-Token", secret)).await.body
}

#[tokio::test]
async fn what_comes_in_reaches_the_agent() {
    let directory = tempfile::tempdir().unwrap();
    let (caller, workspace, _) = with_telegram(directory.path(), json!({ "allowed_users": ["5"] })).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(hear(&caller, "wrong", 5).await, json!({ "status": "no_channel" }));
    // accepted, and dropped
    assert_eq!(hear(&caller, SECRET, 6).await, json!({ "status": "accepted" }));
    assert_eq!(hear(&caller, SECRET, 5).await, json!({ "status": "accepted" }));
    let received = format!("{workspace}/activity?type=a2a_receive");
    for _ in 0..200 {
        if caller.get(&received).await != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let received = caller.get(&received).await;
    assert_eq!(received.as_array().unwrap().len(), 1, "{received}");
    assert!(received[0]["request_body"].to_string().contains("Where is my order?"), "{received}");
}
