//! A client's entry, tried: started as its client would, with nothing of ours that the entry doesn't name and a data
//! directory that is thrown away, and asked who it is.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::patient::PATIENCE;
use crate::secrets::place::create_private;

/// For what a program that didn't start says about it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// For a trial as a whole.
pub(super) const LONGEST: Duration = PATIENCE.saturating_add(LAST_WORDS);
/// Bytes of an answer.
const MOST: u64 = 64 << 10;

/// What is started, with nothing left for a client to fill in.
pub(super) struct Trial {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
}

impl Trial {
    /// The version that answers, or why none does.
    pub(super) fn version(self) -> Result<String, String> {
        if self.args.iter().any(|argument| argument == "doctor") {
            return Err("it runs `doctor` and no server".to_owned());
        }
        let aside = Aside::new().map_err(|error| format!("no directory to try it in: {error}"))?;
        let mut command = Command::new(self.program);
        command.args(arguments(&self.args, &aside.0));
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("MOLECULE_") {
                command.env_remove(name);
            }
        }
        command.envs(self.env).env("MOLECULE_MCP_DATA", &aside.0);
        greet(command)
    }
}

/// With another data directory, where they name one.
fn arguments(given: &[String], data: &Path) -> Vec<String> {
    let data = data.display().to_string();
    let mut follows = false;
    let replaced = given.iter().map(|argument| match argument.as_str() {
        _ if std::mem::take(&mut follows) => data.clone(),
        "--data" => {
            follows = true;
            argument.clone()
        }
        whole if whole.starts_with("--data=") => format!("--data={data}"),
        _ => argument.clone(),
    });
    replaced.collect()
}

/// Started, asked, and ended.
fn greet(mut command: Command) -> Result<String, String> {
    let client = json!({ "name": "molecule-org-mcp doctor", "version": env!("CARGO_PKG_VERSION") });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let request = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().map_err(|error| error.to_string())?);
    let (said, complained) = (first_line(running.0.stdout.take()), first_line(running.0.stderr.take()));
    if let Some(input) = &mut running.0.stdin {
        // One that has ended already says why.
        let _ = input.write_all(format!("{request}\n").as_bytes()).and_then(|()| input.flush());
    }
    let answer = said.recv_timeout(PATIENCE).ok().and_then(|line| serde_json::from_str::<Json>(&line).ok());
    let version = answer.as_ref().and_then(|answer| answer.pointer("/result/serverInfo/version")?.as_str());
    version.map(ToOwned::to_owned).ok_or_else(|| {
        let words = complained.recv_timeout(LAST_WORDS).unwrap_or_else(|_| "it says nothing".to_owned());
        words.trim_start_matches("molecule-org-mcp: ").to_owned()
    })
}

/// Read on a thread of its own: the other side may keep its end open for as long as it likes.
fn first_line(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = from.map(|from| BufReader::new(from.take(MOST)).read_line(&mut line));
        if matches!(read, Some(Ok(length)) if length > 0) {
            // Nobody listens any more when it comes too late.
            let _ = tell.send(line.trim_end().to_owned());
        }
    });
    told
}

/// Ended when it isn't wanted any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A data directory for a moment.
struct Aside(PathBuf);

impl Aside {
    fn new() -> std::io::Result<Self> {
        let place = env::temp_dir().join(format!("molecule-org-mcp-doctor-{}", Uuid::new_v4().simple()));
        create_private(&place).map(|()| Self(place))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_has_a_data_directory_of_its_own() {
        let of = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(ToString::to_string).collect();
            arguments(&given, Path::new("/aside")).join(" ")
        };
        assert_eq!(of(&["stdio", "--data", "/mine", "--read-only"]), "stdio --data /aside --read-only");
        assert_eq!(of(&["--data=/mine"]), "--data=/aside");
        assert_eq!(of(&["--surface", "full"]), "--surface full");
    }

    #[test]
    fn an_entry_that_would_examine_again_isnt_started() {
        let this = env::current_exe().unwrap();
        let trial = Trial { program: this, args: vec!["doctor".to_owned()], env: Vec::new() };
        assert!(trial.version().unwrap_err().contains("no server"));
    }
}
