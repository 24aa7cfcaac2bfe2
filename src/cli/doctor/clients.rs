//! Whether the clients that are set up here would start this program, and which version of it. Each entry is started
//! as its client would, with nothing of ours that the entry doesn't name and a data directory that is thrown away,
//! and asked who it is.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value as Json, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::super::install::entry::Entry;
use super::super::install::value::Value;
use super::super::install::{Installed, installed};
use super::finding::{Check, Finding, Report};
use super::patient::{PATIENCE, Patient};
use crate::secrets::command::on_path;
use crate::secrets::place::create_private;

pub(super) const CHECKS: &[Check] = &[Check::Clients];

const AT_ONCE: usize = 4;
/// For what a program that didn't start says about it.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LONGEST: u64 = 64 << 10;

pub(super) async fn look(_: Arc<Patient>, mut report: Report) {
    let Ok(all) = spawn_blocking(installed).await else { return };
    if all.is_empty() {
        report.tell(Check::Clients.ok("none is set up here to start this program; `install CLIENT` does it"));
    }
    let looks = all.into_iter().map(|one| spawn_blocking(move || judged(&one)));
    let mut found = stream::iter(looks).buffered(AT_ONCE);
    while let Some(found) = found.next().await {
        found.into_iter().for_each(|finding| report.tell(finding));
    }
}

fn judged(one: &Installed) -> Finding {
    let place = format!("{} ({})", one.client.title(), one.file.display());
    let (name, entry) = match &one.found {
        Ok(found) => found,
        Err(why) => {
            return Check::Clients.warning(format!("{place} can't be looked through: {why}"), "Correct the file.");
        }
    };
    let place = format!("{place}, `{name}`");
    if one.client.user_file().as_ref() != Some(&one.file) {
        return of_project(&place, entry);
    }
    match tried(entry) {
        Ok(version) if version == env!("CARGO_PKG_VERSION") => {
            Check::Clients.ok(format!("{place} starts this version"))
        }
        Ok(version) => Check::Clients.warning(
            format!("{place} starts version {version}; this is {}", env!("CARGO_PKG_VERSION")),
            "Install one version, and set the client up with it: `install CLIENT`.",
        ),
        Err(why) => dead(&place, &why),
    }
}

/// It came with the project, from whomever: what it names isn't run for it, and gets no key.
fn of_project(place: &str, entry: &Entry) -> Finding {
    match program(entry) {
        Ok(_) => {
            Check::Clients.unknown(format!("{place} names a program that is there; a project's entry isn't tried"))
        }
        Err(why) => dead(place, &why),
    }
}

fn dead(place: &str, why: &str) -> Finding {
    Check::Clients.problem(
        format!("{place} doesn't start: {why}"),
        "Set it up again (`install CLIENT`), or take it out (`install CLIENT --uninstall`).",
    )
}

fn program(entry: &Entry) -> Result<PathBuf, String> {
    on_path(&entry.command).ok_or_else(|| format!("{} isn't there or can't be run", entry.command))
}

/// The version that answers, or why none does.
fn tried(entry: &Entry) -> Result<String, String> {
    let program = program(entry)?;
    if entry.args.iter().any(|argument| argument == "doctor") {
        return Err("it runs `doctor` and no server".to_owned());
    }
    let aside = Aside::new().map_err(|error| format!("no directory to try it in: {error}"))?;
    let mut command = Command::new(program);
    command.args(arguments(&entry.args, &aside.0));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("MOLECULE_") {
            command.env_remove(name);
        }
    }
    for (name, value) in &entry.env {
        // In a directory that is new no grant is known.
        if !name.starts_with("MOLECULE_MCP_GRANT") {
            command.env(name, held(value)?);
        }
    }
    command.env("MOLECULE_MCP_DATA", &aside.0);
    greet(command)
}

/// What the client would put there, as far as it runs where we do.
fn held(value: &Value) -> Result<std::ffi::OsString, String> {
    match value {
        Value::Plain(text) => Ok(text.into()),
        Value::Of(name) => {
            env::var_os(name).ok_or_else(|| format!("it wants the variable {name}, which isn't set here"))
        }
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
        let read = from.map(|from| BufReader::new(from.take(LONGEST)).read_line(&mut line));
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
        let this = env::current_exe().unwrap().display().to_string();
        let entry = Entry { command: this, args: vec!["doctor".to_owned()], env: Default::default() };
        assert!(tried(&entry).unwrap_err().contains("no server"));
        let entry =
            Entry { command: "/nowhere/molecule-org-mcp".to_owned(), args: Vec::new(), env: Default::default() };
        assert!(tried(&entry).unwrap_err().contains("isn't there"));
    }
}
