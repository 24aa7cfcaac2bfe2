//! The real binary, as a client, a script or an operator starts it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::snapshot;

/// Nothing a test does takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {} {}", self.out, self.err))
    }
}

/// With an environment of its own, and this data directory. Nobody has to agree to anything.
pub fn command(data: &Path) -> Command {
    let mut command = bare(data);
    command.env("MOLECULE_MCP_POLICY", waived());
    command
}

/// The same under the built-in policy.
pub fn bare(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_molecule-org-mcp"));
    command.env_clear().env("MOLECULE_MCP_DATA", data).stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// The policy of tests that are about something else.
pub fn waived() -> PathBuf {
    let policy = snapshot::file("tests/fixtures/waived.toml");
    // Some systems let a checkout be written to by the group, which no policy file may be.
    #[cfg(unix)]
    std::fs::set_permissions(&policy, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    policy
}

/// Before a tenant somewhere.
pub fn towards(url: &str, key: &str, data: &Path) -> Command {
    let mut command = command(data);
    command.env("MOLECULE_URL", url).env("MOLECULE_ORG_TOKEN", key);
    command
}

/// Runs it to its end, on a thread where nobody else waits.
pub async fn ended(mut command: Command, arguments: &[&str]) -> Ended {
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// One that serves. Killed when dropped.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = lines(BufReader::new(child.stdout.take().unwrap()));
        let err = lines(BufReader::new(child.stderr.take().unwrap()));
        Self { input: child.stdin.take(), child, out, err }
    }

    /// With its log in a file.
    pub fn logging(mut command: Command, arguments: &[&str], log: &Path) -> Self {
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log).unwrap());
        let mut child = command.spawn().unwrap();
        let out = lines(BufReader::new(child.stdout.take().unwrap()));
        Self { input: child.stdin.take(), child, out, err: channel().1 }
    }

    pub fn send(&mut self, message: &Value) {
        let input = self.input.as_mut().expect("an open input");
        // A process that was killed reads no more.
        let _ = input.write_all(format!("{message}\n").as_bytes()).and_then(|()| input.flush());
    }

    /// The handshake of the older revisions.
    pub fn greet(&mut self) {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        self.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }));
        self.answer();
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }

    pub fn call(&mut self, id: u64, tool: &str, arguments: Value) {
        let params = json!({ "name": tool, "arguments": arguments });
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }));
    }

    pub fn answer(&mut self) -> Value {
        loop {
            let line = self.out.recv_timeout(PATIENCE).expect("an answer");
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not the protocol: {line}"));
            // That a list is another may be told at any time.
            if !said["method"].as_str().is_some_and(|method| method.ends_with("/list_changed")) {
                return said;
            }
        }
    }

    /// What has been said without waiting for more.
    pub fn said(&mut self) -> Vec<String> {
        self.out.try_iter().collect()
    }

    /// The first line on stderr that holds these words.
    pub fn told(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let line = self.err.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("never told {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes the input; how long the process went on, and how it ended.
    pub fn close(mut self) -> (Duration, i32) {
        let closed = Instant::now();
        drop(self.input.take());
        while closed.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (closed.elapsed(), status.code().unwrap_or(-1));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("it never ended");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(reader: impl BufRead + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
