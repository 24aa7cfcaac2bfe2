//! The tasks extension at both doors: who is given one, what is asked about it, and how it is cancelled.

use std::time::{Duration, Instant};

use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::waiting;
use crate::support::{self, House, Plan, http};

fn request(id: u64, method: &str, mut params: Value, tasks: bool) -> Value {
    let extensions = if tasks { json!({ "io.modelcontextprotocol/tasks": {} }) } else { json!({}) };
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "extensions": extensions },
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Over pipes in memory.
struct Client {
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
    tasks: bool,
}

impl Client {
    fn of(house: &House, tasks: bool) -> Self {
        let (to, reader) = duplex(64 * 1024);
        let (writer, from) = duplex(64 * 1024);
        tokio::spawn(serve_on(std::sync::Arc::clone(&house.dispatch), reader, writer));
        Self { to, from: BufReader::new(from).lines(), tasks }
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let line = format!("{}\n", request(1, method, params, self.tasks));
        self.to.write_all(line.as_bytes()).await.unwrap();
        let line = timeout(Duration::from_secs(20), self.from.next_line()).await;
        serde_json::from_str(&line.expect("an answer in time").unwrap().expect("an answer")).unwrap()
    }

    async fn call(&mut self, (tool, arguments): (&str, Value)) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await["result"].clone()
    }

    /// Polls as a client does.
    async fn ended(&mut self, id: &Value) -> Value {
        loop {
            let answer = self.ask("tasks/get", json!({ "taskId": id })).await;
            let task = &answer["result"];
            assert_eq!(task["resultType"], "complete", "{answer}");
            if task["status"] != "working" {
                return task.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn house() -> House {
    House::open(Plan { seeded: true, ..Plan::default() })
}

#[tokio::test]
async fn a_call_that_takes_long_becomes_a_task_and_a_quick_one_doesnt() {
    let house = house();
    let mut client = Client::of(&house, true);
    let quick = client.call(support::quick()).await;
    assert_eq!((&quick["resultType"], &quick["isError"]), (&json!("complete"), &json!(false)));
    let quick = client.call(support::slow(100)).await;
    assert_eq!(quick["resultType"], "complete", "an import that is quick");

    let begun = Instant::now();
    let task = client.call(support::slow(3_500)).await;
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    assert_eq!((&task["ttlMs"], &task["pollIntervalMs"]), (&json!(86_400_000), &json!(2_000)));
    assert!(task["createdAt"].is_string() && task["lastUpdatedAt"].is_string());
    let came = client.ended(&task["taskId"]).await;
    assert_eq!(came["status"], "completed", "{came}");
    let result = &came["result"];
    assert_eq!(result["isError"], false);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
    let record = house.journal("import_org").await;
    assert_eq!(
        (&record["invocation"], &record["outcome"]),
        (&result["_meta"]["molecule-org-mcp/invocation"], &json!("done"))
    );
    // As a tool sees it, the same job.
    let listed = client.call(("list_jobs", json!({}))).await;
    assert_eq!(listed["structuredContent"]["items"][0]["job_id"], task["taskId"]);
}

#[tokio::test]
async fn who_doesnt_know_tasks_waits_for_the_answer() {
    let house = house();
    let mut client = Client::of(&house, false);
    let answer = client.call(support::slow(2_500)).await;
    assert_eq!((&answer["resultType"], &answer["isError"]), (&json!("complete"), &json!(false)), "{answer}");
    let refused = client.ask("tasks/get", json!({ "taskId": "x" })).await;
    assert_eq!(refused["error"]["code"], -32021, "{refused}");
    assert_eq!(house.call("list_jobs", json!({})).await["items"], json!([]));
}

#[tokio::test]
async fn a_cancelled_task_says_whether_anything_changed() {
    let house = house();
    let mut client = Client::of(&house, true);
    let task = client.call(("wait_for_workspace", waiting(600))).await;
    assert_eq!(task["status"], "working", "{task}");
    let id = &task["taskId"];
    let noted = client.ask("tasks/cancel", json!({ "taskId": id })).await;
    assert_eq!(noted["result"]["resultType"], "complete", "{noted}");
    let came = client.ended(id).await;
    assert_eq!(came["status"], "cancelled", "{came}");
    assert!(came["statusMessage"].as_str().unwrap().contains("Nothing was changed."), "{came}");

    house.host().halt_act();
    let task = client.call(support::slow(60)).await;
    let id = &task["taskId"];
    client.ask("tasks/cancel", json!({ "taskId": id })).await;
    let came = client.ended(id).await;
    assert_eq!((&came["status"], &came["result"]["isError"]), (&json!("completed"), &json!(true)), "{came}");
    let error = &came["result"]["_meta"]["molecule-org-mcp/error"];
    assert_eq!((&error["code"], &error["changed"]), (&json!("CANCELLED"), &json!("unknown")));
    // What is over can be cancelled again, which changes nothing.
    assert!(client.ask("tasks/cancel", json!({ "taskId": id })).await["result"].is_object());
}

#[tokio::test]
async fn what_nobody_has_is_told_apart_from_what_is_wrong() {
    let house = house();
    let mut client = Client::of(&house, true);
    for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
        let params = json!({ "taskId": "Zm9vYmFyYmF6cXV4Zm9vYmFy", "inputResponses": {} });
        let answer = client.ask(method, params).await;
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
        let answer = client.ask(method, json!({ "taskId": 7 })).await;
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(method), "{answer}");
    }
    let task = client.call(("wait_for_workspace", waiting(600))).await;
    let answered = client.ask("tasks/update", json!({ "taskId": task["taskId"], "inputResponses": { "a": {} } })).await;
    assert_eq!(answered["result"]["resultType"], "complete", "{answered}");
    client.ask("tasks/cancel", json!({ "taskId": task["taskId"] })).await;
}

#[tokio::test]
async fn over_http_a_task_outlives_its_connection() {
    let house = house();
    let settings = HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        bearer: Some("s3cret".into()),
        allowed_hosts: vec![],
        allowed_origins: vec![],
    };
    let bound = bind(settings, std::sync::Arc::clone(&house.dispatch)).await.unwrap();
    let (address, until) = (bound.address(), CancellationToken::new());
    let door = tokio::spawn(bound.serve(until.clone()));
    let ask = async |mount: &str, method: &str, name: &str, params: Value| -> Value {
        // A connection of its own, closed with the answer.
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("Authorization", "Bearer s3cret"),
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", method),
            ("Mcp-Name", name),
        ];
        let body = request(1, method, params, true).to_string();
        let (status, body) = http("POST", &format!("http://{address}{mount}"), &headers, &body).await;
        assert_eq!(status, 200, "{body}");
        let lines = body.lines().map(|line| line.trim_start_matches("data: "));
        lines.rev().find_map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object)).unwrap()
    };
    for mount in ["/mcp", "/mcp/json"] {
        let (tool, arguments) = support::slow(3_000);
        let params = json!({ "name": tool, "arguments": arguments });
        let task = ask(mount, "tools/call", tool, params).await["result"].clone();
        assert_eq!(task["resultType"], "task", "{mount}: {task}");
        let id = task["taskId"].as_str().unwrap();
        let came = loop {
            let answer = ask(mount, "tasks/get", id, json!({ "taskId": id })).await;
            if answer["result"]["status"] != "working" {
                break answer["result"].clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!((&came["status"], &came["result"]["isError"]), (&json!("completed"), &json!(false)), "{came}");
    }
    until.cancel();
    door.await.unwrap().unwrap();
}
