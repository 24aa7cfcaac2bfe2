//! The ways to the tenant, each driven as its clients drive it. A door has as many lanes as calls
//! are to be in flight; over HTTP a lane is a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Outcome;
use super::ask::{Ask, initialize, legacy_headers, message, modern, modern_headers};
use super::house::Served;
use super::http::{Connection, Response, request};
use super::lines::Lines;

#[derive(Clone)]
pub struct Door {
    pub name: &'static str,
    /// Whose time and memory a call through it costs.
    pub pid: u32,
    target: Target,
}

#[derive(Clone)]
pub enum Target {
    /// The tenant's own API.
    Plain { address: SocketAddr, key: String },
    /// The revision without `initialize`, as Claude Code opens it.
    Lines(Lines),
    /// The same revision, or the one before it where there is a session.
    Mcp { served: Arc<Served>, path: &'static str, session: Option<String> },
}

pub struct Lane {
    target: Target,
    connection: Option<Connection>,
    calls: u64,
}

impl Door {
    pub fn new(name: &'static str, pid: u32, target: Target) -> Self {
        Self { name, pid, target }
    }

    pub async fn lane(&self) -> Outcome<Lane> {
        Lane::open(self.target.clone()).await
    }

    pub async fn lanes(&self, count: usize) -> Outcome<Vec<Lane>> {
        let mut lanes = Vec::new();
        for _ in 0..count {
            lanes.push(self.lane().await?);
        }
        Ok(lanes)
    }
}

impl Target {
    pub async fn begin_session(&mut self) -> Outcome<()> {
        let Self::Mcp { served, path, session } = self else { return Ok(()) };
        let mut connection = Connection::open(served.address).await?;
        let body = message(Some(0), "initialize", &initialize());
        let begun = connection.exchange(&served.post(path, "", &body)).await?.session.ok_or("no session began")?;
        let body = message(None, "notifications/initialized", &json!({}));
        connection.exchange(&served.post(path, &legacy_headers(&begun), &body)).await?;
        *session = Some(begun);
        Ok(())
    }
}

impl Served {
    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let bearer = &self.bearer;
        let headers = format!(
            "authorization: Bearer {bearer}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{headers}"
        );
        request("POST", path, self.address, &headers, body)
    }
}

impl Lane {
    async fn open(target: Target) -> Outcome<Self> {
        let connection = match &target {
            Target::Plain { address, .. } => Some(Connection::open(*address).await?),
            Target::Lines(_) => None,
            Target::Mcp { served, .. } => Some(Connection::open(served.address).await?),
        };
        Ok(Self { target, connection, calls: 0 })
    }

    /// Returns the time until the answer was whole.
    pub async fn call(&mut self, ask: &Ask) -> Outcome<Duration> {
        let begun = Instant::now();
        let answer = self.answer(ask).await?;
        let took = begun.elapsed();
        if ask.is_answered_by(&answer) {
            return Ok(took);
        }
        let shown = String::from_utf8_lossy(answer.get(..600).unwrap_or(&answer)).into_owned();
        Err(format!("{} was answered {shown}", ask.tool).into())
    }

    /// The same where the answer is not looked into.
    pub async fn answer(&mut self, ask: &Ask) -> Outcome<Vec<u8>> {
        self.calls += 1;
        match &self.target {
            Target::Lines(lines) => lines.request("tools/call", &modern(ask.params())).await,
            Target::Plain { address, key } => {
                let headers = format!("authorization: Bearer {key}\r\n");
                let sent = request(ask.method, &ask.path, *address, &headers, "");
                Ok(self.exchange(&sent).await?.body.to_vec())
            }
            Target::Mcp { served, path, session: None } => {
                let params = modern(ask.params());
                let body = message(Some(self.calls), "tools/call", &params);
                let sent = served.post(path, &modern_headers("tools/call", &params), &body);
                Ok(self.exchange(&sent).await?.body.to_vec())
            }
            Target::Mcp { served, path, session: Some(session) } => {
                // Requests of one session share its ids, so each lane has its own.
                let id = self.calls << 16 | u64::from(self.connection.as_ref().map_or(0, Connection::port));
                let body = message(Some(id), "tools/call", &ask.params());
                let sent = served.post(path, &legacy_headers(session), &body);
                Ok(self.exchange(&sent).await?.body.to_vec())
            }
        }
    }

    /// A request outside the tools; over HTTP in the older revision, which has `ping`.
    pub async fn request(&mut self, method: &str) -> Outcome<Vec<u8>> {
        match &self.target {
            Target::Mcp { served, path, .. } => {
                let sent = served.post(path, "", &message(Some(1), method, &json!({})));
                Ok(self.exchange(&sent).await?.body.to_vec())
            }
            Target::Lines(lines) => lines.request(method, &json!({})).await,
            Target::Plain { .. } => Err("a tenant has no methods".into()),
        }
    }

    async fn exchange(&mut self, sent: &str) -> Outcome<Response> {
        self.connection.as_mut().ok_or("no connection")?.exchange(sent).await
    }
}
