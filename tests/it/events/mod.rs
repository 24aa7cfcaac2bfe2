//! Subscriptions and changed lists through the real doors: both eras, stdio and HTTP. What happens is made to happen
//! at the tenant, by somebody else than the server.

mod hosts;
mod limits;
mod lists;
mod lost;
mod told;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use molecule_org_mcp::dispatch::Dispatch;
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, DuplexStream, WriteHalf, duplex, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::{Host, House};

pub const PATIENCE: Duration = Duration::from_secs(10);
pub const BEARER: &str = "s3cret";
pub const UPDATED: &str = "notifications/resources/updated";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// Messages as they arrive, over whatever they come.
pub struct Ear(UnboundedReceiver<Value>);

impl Ear {
    /// Lines with a message, or with one behind `data:`; others are the transport's.
    fn on(reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (said, heard) = unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let message = serde_json::from_str::<Value>(line.trim_start_matches("data:").trim());
                if let Ok(message @ Value::Object(_)) = message
                    && said.send(message).is_err()
                {
                    break;
                }
            }
        });
        Self(heard)
    }

    pub async fn next(&mut self) -> Value {
        timeout(PATIENCE, self.0.recv()).await.expect("a message in time").expect("an open line")
    }

    /// None when the line was closed.
    pub async fn last(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.0.recv()).await.expect("a message in time, or the end")
    }

    pub async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The next notification of this method; whatever comes before it is passed over.
    pub async fn told(&mut self, method: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["method"] == method {
                return message["params"].clone();
            }
        }
    }

    /// The next resource that is told to be stale.
    pub async fn stale(&mut self) -> String {
        self.told(UPDATED).await["uri"].as_str().unwrap().to_owned()
    }

    /// What has arrived without waiting.
    pub fn so_far(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// A process of one client, over pipes in memory.
pub struct Pipe {
    to: DuplexStream,
    pub ear: Ear,
    pub door: JoinHandle<()>,
}

impl Pipe {
    pub fn open(dispatch: &Arc<Dispatch>) -> Self {
        let (to, reader) = duplex(64 * 1024);
        let (writer, from) = duplex(64 * 1024);
        let door = tokio::spawn(serve_on(Arc::clone(dispatch), reader, writer));
        Self { to, ear: Ear::on(from), door }
    }

    /// Of the older revisions.
    pub async fn greeted(dispatch: &Arc<Dispatch>) -> Self {
        let mut pipe = Self::open(dispatch);
        pipe.send(&initialize()).await;
        pipe.ear.answer(0).await;
        pipe.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        pipe.ask(7, "ping", json!({})).await;
        pipe
    }

    pub async fn send(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    pub async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.send(&request(id, method, params)).await;
        self.ear.answer(id).await
    }

    pub async fn subscribe(&mut self, uri: &str) -> Value {
        self.ask(1, "resources/subscribe", json!({ "uri": uri })).await
    }

    /// Of the newest revision: opens a stream, and is told what was accepted.
    pub async fn listen(&mut self, id: u64, wanted: Value) -> Value {
        self.send(&request(id, "subscriptions/listen", modern(json!({ "notifications": wanted })))).await;
        self.ear.told(ACKNOWLEDGED).await
    }
}

/// The HTTP door before a house.
pub struct Door {
    pub address: SocketAddr,
    pub until: CancellationToken,
    pub serving: JoinHandle<std::io::Result<()>>,
}

impl Door {
    pub async fn open(dispatch: &Arc<Dispatch>) -> Self {
        let settings = HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            bearer: Some(BEARER.into()),
            allowed_hosts: vec![],
            allowed_origins: vec![],
        };
        let bound = bind(settings, Arc::clone(dispatch)).await.unwrap();
        let (address, until) = (bound.address(), CancellationToken::new());
        let serving = tokio::spawn(bound.serve(until.clone()));
        Self { address, until, serving }
    }

    /// A stream of the newest revision.
    pub async fn listen(&self, bearer: &str, wanted: Value) -> Stream {
        let mut stream = self.listening(bearer, wanted).await;
        stream.ear.told(ACKNOWLEDGED).await;
        stream
    }

    /// The same before anything was said on it.
    pub async fn listening(&self, bearer: &str, wanted: Value) -> Stream {
        let body = request(1, "subscriptions/listen", modern(json!({ "notifications": wanted })));
        let more = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n";
        Stream::open(self.address, "POST /mcp", bearer, more, &body.to_string()).await
    }

    /// A session of the older revisions, with the stream that its server speaks on by itself.
    pub async fn session(&self, bearer: &str) -> Session {
        let mut begun = Stream::open(self.address, "POST /mcp", bearer, "", &initialize().to_string()).await;
        begun.ear.answer(0).await;
        let head = begun.head.to_ascii_lowercase();
        let id = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
        let header = format!("Mcp-Session-Id: {id}\r\n");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        Stream::open(self.address, "POST /mcp", bearer, &header, &initialized).await;
        let stream = Stream::open(self.address, "GET /mcp", bearer, &header, "").await;
        Session { address: self.address, bearer: bearer.to_owned(), header, stream }
    }
}

