//! Whether the clients that are set up here would start this program, and which version of it; and whether a key
//! stands in one of their files.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use tokio::task::spawn_blocking;

use super::super::install::client::Client;
use super::super::install::entry::Entry;
use super::super::install::value::{Unfilled, Value};
use super::super::install::{Installed, installed};
use super::ENOUGH;
use super::finding::{Check, Finding, Report};
use super::patient::Patient;
use super::trial::{LONGEST, Trial};
use crate::secrets::command::on_path;

pub(super) const CHECKS: &[Check] = &[Check::Clients];

const AT_ONCE: usize = 4;
/// A trial that begins by then ends within the group's time, and leaves neither a program nor a directory behind.
const LATEST: Duration = ENOUGH.saturating_sub(LONGEST).saturating_sub(Duration::from_secs(2));

/// Why an entry isn't known to start.
#[derive(Debug)]
enum Amiss {
    Dead(String),
    /// It may well start.
    Untried(String),
}

impl From<Unfilled> for Amiss {
    fn from(why: Unfilled) -> Self {
        match why {
            Unfilled::Unset(name) => Self::Dead(unset(&name)),
            Unfilled::ClientsOwn => Self::Untried("says what only the client can fill in; not tried".to_owned()),
        }
    }
}

pub(super) async fn look(_: Arc<Patient>, mut report: Report) {
    let began = Instant::now();
    let Ok(all) = spawn_blocking(installed).await else { return };
    if all.is_empty() {
        report.tell(Check::Clients.ok("none is set up here to start this program; `install CLIENT` does it"));
    }
    let looks = all.into_iter().map(|one| spawn_blocking(move || judged(&one, began)));
    let mut found = stream::iter(looks).buffered(AT_ONCE);
    while let Some(found) = found.next().await {
        found.into_iter().flatten().for_each(|finding| report.tell(finding));
    }
}

fn judged(one: &Installed, began: Instant) -> Vec<Finding> {
    let place = format!("{} ({})", one.client.title(), one.file.display());
    let (name, entry) = match &one.found {
        Ok(found) => found,
        Err(why) => {
            let found = format!("{place} can't be looked through: {why}");
            return vec![Check::Clients.warning(found, "Correct the file.")];
        }
    };
    let place = format!("{place}, `{name}`");
    let is_projects = one.client.user_file().as_ref() != Some(&one.file);
    let start =
        if is_projects { of_project(&place, one.client, entry) } else { tried(&place, one.client, entry, began) };
    let start = start.unwrap_or_else(|why| amiss(&place, why));
    std::iter::once(start).chain(held(&place, one.client, entry)).collect()
}

fn amiss(place: &str, why: Amiss) -> Finding {
    match why {
        Amiss::Untried(why) => Check::Clients.unknown(format!("{place} {why}")),
        Amiss::Dead(why) => Check::Clients.problem(
            format!("{place} doesn't start: {why}"),
            "Set it up again (`install CLIENT`), or take it out (`install CLIENT --uninstall`).",
        ),
    }
}

/// A key or a grant that stands there, for whoever reads or copies the file.
fn held(place: &str, client: Client, entry: &Entry) -> Option<Finding> {
    let holds = |name: &str| matches!(entry.env.get(name), Some(Value::Plain(text)) if !text.is_empty());
    let next = if holds("MOLECULE_ORG_TOKEN") {
        format!("Put it into a file that only you can read, then `install {} --key-file FILE`.", client.word())
    } else if holds("MOLECULE_MCP_GRANT") {
        "Put it into a file that only you can read, and name that as MOLECULE_MCP_GRANT_FILE.".to_owned()
    } else {
        return None;
    };
    Some(Check::Clients.warning(format!("{place} holds the key or grant itself"), next))
}

/// It came with the project, from whomever: what it names isn't run for it, and gets no key.
fn of_project(place: &str, client: Client, entry: &Entry) -> Result<Finding, Amiss> {
    program(client, entry)?;
    Ok(Check::Clients.unknown(format!("{place} names a program that is there; a project's entry isn't tried")))
}

