//! `molecule-org-mcp install CLIENT`: writes into the client's own file how it starts this server, and takes that
//! out again. Whatever else stands in the file stays as it is, and a file that can't be read isn't touched.

pub(in crate::cli) mod client;
pub(in crate::cli) mod entry;
mod file;
pub(in crate::cli) mod installed;
mod json;
mod program;
mod told;
mod toml;
pub(in crate::cli) mod value;
mod wanted;
mod write;

use std::env;
use std::path::PathBuf;

use clap::Args;

use self::client::Client;
use self::entry::Entry;
use self::file::{Before, ClientFile};
pub(in crate::cli) use self::installed::{Installed, installed};
use self::told::Told;
use self::wanted::Chosen;
use super::{Choices, Ending, output};
use crate::config::{self, Layer};

#[derive(Args)]
pub(super) struct Flags {
    /// Which client
    #[arg(value_enum)]
    client: Client,
    /// What it is called in the client: 1 to 24 letters, digits, `-` and `_`
    #[arg(long, default_value = "molecule", value_parser = name)]
    name: String,
    /// Set it up for the project in this directory, not for all of yours
    #[arg(long)]
    project: bool,
    /// Only show what would be written, and where
    #[arg(long)]
    print: bool,
    /// Take it out again
    #[arg(long)]
    uninstall: bool,
    /// The organisation's slug (MOLECULE_ORG)
    #[arg(long, value_name = "SLUG", conflicts_with = "url")]
    org: Option<String>,
    /// The tenant's address (MOLECULE_URL)
    #[arg(long)]
    url: Option<String>,
    /// The organisation's id, which hosted tenants want (MOLECULE_ORG_ID)
    #[arg(long, value_name = "ID")]
    org_id: Option<String>,
    /// The file that holds the org key (MOLECULE_ORG_TOKEN_FILE)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

const NO_KEY: &str = "no org key: give --key-file FILE (or set MOLECULE_ORG_TOKEN_FILE; or MOLECULE_ORG_TOKEN, for a \
                      client that sees it too), or --embedded to try it without an organisation";

/// Clients make a tool's whole name out of it, and cut or drop what gets too long.
fn name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match (1..=24).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("1 to 24 letters, digits, `-` and `_` are possible".to_owned()),
    }
}

pub(super) fn run(choices: Choices, flags: &Flags) -> Result<(), Ending> {
    if flags.client == Client::GeminiCli && flags.name.contains('_') {
        return Err(Ending::Usage("Gemini CLI can't tell a server from its tools by a name with `_`: use `-`".into()));
    }
    let file = ClientFile::open(flags.client, path(flags.client, flags.project)?)?;
    let there = file.ours(&flags.name)?;
    match flags.uninstall {
        true => uninstall(flags, &file, !there.is_empty()),
        false => install(choices, flags, &file),
    }
}

fn install(choices: Choices, flags: &Flags, file: &ClientFile) -> Result<(), Ending> {
    let (entry, warnings) = wish(choices, flags)?;
    for warning in &warnings {
        output::notice(&format!("warning: {warning}"));
    }
    let is_done = file.says(&flags.name, &entry)?;
    let told = Told { flags, file };
    if flags.print {
        output::notice(&told.stands(is_done));
        return Ok(output::line(file.alone(&flags.name, &entry)?.trim_end())?);
    }
    if is_done {
        return Ok(output::line(&told.said("already set up"))?);
    }
    if !flags.project && !file.has_directory() {
        output::notice(&format!("warning: {} wasn't used here yet", flags.client.title()));
    }
    let before = file.put(&flags.name, &entry)?;
    output::line(&told.done(before.as_ref(), &entry))?;
    warn_of_key(before.as_ref());
    Ok(())
}

fn uninstall(flags: &Flags, file: &ClientFile, is_there: bool) -> Result<(), Ending> {
    let told = Told { flags, file };
    match (is_there, flags.print) {
        (false, _) => output::line(&told.said("not set up"))?,
        (true, true) => output::line(&told.said("would no longer be set up"))?,
        (true, false) => {
            let before = file.remove(&flags.name)?;
            output::line(&told.gone(before.as_ref(), &installed()))?;
            warn_of_key(before.as_ref());
        }
    }
    Ok(())
}

fn warn_of_key(before: Option<&Before>) {
    if let Some(warning) = told::left_key(before) {
        output::notice(&format!("warning: {warning}"));
    }
}

fn path(client: Client, project: bool) -> Result<PathBuf, Ending> {
    let title = client.title();
    if !project {
        return client
            .user_file()
            .ok_or_else(|| Ending::Usage(format!("there is no home directory for {title}'s file: set HOME")));
    }
    client
        .project_file(&env::current_dir()?)
        .ok_or_else(|| Ending::Usage(format!("{title} has no file for a project: leave out --project")))
}

/// What the client is to be told, checked as the server would check it, and what a person should know of it.
fn wish(choices: Choices, flags: &Flags) -> Result<(Entry, Vec<String>), Ending> {
    let more = Layer {
        slug: flags.org.clone(),
        url: flags.url.clone(),
        org_id: flags.org_id.clone(),
        token_file: flags.key_file.clone(),
        ..Layer::default()
    };
    let file = choices.config.clone();
    let said = file.as_deref().map(config::of_file).transpose()?;
    let layer = config::chosen(choices.clone().layer(more.clone()))?;
    let has_key = |layer: &Layer| layer.token.is_some() || layer.token_file.is_some();
    if !choices.embedded && !has_key(&layer) && !said.as_ref().is_some_and(has_key) {
        return Err(Ending::Usage(NO_KEY.to_owned()));
    }
    let embedded = choices.embedded;
    let checked = choices.config_over(more)?;
    let chosen = Chosen { embedded, layer, file: file.as_deref().zip(said) };
    let program = program::path()?;
    let entry = wanted::entry(flags.client, &program, chosen).map_err(Ending::Usage)?;
    let warnings = [
        program::passing(&program),
        told::open_key(&checked),
        told::elsewhere(flags.client, &entry),
        flags.project.then(|| "this file names paths of this machine; whoever shares the project gets them".to_owned()),
    ];
    Ok((entry, warnings.into_iter().flatten().collect()))
}
