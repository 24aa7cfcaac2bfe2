//! Requests at both doors and in both eras, for tests that are about the answers and not the doors.

use std::sync::Arc;
use std::time::Duration;

use molecule_org_mcp::dispatch::Dispatch;
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::http;

pub const OWNER: &str = "s3cret";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// With a handshake.
    Legacy,
    /// Each request stands for itself.
    Modern,
}

/// One conversation over pipes.
pub struct Stdio {
    era: Era,
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
}

impl Stdio {
    pub async fn open(dispatch: &Arc<Dispatch>, era: Era) -> Self {
        let (to, reader) = duplex(64 * 1024);
        let (writer, from) = duplex(64 * 1024);
        tokio::spawn(serve_on(Arc::clone(dispatch), reader, writer));
        let mut client = Self { era, to, from: BufReader::new(from).lines() };
        if era == Era::Legacy {
            let about = json!({ "name": "test", "version": "1" });
            let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about });
            client.ask("initialize", params).await;
            client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        }
        client
    }

    async fn send(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// The whole answer, `result` or `error`.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&message(self.era, method, params)).await;
        let line = timeout(Duration::from_secs(20), self.from.next_line()).await;
        serde_json::from_str(&line.expect("an answer in time").unwrap().expect("an answer")).unwrap()
    }
}

/// The door over HTTP, where each request brings its bearer.
pub struct Http {
    url: String,
    _until: DropGuard,
}

impl Http {
    pub async fn open(dispatch: &Arc<Dispatch>) -> Self {
        let settings = HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            bearer: Some(OWNER.into()),
            allowed_hosts: vec![],
            allowed_origins: vec![],
        };
        let bound = bind(settings, Arc::clone(dispatch)).await.unwrap();
        let (url, until) = (format!("http://{}", bound.address()), CancellationToken::new());
        tokio::spawn(bound.serve(until.clone()));
        Self { url, _until: until.drop_guard() }
    }

    /// At the mount without sessions.
    pub async fn ask(&self, bearer: &str, era: Era, method: &str, params: Value) -> Value {
        let authorization = format!("Bearer {bearer}");
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("Authorization", authorization.as_str()),
        ];
        let message = message(era, method, params);
        if era == Era::Modern {
            headers.extend([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)]);
            headers.extend(message["params"]["name"].as_str().map(|name| ("Mcp-Name", name)));
        }
        let (status, body) = http("POST", &format!("{}/mcp/json", self.url), &headers, &message.to_string()).await;
        if status == 200 { serde_json::from_str(&body).unwrap() } else { json!({ "status": status }) }
    }
}

fn message(era: Era, method: &str, mut params: Value) -> Value {
    if era == Era::Modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}
