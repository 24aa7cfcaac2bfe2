//! What the recordings can't show of messages and events: workspaces that nobody really runs answer,
//! what an agent swallowed is sent again, and whoever watches hears of what happens.

use std::time::Duration;

use molecule_org_mcp::backend::embedded::serve;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::state::{Caller, key_of, open, status_in_the_end};

const PATIENCE: Duration = Duration::from_secs(10);

fn message(text: &str) -> Value {
    json!({ "method": "message/send", "params": { "message": { "parts": [{ "kind": "text", "text": text }] } } })
}

async fn make(caller: &Caller, wish: Value) -> String {
    let made = caller.send("POST", "/workspaces", wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn kinds(caller: &Caller, workspace: &str) -> Vec<String> {
    let events = caller.get(&format!("/events/{workspace}")).await;
    let kinds = events.as_array().unwrap().iter().rev().map(|event| event["event_type"].as_str().unwrap().to_owned());
    kinds.collect()
}

#[tokio::test]
async fn a_simulated_workspace_answers() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let id = make(&caller, json!({ "name": "Talker" })).await;
    let early = caller.send("POST", &format!("/workspaces/{id}/a2a"), message("hello")).await;
    assert_eq!((early.status, &early.body["error"]), (503, &json!("workspace has no URL")));

    status_in_the_end(&caller, &id, "online").await;
    let answer = caller.send("POST", &format!("/workspaces/{id}/a2a"), message("hello")).await;
    assert_eq!((answer.status, &answer.body["result"]["parts"][0]["text"]), (200, &json!("echo: hello")));
    let noted = caller.get(&format!("/workspaces/{id}/activity?source=canvas")).await;
    assert_eq!(noted[0]["summary"], "message/send → Talker");

    caller.send("POST", &format!("/workspaces/{id}/hibernate"), Value::Null).await;
    let asleep = caller.send("POST", &format!("/workspaces/{id}/a2a"), message("wake up")).await;
    assert_eq!((asleep.status, asleep.header("retry-after")), (503, Some("15")));
    status_in_the_end(&caller, &id, "online").await;
}

#[tokio::test]
async fn what_happens_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let lead = make(&caller, json!({ "name": "Lead", "external": true, "url": "https://agent.example" })).await;
    let id = make(&caller, json!({ "name": "Told", "parent_id": lead })).await;
    status_in_the_end(&caller, &id, "online").await;
    let path = |rest: &str| format!("/workspaces/{id}/{rest}");
    let asked = caller.send("POST", &path("approvals"), json!({ "action": "deploy" })).await;
    let decide = path(&format!("approvals/{}/decide", asked.body["approval_id"].as_str().unwrap()));
    caller.send("POST", &decide, json!({ "decision": "denied" })).await;
    caller.send("POST", &path("agent"), json!({ "model": "m" })).await;
    caller.send("POST", &path("pause"), Value::Null).await;
    caller.send("DELETE", &format!("/workspaces/{id}"), Value::Null).await;

    let told = [
        "WORKSPACE_PROVISIONING",
        "WORKSPACE_ONLINE",
        "APPROVAL_REQUESTED",
        "APPROVAL_DENIED",
        "AGENT_ASSIGNED",
        "WORKSPACE_PAUSED",
        "WORKSPACE_REMOVED",
    ];
    assert_eq!(kinds(&caller, &id).await, told);
    assert_eq!(kinds(&caller, &lead).await, ["WORKSPACE_PROVISIONING", "WORKSPACE_ONLINE", "APPROVAL_ESCALATED"]);
}

#[tokio::test]
async fn a_swallowed_delegation_is_sent_again_by_a_heartbeat() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let agent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", agent.local_addr().unwrap().port());
    tokio::spawn(hangs_up_once(agent));
    let source = make(&caller, json!({ "name": "Source", "external": true, "url": "https://agent.example" })).await;
    let target = make(&caller, json!({ "name": "Target", "external": true, "url": url })).await;
    let task = json!({ "target_id": target, "task": "think" });
    caller.send("POST", &format!("/workspaces/{source}/delegate"), task).await;
    let path = format!("/workspaces/{source}/delegations");
    in_the_end(&caller, &path, "queued").await;

    caller.send("POST", "/registry/heartbeat", json!({ "workspace_id": target })).await;
    in_the_end(&caller, &path, "completed").await;
    let rows = caller.get(&path).await;
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["response_preview"]), (2, &json!("thought")));
}

async fn in_the_end(caller: &Caller, path: &str, status: &str) {
    for _ in 0..400 {
        if caller.get(path).await[0]["status"] == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {status}: {}", caller.get(path).await);
}

async fn hangs_up_once(agent: TcpListener) {
    let answer =
        json!({ "jsonrpc": "2.0", "result": { "parts": [{ "kind": "text", "text": "thought" }] } }).to_string();
    for turn in 0..2 {
        let (mut stream, _) = agent.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"}") {
            stream.read_buf(&mut asked).await.unwrap();
        }
        if turn > 0 {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
            stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_watcher_hears_of_its_workspace_until_the_server_stops() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let caller = Caller { address: listener.local_addr().unwrap(), key: key_of(&tenant) };
    let until = CancellationToken::new();
    let serving = tokio::spawn({
        let (tenant, until) = (tenant.clone(), until.clone());
        async move { serve(&tenant, listener, until).await }
    });
    let id = make(&caller, json!({ "name": "Watched" })).await;
    let other = make(&caller, json!({ "name": "Other", "external": true, "url": "https://agent.example" })).await;

    let mut stream = TcpStream::connect(caller.address).await.unwrap();
    let asked = format!(
        "GET /workspaces/{id}/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        caller.key
    );
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut heard = String::new();
    hear(&mut stream, &mut heard, ": ping").await;
    caller.send("POST", &format!("/workspaces/{other}/notify"), json!({ "message": "not for you" })).await;
    caller.send("POST", &format!("/workspaces/{id}/notify"), json!({ "message": "for you" })).await;
    hear(&mut stream, &mut heard, "AGENT_MESSAGE").await;
    assert!(heard.contains("text/event-stream") && heard.contains("for you") && !heard.contains("not for you"));
    caller.send("POST", &format!("/workspaces/{id}/restart"), Value::Null).await;
    hear(&mut stream, &mut heard, "WORKSPACE_PROVISIONING").await;
    heard.clear();
    // nobody else looks at the rows: the watcher itself lets it come online
    hear(&mut stream, &mut heard, "WORKSPACE_ONLINE").await;

    until.cancel();
    timeout(PATIENCE, serving).await.unwrap().unwrap().unwrap();
}

async fn hear(stream: &mut TcpStream, heard: &mut String, wanted: &str) {
    while !heard.contains(wanted) {
        let mut buffer = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "the stream ended before {wanted}: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}
