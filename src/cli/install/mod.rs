//! `molecule-org-mcp install CLIENT`: writes into the client's own file how it starts this server, and takes that
//! out again. Whatever else stands in the file stays as it is, and a file that can't be read isn't touched.

mod client;
mod entry;
mod json;
mod program;
mod told;
mod toml;
mod value;
mod wanted;
mod write;

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Choices, Ending, output};
use crate::config::{self, Layer};
use client::{Client, Format};
use entry::Entry;
use wanted::Chosen;
use write::Place;

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

/// Clients make a tool's whole name out of it, and cut or drop what gets too long.
fn name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match (1..=24).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("1 to 24 letters, digits, `-` and `_` are possible".to_owned()),
    }
}

/// What one client's file says about us.
pub(in crate::cli) struct Installed {
    pub(in crate::cli) client: Client,
    pub(in crate::cli) file: PathBuf,
    /// The entry with its name; or, of a file that can't be read, why.
    pub(in crate::cli) found: Result<(String, Entry), String>,
}

/// Every entry of ours in the files of this user, and of the project in this directory.
pub(in crate::cli) fn installed() -> Vec<Installed> {
    let project = env::current_dir().ok();
    let mut files: Vec<(Client, PathBuf)> = Vec::new();
    for client in Client::ALL {
        let in_project = project.as_deref().and_then(|directory| client.project_file(directory));
        let both = client.user_file().into_iter().chain(in_project);
        files.extend(both.filter(|file| file.symlink_metadata().is_ok()).map(|file| (client, file)));
    }
    files.dedup();
    files.into_iter().flat_map(|(client, file)| in_file(client, file)).collect()
}

fn in_file(client: Client, file: PathBuf) -> Vec<Installed> {
    let read = Place::of(&file).and_then(|place| place.read()).map_err(|error| error.to_string());
    let all = read.and_then(|text| entries(client, &text.unwrap_or_default()));
    match all {
        Err(error) => vec![Installed { client, file, found: Err(error) }],
        Ok(all) => {
            let ours = all.into_iter().filter_map(|(name, entry)| Some((name, entry.filter(Entry::is_ours)?)));
            ours.map(|found| Installed { client, file: file.clone(), found: Ok(found) }).collect()
        }
    }
}

pub(super) fn run(choices: &Choices, flags: Flags) -> Result<(), Ending> {
    let client = flags.client;
    if client == Client::GeminiCli && flags.name.contains('_') {
        return Err(Ending::Usage("Gemini CLI can't tell a server from its tools by a name with `_`: use `-`".into()));
    }
    let file = file(client, flags.project)?;
    let of = |error: std::io::Error| Ending::Failed(format!("{}: {error}; nothing was changed", file.display()));
    let place = Place::of(&file).map_err(of)?;
    let before = place.read().map_err(of)?;
    let text = before.clone().unwrap_or_default();
    let unreadable = |error| Ending::Failed(format!("{}: {error}; nothing was changed", file.display()));
    let all = entries(client, &text).map_err(unreadable)?;
    let there = all.into_iter().find(|(name, _)| *name == flags.name).map(|(_, entry)| entry);
    let is_other = there.as_ref().is_some_and(|entry| !entry.as_ref().is_some_and(Entry::is_ours));
    if is_other {
        return Err(Ending::Failed(format!(
            "{} has an entry `{}` that doesn't start this program; nothing was changed. Choose another --name, or \
             take that out first.",
            file.display(),
            flags.name
        )));
    }
    let there = there.flatten();
    let told = told::Told { client, name: &flags.name, file: &file, project: flags.project };
    if flags.uninstall {
        if there.is_none() {
            return Ok(output::line(&told.not_there())?);
        }
        if flags.print {
            return Ok(output::line(&told.would_go())?);
        }
        let after = removed(client, &text, &flags.name).map_err(unreadable)?;
        let kept = place.change(before.as_deref(), &after).map_err(of)?;
        return Ok(output::line(&told.gone(kept.as_deref(), &installed()))?);
    }
    let (entry, warnings) = wish(choices, &flags)?;
    let entry = there.as_ref().map_or(entry.clone(), |there| entry.keeping(there));
    let is_done = there.as_ref() == Some(&entry);
    for warning in &warnings {
        output::notice(&format!("warning: {warning}"));
    }
    if flags.print {
        output::notice(&told.would_stand(is_done));
        let alone = put(client, "", &flags.name, &entry).map_err(unreadable)?;
        return Ok(output::line(alone.trim_end())?);
    }
    if is_done {
        return Ok(output::line(&told.done_already())?);
    }
    if !place.has_directory() && !flags.project {
        output::notice(&format!("warning: {} doesn't seem to be here yet; it will find its file", client.title()));
    }
    let after = put(client, &text, &flags.name, &entry).map_err(unreadable)?;
    let kept = place.change(before.as_deref(), &after).map_err(of)?;
    Ok(output::line(&told.done(kept.as_deref(), &entry))?)
}

fn file(client: Client, project: bool) -> Result<PathBuf, Ending> {
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
fn wish(choices: &Choices, flags: &Flags) -> Result<(Entry, Vec<String>), Ending> {
    let more = Layer {
        slug: flags.org.clone(),
        url: flags.url.clone(),
        org_id: flags.org_id.clone(),
        token_file: flags.key_file.clone(),
        ..Layer::default()
    };
    let checked = choices.clone().config_over(more.clone())?;
    let layer = config::chosen(choices.clone().layer(more))?;
    let said = |path| Ok::<_, config::ConfigError>((path, config::of_file(path)?));
    let file: Option<(&Path, Layer)> = choices.config.as_deref().map(said).transpose()?;
    let program = program::path()?;
    let chosen = Chosen { layer, file, embedded: choices.embedded };
    let entry = wanted::entry(flags.client, &program, chosen).map_err(Ending::Usage)?;
    let warnings = [
        program::passing(&program),
        told::open_key(&checked),
        told::elsewhere(flags.client, &entry),
        flags.project.then(|| "this file names paths of this machine; whoever shares the project gets them".to_owned()),
    ];
    Ok((entry, warnings.into_iter().flatten().collect()))
}

fn entries(client: Client, text: &str) -> Result<Vec<(String, Option<Entry>)>, String> {
    match client.about().format {
        Format::Json { .. } => json::entries(text, client.about()),
        Format::Toml => toml::entries(text, client.about()),
    }
}

fn put(client: Client, text: &str, name: &str, entry: &Entry) -> Result<String, String> {
    match client.about().format {
        Format::Json { .. } => json::put(text, client.about(), name, entry),
        Format::Toml => toml::put(text, client.about(), name, entry),
    }
}

fn removed(client: Client, text: &str, name: &str) -> Result<String, String> {
    match client.about().format {
        Format::Json { .. } => json::remove(text, client.about(), name),
        Format::Toml => toml::remove(text, name),
    }
}
