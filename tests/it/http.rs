//! The HTTP doors, driven over loopback sockets byte by byte, so that a request may be as wrong as
//! it likes: who may enter, what is taken, sessions, and an end that lets running calls finish.
//! `support` provides the road behind them and the calls to send.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use molecule_org_mcp::transport::http::{HttpSettings, bind};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support;

const BEARER: (&str, &str) = ("Authorization", "Bearer s3cret");
const MOUNTS: [&str; 2] = ["/mcp", "/mcp/json"];

struct Server {
    address: SocketAddr,
    until: CancellationToken,
    door: JoinHandle<std::io::Result<()>>,
}

struct Response {
    status: u16,
    head: String,
    body: String,
}

fn settings(bearer: Option<&str>) -> HttpSettings {
    HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        bearer: bearer.map(Into::into),
        allowed_hosts: vec!["admin.example.com".into()],
        allowed_origins: vec!["https://pages.example.com".into()],
    }
}

impl Server {
    async fn start() -> Self {
        let bound = bind(settings(Some("s3cret")), support::dispatch()).await.unwrap();
        let (address, until) = (bound.address(), CancellationToken::new());
        let door = tokio::spawn(bound.serve(until.clone()));
        Self { address, until, door }
    }

    /// A POST as a client sends it, with `headers` in place of the usual ones of the same name.
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Response {
        let host = self.address.to_string();
        let mut all = vec![
            ("Host", host.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            BEARER,
        ];
        all.retain(|(name, _)| !headers.iter().any(|(other, _)| name.eq_ignore_ascii_case(other)));
        all.extend(headers);
        self.send("POST", path, &all, body.as_ref()).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

impl Response {
    /// The last JSON in the body, whether it came plain or as an event.
    fn json(&self) -> Value {
        let lines = self.body.lines().map(|line| line.trim_start_matches("data: "));
        lines.rev().find_map(|line| serde_json::from_str(line).ok().filter(Value::is_object)).unwrap()
    }
}

fn initialize() -> String {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string()
}

fn call((tool, arguments): (&str, Value)) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

fn modern(method: &str, mut params: Value) -> (Vec<(&'static str, String)>, String) {
    let mut headers = vec![("MCP-Protocol-Version", "2026-07-28".into()), ("Mcp-Method", method.to_string())];
    if let Some(name) = params["name"].as_str() {
        headers.push(("Mcp-Name", name.to_owned()));
    }
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    (headers, json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

async fn post_modern(server: &Server, path: &str, method: &str, params: Value) -> Response {
    let (headers, body) = modern(method, params);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.post(path, &headers, body).await
}

#[tokio::test]
async fn the_stateless_revision_is_spoken_at_both_mounts() {
    let server = Server::start().await;
    for path in MOUNTS {
        let about = post_modern(&server, path, "server/discover", json!({})).await.json();
        for offered in ["tools", "prompts", "completions", "resources"] {
            assert!(about["result"]["capabilities"][offered].is_object(), "{path}, {offered}: {about}");
        }
        let both = json!({ "listChanged": true, "subscribe": true });
        assert_eq!(about["result"]["capabilities"]["resources"], both, "{path}");
        let tasks = json!({ "io.modelcontextprotocol/tasks": {} });
        assert_eq!(about["result"]["capabilities"]["extensions"], tasks, "{path}");
        let list = post_modern(&server, path, "tools/list", json!({})).await.json();
        assert_eq!(list["result"]["cacheScope"], "private", "{path}");
        let (tool, arguments) = support::quick();
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = post_modern(&server, path, "tools/call", params).await.json();
        assert_eq!(answer["result"]["isError"], false, "{path}: {answer}");
        let missing = post_modern(&server, path, "nobody/knows", json!({})).await;
        assert_eq!((missing.status, &missing.json()["error"]["code"]), (404, &json!(-32601)));
    }
}

#[tokio::test]
async fn sessions_are_spoken_and_belong_to_someone() {
    let server = Server::start().await;
    let begun = server.post("/mcp", &[], initialize()).await;
    assert_eq!(begun.json()["result"]["protocolVersion"], "2025-06-18");
    let session = begun.head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap();

    let answer = server.post("/mcp", &[("Mcp-Session-Id", session)], call(support::quick())).await;
    assert_eq!(answer.json()["result"]["isError"], false);
    for (headers, status) in [
        (&[("Mcp-Session-Id", "somebody-elses")][..], 404),
        (&[("Mcp-Session-Id", session), ("Authorization", "Bearer other")], 401),
    ] {
        let answer = server.post("/mcp", headers, call(support::quick())).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let host = server.address.to_string();
    let headers = [("Host", host.as_str()), BEARER, ("Mcp-Session-Id", session)];
    assert_eq!(server.send("DELETE", "/mcp", &headers, b"").await.status, 204);
    let answer = server.post("/mcp", &[("Mcp-Session-Id", session)], call(support::quick())).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
}

#[tokio::test]
async fn the_json_mount_needs_no_session_and_no_streams() {
    let server = Server::start().await;
    for accept in ["application/json", "*/*", "-"] {
        let answer = server.post("/mcp/json", &[("Accept", accept)], call(support::quick())).await;
        assert_eq!(answer.status, 200, "{accept}: {}", answer.body);
        assert!(answer.head.contains("content-type: application/json"), "{accept}");
    }
}

#[tokio::test]
async fn only_the_bearer_in_its_header_opens() {
    let server = Server::start().await;
    let encoded = "/mcp?access_token=s3cret&token=s3cret&authorization=Bearer%20s3cret";
    for path in ["/mcp", "/mcp/json", encoded] {
        for value in ["-", "", "Bearer", "Bearer ", "Bearer wrong", "Basic s3cret", "s3cret"] {
            let answer = server.post(path, &[("Authorization", value)], "{").await;
            assert_eq!(answer.status, 401, "{path} {value:?}");
            assert!(answer.head.contains("www-authenticate: bearer realm=\"molecule-org-mcp\""));
        }
    }
    for path in ["/healthz", "/readyz"] {
        let host = server.address.to_string();
        let answer = server.send("GET", path, &[("Host", host.as_str())], b"").await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_a_bearer_only_loopback_is_served() {
    let mut open = settings(None);
    open.listen = "0.0.0.0:0".parse().unwrap();
    assert!(bind(open, support::dispatch()).await.is_err());
    assert!(bind(settings(Some("")), support::dispatch()).await.is_err());
    assert!(bind(settings(None), support::dispatch()).await.is_ok());
}

/// The whole matrix is beside the code; here, that the doors ask it.
#[tokio::test]
async fn strange_names_and_pages_are_refused() {
    let server = Server::start().await;
    let own = server.address.to_string();
    let page = format!("http://{own}");
    for (host, origin, enters) in [
        (own.as_str(), "-", true),
        ("localhost", "-", true),
        ("admin.example.com", "-", true),
        (&own, page.as_str(), true),
        (&own, "https://pages.example.com", true),
        ("evil.example", "-", false),
        ("-", "-", false),
        (&own, "http://evil.example", false),
        (&own, "http://localhost:1", false),
        (&own, "null", false),
        ("evil.example", "http://evil.example", false),
    ] {
        for path in MOUNTS {
            let answer = server.post(path, &[("Host", host), ("Origin", origin)], "{").await;
            // hyper itself answers a request without a Host.
            let refused = answer.status == 403 || (host == "-" && answer.status == 400);
            assert_eq!(!refused, enters, "{host} {origin}: {} {}", answer.status, answer.body);
        }
    }
}

#[tokio::test]
async fn mistakes_have_answers() {
    let server = Server::start().await;
    let giant = vec![b' '; 20 << 20];
    let mistakes: [(&[u8], u16, i64); 7] = [
        (b"", 400, -32700),
        (b"{", 400, -32700),
        (b"\xff", 400, -32700),
        (b"[]", 400, -32600),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":7}"#, 400, -32602),
        (&giant, 413, -32600),
    ];
    for path in MOUNTS {
        for (body, status, code) in mistakes {
            let answer = server.post(path, &[], body).await;
            assert_eq!(answer.status, status, "{path} {}", answer.body);
            assert_eq!(answer.json()["error"]["code"], code, "{path} {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_call() {
    for path in MOUNTS {
        let server = Server::start().await;
        let (tool, arguments) = support::slow(60_000);
        let params = json!({ "name": tool, "arguments": arguments });
        let asked = post_modern(&server, path, "tools/call", params);
        assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err());
        let hung_up = Instant::now();
        server.until.cancel();
        server.door.await.unwrap().unwrap();
        assert!(hung_up.elapsed() < Duration::from_secs(1), "{path}: {:?}", hung_up.elapsed());
    }
}

#[tokio::test]
async fn the_end_lets_running_calls_finish() {
    let server = Server::start().await;
    let begun = server.post("/mcp", &[], initialize()).await;
    let session = begun.head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap();
    let params = || {
        let (tool, arguments) = support::slow(600);
        json!({ "name": tool, "arguments": arguments })
    };
    let asked = Instant::now();
    let headers = [("Mcp-Session-Id", session)];
    let (stream, plain, legacy, ()) = tokio::join!(
        post_modern(&server, "/mcp", "tools/call", params()),
        post_modern(&server, "/mcp/json", "tools/call", params()),
        server.post("/mcp", &headers, call(support::slow(600))),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            server.until.cancel();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(TcpStream::connect(server.address).await.is_err(), "nothing new is accepted");
        },
    );
    for answer in [stream, plain, legacy] {
        assert_eq!(answer.json()["result"]["isError"], false, "{}", answer.body);
    }
    server.door.await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
