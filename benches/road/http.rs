//! HTTP/1.1 with next to no cost of its own, so that what is measured is the other end: one
//! connection, one request at a time, answers by length or in chunks.

use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Outcome;

pub struct Connection {
    stream: TcpStream,
    held: BytesMut,
    port: u16,
}

pub struct Response {
    pub status: u16,
    pub session: Option<String>,
    pub body: BytesMut,
}

/// `headers` are whole lines.
pub fn request(method: &str, path: &str, to: SocketAddr, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let port = stream.local_addr()?.port();
        Ok(Self { stream, held: BytesMut::with_capacity(64 * 1024), port })
    }

    /// Our end's, which no other open connection has.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn exchange(&mut self, request: &str) -> Outcome<Response> {
        self.stream.write_all(request.as_bytes()).await?;
        let first = self.line().await?;
        let status = first.split(' ').nth(1).ok_or("no status")?.parse()?;
        let (mut length, mut in_chunks, mut session) = (0, false, None);
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match name {
                "content-length" => length = value.parse()?,
                "transfer-encoding" => in_chunks = value == "chunked",
                "mcp-session-id" => session = Some(value.to_owned()),
                _ => {}
            }
        }
        let body = if in_chunks { self.chunks().await? } else { self.take(length).await? };
        Ok(Response { status, session, body })
    }

    async fn chunks(&mut self) -> Outcome<BytesMut> {
        let mut body = BytesMut::new();
        loop {
            let size = usize::from_str_radix(&self.line().await?, 16)?;
            let chunk = self.take(size).await?;
            self.line().await?;
            if size == 0 {
                return Ok(body);
            }
            if body.is_empty() { body = chunk } else { body.extend_from_slice(&chunk) }
        }
    }

    /// Without its end; names of headers are in lower case with every server here.
    async fn line(&mut self) -> Outcome<String> {
        loop {
            if let Some(end) = self.held.iter().position(|&byte| byte == b'\n') {
                let line = self.held.split_to(end + 1);
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Outcome<BytesMut> {
        self.held.reserve(length.saturating_sub(self.held.len()));
        while self.held.len() < length {
            self.more().await?;
        }
        Ok(self.held.split_to(length))
    }

    async fn more(&mut self) -> Outcome<()> {
        match self.stream.read_buf(&mut self.held).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}
