//! A client over stdio: JSON-RPC lines to a process of its own, any number in flight.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::Outcome;
use super::ask::message;
use super::process::Process;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>>;

#[derive(Clone)]
pub struct Lines(Arc<Inner>);

struct Inner {
    process: Process,
    input: tokio::sync::Mutex<pipe::Sender>,
    waiting: Waiting,
    next: AtomicU64,
}

impl Lines {
    pub fn start(command: &mut Command) -> Outcome<Self> {
        let mut process =
            Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()))?;
        let stdin = process.child().stdin.take().ok_or("stdin is not piped")?;
        let stdout = process.child().stdout.take().ok_or("stdout is not piped")?;
        let input = pipe::Sender::from_owned_fd(OwnedFd::from(stdin))?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(stdout))?;
        let waiting = Waiting::default();
        tokio::spawn(read(output, Arc::clone(&waiting)));
        let input = tokio::sync::Mutex::new(input);
        Ok(Self(Arc::new(Inner { process, input, waiting, next: AtomicU64::new(1) })))
    }

    pub fn pid(&self) -> u32 {
        self.0.process.pid()
    }

    /// Returns the whole line that answers.
    pub async fn request(&self, method: &str, params: &Value) -> Outcome<Vec<u8>> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        self.send(message(Some(id), method, params)).await?;
        Ok(answer.await?)
    }

    pub async fn notify(&self, method: &str) -> Outcome<()> {
        self.send(message(None, method, &Value::Object(Default::default()))).await
    }

    async fn send(&self, mut line: String) -> Outcome<()> {
        line.push('\n');
        Ok(self.0.input.lock().await.write_all(line.as_bytes()).await?)
    }
}

async fn read(output: pipe::Receiver, waiting: Waiting) {
    let mut output = BufReader::with_capacity(64 * 1024, output);
    loop {
        let mut line = Vec::new();
        if !output.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
            // Whoever still waits is told so by the end of its channel.
            return waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let asked = id(&line).and_then(|id| waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
        if let Some(asked) = asked {
            let _ = asked.send(line);
        }
    }
}

/// It stands at the beginning; a parse of megabytes would delay the answers behind them.
fn id(line: &[u8]) -> Option<u64> {
    let head = std::str::from_utf8(line.get(..64).unwrap_or(line)).ok()?;
    let (_, rest) = head.split_once("\"id\":")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