fn tried(place: &str, client: Client, entry: &Entry, began: Instant) -> Result<Finding, Amiss> {
    let trial = trial(client, entry)?;
    if began.elapsed() > LATEST {
        return Err(Amiss::Untried("wasn't tried: the others took all the time".to_owned()));
    }
    let version = trial.version().map_err(Amiss::Dead)?;
    if version == env!("CARGO_PKG_VERSION") {
        return Ok(Check::Clients.ok(format!("{place} starts this version")));
    }
    Ok(Check::Clients.warning(
        format!("{place} starts version {version}; this is {}", env!("CARGO_PKG_VERSION")),
        "Install one version, and set the client up with it: `install CLIENT`.",
    ))
}

/// What the client would start, as far as it runs where we do.
fn trial(client: Client, entry: &Entry) -> Result<Trial, Amiss> {
    let program = program(client, entry)?;
    let args = entry.args.iter().map(|text| filled(client, text)).collect::<Result<_, _>>()?;
    // In a directory that is new no grant is known.
    let known = entry.env.iter().filter(|(name, _)| !name.starts_with("MOLECULE_MCP_GRANT"));
    let env = known.map(|(name, value)| Ok((name.clone(), text(client, value)?)));
    Ok(Trial { program, args, env: env.collect::<Result<_, Amiss>>()? })
}

fn program(client: Client, entry: &Entry) -> Result<PathBuf, Amiss> {
    let command = filled(client, &entry.command)?;
    let path = Path::new(&command);
    if path.is_relative() && path.components().nth(1).is_some() {
        return Err(Amiss::Untried("names a program from where the client starts it; not tried".to_owned()));
    }
    // As it is written: what was filled in may be nobody's to read.
    on_path(&command).ok_or_else(|| Amiss::Dead(format!("{} isn't there or can't be run", entry.command)))
}

fn text(client: Client, value: &Value) -> Result<String, Amiss> {
    match value {
        Value::Plain(text) => Ok(text.clone()),
        Value::Of(name) => env::var(name).map_err(|_| Amiss::Dead(unset(name))),
        Value::Pattern(text) => filled(client, text),
    }
}

fn filled(client: Client, text: &str) -> Result<String, Amiss> {
    Ok(client.refers().filled(text, |name| env::var(name).ok())?)
}

fn unset(name: &str) -> String {
    format!("it wants the variable {name}, which isn't set here")
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn entry(command: &str, variables: &[(&str, &str)]) -> Entry {
        let read = |(name, text): &(&str, &str)| ((*name).to_owned(), Client::VsCode.refers().read(text));
        Entry { command: command.to_owned(), args: Vec::new(), env: variables.iter().map(read).collect() }
    }

    #[test]
    fn what_only_the_client_knows_is_no_problem() {
        let this = env::current_exe().unwrap().display().to_string();
        for (entry, state, words) in [
            (entry("${userHome}/molecule-org-mcp", &[]), State::Unknown, "only the client"),
            (entry(&this, &[("MOLECULE_ORG_TOKEN", "${input:k}")]), State::Unknown, "only the client"),
            (entry("./molecule-org-mcp", &[]), State::Unknown, "from where the client starts it"),
            (entry("/nowhere/molecule-org-mcp", &[]), State::Problem, "isn't there"),
            (entry(&this, &[("MOLECULE_URL", "http://${env:NOT_SET_HERE}")]), State::Problem, "NOT_SET_HERE"),
        ] {
            let found = amiss("it", trial(Client::VsCode, &entry).map(|_| ()).unwrap_err());
            assert!(found.state == state && found.found.contains(words), "{found:?}");
        }
    }

    #[test]
    fn a_key_in_a_clients_file_is_told_and_not_repeated() {
        let of = |name: &str, text: &str| held("it", Client::VsCode, &entry("x", &[(name, text)]));
        let found = of("MOLECULE_ORG_TOKEN", "kkkkkkkk").unwrap();
        assert!(found.next.as_ref().unwrap().contains("install vscode --key-file"), "{found:?}");
        assert!(!format!("{found:?}").contains("kkkkkkkk"));
        assert!(of("MOLECULE_MCP_GRANT", "mog_x").unwrap().next.unwrap().contains("MOLECULE_MCP_GRANT_FILE"));
        assert_eq!(of("MOLECULE_ORG_TOKEN", ""), None, "it hides the client's own");
        assert_eq!(of("MOLECULE_ORG_TOKEN", "${env:KEY}"), None);
    }
}
