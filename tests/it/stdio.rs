//! The stdio door, driven over pipes in memory: both eras, whatever isn't a message, cancellation,
//! and the end of the input. `support` provides the road behind it and the calls to send.

use std::time::{Duration, Instant};

use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support;

struct Client {
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
    door: JoinHandle<()>,
}

impl Client {
    fn start() -> Self {
        let (to, reader) = duplex(64 * 1024);
        let (writer, from) = duplex(64 * 1024);
        let door = tokio::spawn(serve_on(support::dispatch(), reader, writer));
        Self { to, from: BufReader::new(from).lines(), door }
    }

    async fn begun() -> Self {
        let mut client = Self::start();
        client.ask(&initialize("2025-06-18").to_string()).await;
        client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        client
    }

    async fn send(&mut self, line: impl AsRef<[u8]>) {
        self.to.write_all(line.as_ref()).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = timeout(Duration::from_secs(5), self.from.next_line()).await;
        let line = line.expect("an answer in time").unwrap().expect("an answer");
        serde_json::from_str(&line).unwrap()
    }

    async fn ask(&mut self, line: impl AsRef<[u8]>) -> Value {
        self.send(line).await;
        self.next().await
    }

    async fn still_answers(&mut self) {
        let pong = self.ask(r#"{"jsonrpc":"2.0","id":"still","method":"ping"}"#).await;
        assert_eq!(pong, json!({ "jsonrpc": "2.0", "id": "still", "result": {} }));
    }

    /// Closes the input and says how long the door took to end.
    async fn close(self) -> Duration {
        let closed = Instant::now();
        drop(self.to);
        timeout(Duration::from_secs(5), self.door).await.expect("the door ends").unwrap();
        closed.elapsed()
    }
}

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
}

fn call(id: Value, (tool, arguments): (&str, Value)) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}

