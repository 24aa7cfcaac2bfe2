//! A tenant that answers megabytes: what that does to our memory, and to everybody else's calls
//! meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::ask::{Ask, holds, initialize};
use super::door::{Door, Target};
use super::figures::{median, millis};
use super::house::House;
use super::process::{Process, forget_peak, peak, resident};
use super::{Outcome, Size, proxy};

pub const ROLE: &str = "--be-the-giant";

const TEN: usize = 10 * 1024 * 1024;
/// Just below what we take.
const MOST: usize = 15 * 512 * 1024;

/// One kind of answer through one door.
pub struct Giant {
    pub door: &'static str,
    pub answer: &'static str,
    pub outcome: String,
    /// Milliseconds until it was answered.
    pub took: f64,
    pub before: u64,
    pub peak: u64,
    /// Milliseconds of pings: of the usual one, and of each that was sent meanwhile.
    pub usual: f64,
    pub pings: Vec<f64>,
}

const LIST: &str = "a list of 7.5 MiB";
const TEXT: &str = "one text of 7.5 MiB";
const OVER: &str = "10 MiB, over the cap";

fn asks() -> [(&'static str, Ask); 3] {
    let workspace = |last: char| Ask::workspace(&format!("de300000-0000-4000-8000-00000000000{last}"));
    let list = Ask { tool: "list_workspaces", arguments: json!({}), ..workspace('0') };
    [(LIST, list), (TEXT, workspace('1')), (OVER, workspace('2'))]
}

/// For whoever has `key`; a tenant that lets everybody in would be warned of.
pub fn serve(key: &str) -> Outcome<()> {
    let list = Bytes::from(list(MOST).to_string());
    let bearer = format!("Bearer {key}");
    let keys = async move |headers: HeaderMap| match headers.get(header::AUTHORIZATION) {
        Some(sent) if sent.as_bytes() == bearer.as_bytes() => (StatusCode::OK, r#"{"count":0,"tokens":[]}"#),
        _ => (StatusCode::UNAUTHORIZED, r#"{"error":"invalid"}"#),
    };
    let router = Router::new()
        .route("/org/tokens", get(keys))
        .route("/workspaces", get(async || ([(header::CONTENT_TYPE, "application/json")], list)))
        .route("/workspaces/{id}", get(one));
    proxy::listen(router)
}

async fn one(Path(id): Path<String>) -> ([(HeaderName, &'static str); 1], String) {
    let size = if id.ends_with('2') { TEN } else { MOST };
    let card = json!({ "name": "Giant", "description": "many words, ".repeat(size / 12) });
    let body = json!({ "id": id, "name": "Giant", "status": "online", "agent_card": card });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string())
}

fn list(size: usize) -> Value {
    let one = |number: usize| {
        json!({
            "id": format!("de300000-0000-4000-8000-{number:012x}"), "name": format!("Agent {number}"),
            "role": "answers what nobody else answers", "status": "online", "tier": 2, "runtime": "claude-code",
            "parent_id": null, "active_tasks": 0, "max_concurrent_tasks": 1, "url": "", "uptime_seconds": 86400,
            "last_error_rate": 0.0, "last_sample_error": "", "current_task": "", "monthly_spend": 0,
        })
    };
    let each = one(0).to_string().len() + 1;
    (0..size / each).map(one).collect()
}

pub async fn measure(house: &House, size: &Size) -> Outcome<Vec<Giant>> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    let (_process, tenant) = Process::listening(command.env_clear().args([ROLE, &house.key]))?;
    let mut all = Vec::new();
    for (answer, ask) in asks() {
        let stdio = house.stdio(&house.fresh()?, tenant)?;
        stdio.request("initialize", &initialize()).await?;
        stdio.notify("notifications/initialized").await?;
        let door = Door::new("stdio", stdio.pid(), Target::Lines(stdio));
        all.push(through(door, answer, &ask, size.giants).await?);
        let served = Arc::new(house.served(tenant)?);
        let pid = served.process.pid();
        let door = Door::new("`/mcp/json`", pid, Target::Mcp { served, path: "/mcp/json", session: None });
        all.push(through(door, answer, &ask, size.giants).await?);
    }
    Ok(all)
}

async fn through(door: Door, answer: &'static str, ask: &Ask, times: usize) -> Outcome<Giant> {
    let mut lane = door.lane().await?;
    let (stop, stopped) = watch::channel(false);
    // Over HTTP the others have a thread of their own: their waiting isn't to be ours.
    let others = Others::begin(&door, stopped).await?;
    sleep(Duration::from_millis(400)).await;
    let usual = median(&others.seen());
    let before = resident(door.pid)?;
    forget_peak(door.pid)?;
    others.forget();
    let (mut took, mut outcome) = (Vec::new(), String::new());
    for _ in 0..times {
        let begun = Instant::now();
        let answered = lane.answer(ask).await?;
        took.push(millis(begun.elapsed()));
        outcome = told(&answered);
    }
    // Whoever waits still, waits because of the last one.
    sleep(Duration::from_millis(20)).await;
    let pings = others.seen();
    let peak = peak(door.pid)?;
    let _ = stop.send(true);
    Ok(Giant { door: door.name, answer, outcome, took: median(&took), before, peak, usual, pings })
}

/// It stands at one end or the other, and there are megabytes between.
fn told(answer: &[u8]) -> String {
    let end = answer.len().saturating_sub(600);
    let mut ends = [answer.get(..600), answer.get(end..)].into_iter().flatten();
    match ends.any(|end| holds(end, b"\"isError\":true")) {
        true => "refused".to_owned(),
        false => format!("{} KiB back", answer.len() / 1024),
    }
}

/// Somebody who pings all the time.
struct Others(Arc<Mutex<Vec<f64>>>);

impl Others {
    async fn begin(door: &Door, stopped: watch::Receiver<bool>) -> Outcome<Self> {
        let pings = Arc::default();
        let same = Arc::clone(&pings);
        let door = door.clone();
        if door.name == "stdio" {
            tokio::spawn(ping(door, stopped, same));
        } else {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(ping(door, stopped, same))
            });
        }
        Ok(Self(pings))
    }

    fn seen(&self) -> Vec<f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

async fn ping(door: Door, stopped: watch::Receiver<bool>, pings: Arc<Mutex<Vec<f64>>>) -> Outcome<()> {
    let mut lane = door.lane().await?;
    while !*stopped.borrow() {
        let begun = Instant::now();
        lane.request("ping").await?;
        let took = millis(begun.elapsed());
        pings.lock().unwrap_or_else(PoisonError::into_inner).push(took);
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
