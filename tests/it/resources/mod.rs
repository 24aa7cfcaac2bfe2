//! Resources, as clients of both eras read them at both doors: what is listed, what a read gives, what it is
//! refused, and what the journal says of it.

mod addresses;
mod bounds;
mod cut;
mod lists;
mod ranges;
mod reads;
mod reference;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{House, Plan, http};

pub const OWNER: &str = "s3cret";
pub const BUILD_RUNNER: &str = "de300000-0000-4000-8000-000000000002";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    Handshake,
    Stateless,
}

pub const ERAS: [Era; 2] = [Era::Handshake, Era::Stateless];

/// The request of one era.
pub fn request(era: Era, method: &str, mut params: Value) -> Value {
    if era == Era::Stateless {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
}

/// A conversation at the stdio door. Where it ends, so does the house's road.
pub struct Pipes {
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
}

impl Pipes {
    /// After a handshake with this revision, where one is given.
    pub async fn open(house: &House, revision: Option<&str>) -> Self {
        let (to, reader) = duplex(64 * 1024);
        let (writer, from) = duplex(64 * 1024);
        tokio::spawn(serve_on(house.dispatch.clone(), reader, writer));
        let mut pipes = Self { to, from: BufReader::new(from).lines() };
        if let Some(revision) = revision {
            pipes.ask(&initialize(revision)).await;
            pipes.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        }
        pipes
    }

    async fn send(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    pub async fn ask(&mut self, request: &Value) -> Value {
        self.send(request).await;
        let answer = self.from.next_line().await.unwrap().expect("an answer");
        serde_json::from_str(&answer).unwrap()
    }
}

/// Both doors of one house.
pub struct Doors {
    pub house: House,
    /// At stdio, one for each era.
    pipes: [Mutex<Pipes>; 2],
    url: String,
    _until: DropGuard,
}

impl Doors {
    pub async fn demo() -> Self {
        Self::of(House::open(Plan { seeded: true, ..Plan::default() })).await
    }

    pub async fn of(house: House) -> Self {
        let settings = HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            bearer: Some(OWNER.into()),
            allowed_hosts: vec![],
            allowed_origins: vec![],
        };
        let bound = bind(settings, house.dispatch.clone()).await.unwrap();
        let (url, until) = (format!("http://{}/mcp/json", bound.address()), CancellationToken::new());
        tokio::spawn(bound.serve(until.clone()));
        let pipes = [Pipes::open(&house, Some("2025-06-18")).await, Pipes::open(&house, None).await].map(Mutex::new);
        Self { house, pipes, url, _until: until.drop_guard() }
    }

    pub async fn over_pipes(&self, era: Era, method: &str, params: Value) -> Value {
        self.pipes[era as usize].lock().await.ask(&request(era, method, params)).await
    }

    pub async fn over_http(&self, bearer: &str, era: Era, method: &str, params: Value) -> Value {
        let bearer = format!("Bearer {bearer}");
        let name = params["uri"].as_str().or(params["name"].as_str()).unwrap_or_default().to_owned();
        let mut headers = vec![
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        // Who says nothing is taken for a client of the oldest revision.
        headers.push(("MCP-Protocol-Version", if era == Era::Stateless { "2026-07-28" } else { "2025-06-18" }));
        if era == Era::Stateless {
            headers.push(("Mcp-Method", method));
            headers.extend((!name.is_empty()).then_some(("Mcp-Name", name.as_str())));
        }
        let (_, body) = http("POST", &self.url, &headers, &request(era, method, params).to_string()).await;
        let lines = body.lines().map(|line| line.trim_start_matches("data: "));
        let answer = lines.rev().find_map(|line| serde_json::from_str(line).ok().filter(Value::is_object));
        answer.unwrap_or_else(|| panic!("no answer: {body}"))
    }

    /// What each door answers in each era; they are the same.
    pub async fn everywhere(&self, method: &str, params: Value) -> Vec<Value> {
        let mut answers = Vec::new();
        for era in ERAS {
            answers.push(self.over_pipes(era, method, params.clone()).await);
            answers.push(self.over_http(OWNER, era, method, params.clone()).await);
        }
        answers
    }

    /// As the owner, over HTTP.
    pub async fn read(&self, uri: &str) -> Value {
        let answer = self.over_http(OWNER, Era::Stateless, "resources/read", json!({ "uri": uri })).await;
        assert!(answer["error"].is_null(), "{uri}: {answer}");
        answer["result"].clone()
    }
}

/// The one content of a result.
pub fn content(result: &Value) -> &Value {
    let contents = result["contents"].as_array().unwrap_or_else(|| panic!("no contents: {result}"));
    assert_eq!(contents.len(), 1, "{result}");
    &contents[0]
}

pub fn text(result: &Value) -> &str {
    content(result)["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

pub fn bytes(result: &Value) -> Vec<u8> {
    STANDARD.decode(content(result)["blob"].as_str().unwrap_or_else(|| panic!("no blob: {result}"))).unwrap()
}

/// Where the rest is, if this isn't all.
pub fn next(result: &Value) -> Option<String> {
    result["_meta"]["molecule-org-mcp/next"].as_str().map(ToOwned::to_owned)
}
