//! One request over a connection of its own, with the path exactly as it stands: a client library would
//! tidy `//health`.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn kind(&self) -> &str {
        self.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default()
    }
}

pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request<'_> {
    /// Follows a GET where it's sent to, as the recorder did.
    pub(super) async fn send(&self, to: SocketAddr) -> Answer {
        let mut path = self.path.clone();
        loop {
            let answer = self.once(to, &path).await;
            match answer.header("location") {
                Some(elsewhere) if self.method == "GET" => path = elsewhere.to_owned(),
                _ => return answer,
            }
        }
    }

    async fn once(&self, to: SocketAddr, path: &str) -> Answer {
        let mut head = format!("{} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n", self.method);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&self.body).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let raw = &bytes[end + 4..];
    let text = || json!({ "$text": String::from_utf8_lossy(raw) });
    Answer {
        status,
        headers: lines.filter_map(header).collect(),
        body: serde_json::from_slice(raw).unwrap_or_else(|_| text()),
    }
}