fn modern(method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

#[tokio::test]
async fn every_handshake_revision_is_spoken() {
    for (asked, agreed) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let mut client = Client::start();
        let answer = client.ask(initialize(asked).to_string()).await;
        assert_eq!(answer["result"]["protocolVersion"], agreed, "{asked}");
        for offered in ["tools", "prompts", "completions", "resources"] {
            assert!(answer["result"]["capabilities"][offered].is_object(), "{offered}: {answer}");
        }
        assert_eq!(answer["result"]["serverInfo"]["name"], "molecule-org-mcp");
        let answer = client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await;
        assert!(!answer["result"]["tools"].as_array().unwrap().is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn the_stateless_revision_is_spoken() {
    let mut client = Client::start();
    let about = client.ask(modern("server/discover", json!({}))).await;
    let versions = about["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{about}");
    let list = client.ask(modern("tools/list", json!({}))).await;
    assert_eq!(list["result"]["resultType"], "complete");
    assert_eq!(list["result"]["cacheScope"], "private");
    assert_eq!(list, client.ask(modern("tools/list", json!({}))).await);
    let (tool, arguments) = support::quick();
    let answer = client.ask(modern("tools/call", json!({ "name": tool, "arguments": arguments }))).await;
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
    assert!(result["_meta"]["molecule-org-mcp/invocation"].is_string(), "{answer}");
}

#[tokio::test]
async fn a_request_of_neither_era_is_asked_which() {
    let mut client = Client::start();
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    let answer = client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await;
    assert_eq!(answer["error"]["code"], -32602);
    client.still_answers().await;
}

#[tokio::test]
async fn mistakes_have_answers_and_the_next_request_works() {
    let mut client = Client::begun().await;
    let giant = vec![b'x'; 20_000_000];
    let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{}", "[".repeat(100_000));
    let mistakes: [(&[u8], i64, Value); 14] = [
        (b"{", -32700, json!(null)),
        (b"not json", -32700, json!(null)),
        (b"\xff\xfe", -32700, json!(null)),
        (b"\0", -32700, json!(null)),
        (deep.as_bytes(), -32700, json!(null)),
        (b"[]", -32600, json!(null)),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, json!(null)),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, json!(null)),
        (br#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, -32600, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#, -32602, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}"#, -32602, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":7}}"#, -32602, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"cursor":"x"}}"#, -32602, json!(7)),
        (&giant, -32600, json!(null)),
    ];
    for (line, code, id) in mistakes {
        let answer = client.ask(line).await;
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{shown}: {answer}");
        client.still_answers().await;
    }
    client.send("\n  \r\n\r").await;
    client.still_answers().await;
}

#[tokio::test]
async fn what_is_not_offered_is_unknown() {
    let mut client = Client::begun().await;
    for method in ["resources/list", "resources/templates/list", "logging/setLevel", "nobody/knows"] {
        let answer = client.ask(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} }).to_string());
        let code = answer.await["error"]["code"].clone();
        let takes_params = method == "logging/setLevel";
        assert!(code == -32601 || (takes_params && code == -32602), "{method}: {code}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_the_agents_to_mend() {
    let mut client = Client::begun().await;
    let answer = client.ask(call(json!(1), ("no_such_tool", json!({})))).await;
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    assert!(result["content"][0]["text"].as_str().unwrap().starts_with("INVALID_INPUT: "));
    assert_eq!(result["_meta"]["molecule-org-mcp/error"]["code"], "INVALID_INPUT");
    assert!(result.get("structuredContent").is_none());
}

#[tokio::test]
async fn a_cancelled_call_is_silent_and_frees_its_id() {
    let mut client = Client::begun().await;
    client.send(call(json!(1), support::slow(60_000))).await;
    let twice = client.ask(call(json!(1), support::quick())).await;
    assert_eq!((&twice["id"], &twice["error"]["code"]), (&json!(1), &json!(-32600)));
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#).await;
    client.still_answers().await;
    let answer = client.ask(call(json!(1), support::quick())).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    // Nothing is left running that the end would have to wait for.
    assert!(client.close().await < Duration::from_millis(300));
}

#[tokio::test]
async fn progress_is_told_before_the_answer() {
    let mut client = Client::begun().await;
    // An import looks how far it is every two seconds.
    let (tool, arguments) = support::slow(2_400);
    let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": "p" } });
    client.send(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()).await;
    let mut told = 0.0;
    loop {
        let message = client.next().await;
        if message["id"] == 1 {
            break;
        }
        assert_eq!(message["params"]["progressToken"], "p", "{message}");
        let progress = message["params"]["progress"].as_f64().unwrap();
        assert!(progress > told, "{message}");
        told = progress;
    }
    assert!(told > 0.0, "a slow call tells of at least one step");
}

#[tokio::test]
async fn the_end_of_the_input_is_the_end() {
    let client = Client::begun().await;
    assert!(client.close().await < Duration::from_millis(300));

    let mut client = Client::begun().await;
    client.send(call(json!(1), support::slow(60_000))).await;
    client.still_answers().await;
    assert!(client.close().await < Duration::from_secs(1));
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let mut client = Client::start();
    client.send(initialize("2025-06-18").to_string()).await;
    // Without a newline, as `printf` leaves it.
    client.to.write_all(call(json!(1), support::quick()).as_bytes()).await.unwrap();
    let Client { to, from, door } = client;
    drop(to);
    let answers = tokio::spawn(async move {
        let mut from = from;
        let mut answers = 0;
        while from.next_line().await.unwrap().is_some() {
            answers += 1;
        }
        answers
    });
    timeout(Duration::from_secs(5), door).await.expect("the door ends").unwrap();
    assert_eq!(answers.await.unwrap(), 2);
}

#[tokio::test]
async fn a_client_that_stops_reading_for_good_is_the_end() {
    let mut client = Client::begun().await;
    client.send(call(json!(1), support::slow(60_000))).await;
    drop(client.from);
    let _ = client.to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n").await;
    timeout(Duration::from_secs(1), client.door).await.expect("the door ends").unwrap();
}
