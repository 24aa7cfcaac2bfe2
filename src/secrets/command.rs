//! Programs that the operator set up to take a credential or to print a secret value: found before anything
//! depends on them, run without a shell, with little of our environment, for half a minute at most. The whole
//! group ends with its leader. What they say on standard error is for the operator.

mod run;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::{Credential, aside};
use crate::failure::{Code, Failure};

/// Where a sink's arguments take the name of what is delivered.
pub const SUGGESTED: &str = "{name}";

const PATIENCE: Duration = Duration::from_secs(30);

/// What a program gets of our environment without being listed.
#[cfg(not(windows))]
const USUAL: [&str; 3] = ["PATH", "HOME", "LANG"];
#[cfg(windows)]
const USUAL: [&str; 5] = ["PATH", "SystemRoot", "USERPROFILE", "APPDATA", "TEMP"];

/// What the policy file says under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, as they are.
    pub sink: Option<Vec<String>>,
    pub source: Option<Vec<String>>,
    /// Variables of the server's that it gets as well.
    pub environment: Vec<String>,
}

impl Command {
    /// Its programs that aren't there, or can't be run.
    pub fn missing(&self) -> Vec<&str> {
        let programs = [&self.sink, &self.source].into_iter().flatten().filter_map(|words| words.first());
        programs.filter(|program| on_path(program).is_none()).map(String::as_str).collect()
    }
}

/// A program that is there and may be run.
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, std::ffi::OsString)>,
}

impl Program {
    pub(super) fn find(arguments: &[String], environment: &[String]) -> Result<Self, Failure> {
        let (program, arguments) = arguments.split_first().ok_or_else(|| absent("it names no program"))?;
        let path = on_path(program).ok_or_else(|| absent(&format!("{program} isn't there or can't be run")))?;
        let passed = USUAL.into_iter().chain(environment.iter().map(String::as_str));
        Ok(Self {
            path,
            arguments: arguments.to_vec(),
            environment: passed.filter_map(|name| Some((name.to_owned(), env::var_os(name)?))).collect(),
        })
    }

    /// Gives it a credential and waits until it has ended well.
    pub(super) async fn reads(self, credential: &Credential) -> Result<(), Failure> {
        self.run(Some(credential.expose().into())).await.map(|_| ())
    }

    /// What it prints, somewhat over the longest that anybody wants at most.
    pub(super) async fn prints(self) -> Result<Vec<u8>, Failure> {
        self.run(None).await
    }

    async fn run(self, input: Option<SecretString>) -> Result<Vec<u8>, Failure> {
        // Its own limit comes first; this one is for a system that doesn't even kill.
        let ended = aside::within(PATIENCE * 2, move || run::run(self, input, PATIENCE)).await;
        let ended = ended.unwrap_or(Err(run::Trouble::Late(String::new())));
        ended.map_err(failed)
    }
}

fn absent(detail: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, "the operator's command can't be run; nothing was done")
        .next("Ask the operator to look at [credentials.commands] in the policy file.")
        .operator(detail)
}

fn failed(trouble: run::Trouble) -> Failure {
    let (what, detail) = match trouble {
        run::Trouble::Start(detail) => ("couldn't be started".to_owned(), detail),
        run::Trouble::Late(said) => (format!("didn't end within {} s and was stopped", PATIENCE.as_secs()), said),
        run::Trouble::Ended(status, said) => (format!("failed ({status})"), said),
    };
    Failure::new(Code::PreconditionFailed, format!("the operator's command {what}"))
        .next("Ask the operator to look at what it said, in this server's log.")
        .operator(format!("the command said: {detail}"))
}

/// A whole path, or a name that is looked for where a shell would.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let asked = Path::new(program);
    if asked.is_absolute() {
        return Some(asked.to_owned()).filter(|path| can_run(path));
    }
    let named =
        |directory: PathBuf| [directory.join(program), directory.join(format!("{program}{}", env::consts::EXE_SUFFIX))];
    env::split_paths(&env::var_os("PATH")?).flat_map(named).find(|path| path.is_absolute() && can_run(path))
}

#[cfg(unix)]
fn can_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_run(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}