pub struct Session {
    address: SocketAddr,
    bearer: String,
    header: String,
    pub stream: Stream,
}

impl Session {
    pub async fn ask(&self, method: &str, params: Value) -> Value {
        let body = request(5, method, params).to_string();
        let mut answer = Stream::open(self.address, "POST /mcp", &self.bearer, &self.header, &body).await;
        answer.ear.answer(5).await
    }

    pub async fn end(&self) {
        Stream::open(self.address, "DELETE /mcp", &self.bearer, &self.header, "").await;
    }
}

/// One request and what comes back on it, for as long as it does.
pub struct Stream {
    pub head: String,
    pub ear: Ear,
    _to: WriteHalf<TcpStream>,
}

impl Stream {
    pub async fn open(address: SocketAddr, what: &str, bearer: &str, more: &str, body: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reader, mut to) = split(stream);
        let head = format!(
            "{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        to.write_all(head.as_bytes()).await.unwrap();
        let mut reader = BufReader::new(reader);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).await.unwrap() > 0, "no answer: {head}");
        }
        Self { head, ear: Ear::on(reader), _to: to }
    }

    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

pub fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn initialize() -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request(0, "initialize", json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client }))
}

pub fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

pub fn watching(uris: &[&str]) -> Value {
    json!({ "resourceSubscriptions": uris })
}

pub fn place(id: &str) -> String {
    format!("molecule://workspaces/{id}")
}

/// What the agents of workspaces prove themselves with.
static TOKENS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// A workspace of somebody else's making.
pub async fn workspace(host: &Host, name: &str) -> String {
    made(host, json!({ "name": name, "external": true })).await
}

pub async fn below(host: &Host, name: &str, parent: &str) -> String {
    made(host, json!({ "name": name, "external": true, "parent_id": parent })).await
}

async fn made(host: &Host, wish: Value) -> String {
    let (status, made) = host.ask_as_owner("POST", "/workspaces", wish).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let (_, minted) = host.ask_as_owner("POST", &format!("/workspaces/{id}/tokens"), json!({})).await;
    TOKENS.lock().unwrap().insert(id.clone(), minted["auth_token"].as_str().unwrap().to_owned());
    id
}

/// Something happens in it, and the tenant keeps no record of it.
pub async fn beat(host: &Host, id: &str) {
    let token = TOKENS.lock().unwrap()[id].clone();
    let (status, _) = host.ask("POST", "/registry/heartbeat", &token, json!({ "workspace_id": id })).await;
    assert_eq!(status, 200);
}

/// How often this was asked of the tenant.
pub fn asked(host: &Host, path: &str) -> usize {
    host.asked().iter().filter(|asked| asked.path == path).count()
}

/// The tenant's events arrive: whoever watches from here on misses nothing.
pub async fn is_up(house: &House) {
    assert!(house.dispatch.server().events.is_up(PATIENCE).await);
}

/// Returns once nobody watches any more.
pub async fn is_quiet(house: &House) {
    let quiet = async {
        while house.dispatch.server().events.watched() != (0, false) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, quiet).await.expect("the end of every stream");
}
