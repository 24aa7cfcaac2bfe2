//! `journal verify`: the data directory's journal or an export, with checkpoints that were kept elsewhere.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::open;
use crate::cli::{Ending, output};
use crate::journal::verify::{self, Kept, Report};
use crate::journal::{PublicKey, SigningKey};

#[derive(Args)]
pub(super) struct Flags {
    /// Checkpoints that were kept elsewhere, one a line
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Whose signature counts: `ed25519:…`, as `journal checkpoint` prints it. Without one, the data
    /// directory's own
    #[arg(long, value_name = "KEY", value_parser = public_key)]
    public_key: Option<PublicKey>,
    /// An export, instead of the data directory's journal
    #[arg(long, value_name = "EXPORT")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Verdict {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// Where that one comes from.
    public_key_is: &'static str,
}

pub(super) fn run(data: &Path, flags: &Flags) -> Result<(), Ending> {
    let (key, public_key_is) = match flags.public_key {
        Some(key) => (Some(key), "given"),
        None => match own_key(data)? {
            Some(key) => (Some(key), "the data directory's own"),
            None => (None, "none: nothing was ever signed in this data directory"),
        },
    };
    let kept = match &flags.checkpoint {
        Some(path) => Kept::read(reader(path)?).map_err(|error| failed(path, &error))?,
        None => Kept::default(),
    };
    let report = match &flags.file {
        Some(path) => verify::export::all(reader(path)?, key, &kept),
        None => verify::database::all(&open(data)?, key, &kept),
    };
    if flags.public_key.is_none() {
        output::notice(&format!("public key: {public_key_is}; --public-key names one that you kept elsewhere"));
    }
    let (ok, trouble) = (report.ok, trouble(&report));
    output::json(&Verdict { report, public_key: key.map(|key| key.to_string()), public_key_is })?;
    if ok { Ok(()) } else { Err(Ending::Failed(trouble)) }
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::parse(text).ok_or_else(|| "expected `ed25519:` and 43 base64url characters".to_owned())
}

fn own_key(data: &Path) -> Result<Option<PublicKey>, Ending> {
    Ok(SigningKey::find(data)?.map(|key| key.public()))
}

fn reader(path: &Path) -> Result<BufReader<File>, Ending> {
    File::open(path).map(BufReader::new).map_err(|error| failed(path, &error.to_string()))
}

fn failed(path: &Path, error: &str) -> Ending {
    Ending::Failed(format!("{}: {error}", path.display()))
}

/// The first thing that is wrong, in a sentence.
pub(in crate::cli) fn trouble(report: &Report) -> String {
    let of_chain = report.chains.iter().find_map(|chain| chain.problem.as_ref().map(|problem| (chain, problem)));
    match (of_chain, &report.problem) {
        (Some((chain, problem)), _) => {
            let place = problem.position.map(|position| format!(" at position {position}")).unwrap_or_default();
            let whose = problem.invocation.as_ref().map(|id| format!(", invocation {id}")).unwrap_or_default();
            format!("the journal of {} isn't as it was{place}{whose}: {}", chain.tenant, problem.what)
        }
        (None, Some(problem)) => format!("the journal isn't as it was: {problem}"),
        (None, None) => String::new(),
    }
}
