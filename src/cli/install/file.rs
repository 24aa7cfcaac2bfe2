//! One client's file, read: what it says about a server of this name, and changing that. A file that can't be
//! understood is never written.

use std::path::{Path, PathBuf};

use super::client::{Client, Format};
use super::entry::Entry;
use super::write::Place;
use super::{json, toml};
use crate::cli::Ending;

pub(super) struct ClientFile {
    pub client: Client,
    pub path: PathBuf,
    place: Place,
    /// None where there is no file yet.
    text: Option<String>,
}

/// Why nothing was done with a file. It never repeats what stands in it.
pub(super) struct Trouble {
    path: PathBuf,
    pub why: String,
}

impl From<Trouble> for Ending {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(format!("{}: {}; nothing was changed", trouble.path.display(), trouble.why))
    }
}

impl ClientFile {
    pub fn open(client: Client, path: PathBuf) -> Result<Self, Trouble> {
        let read = Place::of(&path).and_then(|place| Ok((place.read()?, place)));
        match read {
            Ok((text, place)) => Ok(Self { client, path, place, text }),
            Err(error) => Err(Trouble { path, why: error.to_string() }),
        }
    }

    /// Every entry with its name; None where it isn't a program that is started.
    pub fn entries(&self) -> Result<Vec<(String, Option<Entry>)>, Trouble> {
        let (about, text) = (self.client.about(), self.text());
        let found = match about.format {
            Format::Json { .. } => json::entries(text, about),
            Format::Toml => toml::entries(text, about),
        };
        found.map_err(|why| self.trouble(why))
    }

    /// Ours of this name. Another's isn't ours to change.
    pub fn ours(&self, name: &str) -> Result<Option<Entry>, Trouble> {
        match self.entries()?.into_iter().find(|(known, _)| known == name) {
            None => Ok(None),
            Some((_, Some(entry))) if entry.is_ours() => Ok(Some(entry)),
            Some(_) => Err(self.trouble(format!(
                "its entry `{name}` doesn't start this program; choose another --name, or take that out first"
            ))),
        }
    }

    /// Where it was kept as it was before, if it was there.
    pub fn put(&self, name: &str, entry: &Entry) -> Result<Option<PathBuf>, Trouble> {
        self.change(put(self.client, self.text(), name, entry))
    }

    pub fn remove(&self, name: &str) -> Result<Option<PathBuf>, Trouble> {
        let (about, text) = (self.client.about(), self.text());
        self.change(match about.format {
            Format::Json { .. } => json::remove(text, about, name),
            Format::Toml => toml::remove(text, name),
        })
    }

    /// What a file would say that held nothing else.
    pub fn alone(&self, name: &str, entry: &Entry) -> Result<String, Trouble> {
        put(self.client, "", name, entry).map_err(|why| self.trouble(why))
    }

    /// Whether the client was ever here.
    pub fn has_directory(&self) -> bool {
        self.path.parent().is_some_and(Path::is_dir)
    }

    fn change(&self, after: Result<String, String>) -> Result<Option<PathBuf>, Trouble> {
        let after = after.map_err(|why| self.trouble(why))?;
        self.place.change(self.text.as_deref(), &after).map_err(|error| self.trouble(error.to_string()))
    }

    fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    fn trouble(&self, why: String) -> Trouble {
        Trouble { path: self.path.clone(), why }
    }
}

fn put(client: Client, text: &str, name: &str, entry: &Entry) -> Result<String, String> {
    let about = client.about();
    match about.format {
        Format::Json { .. } => json::put(text, about, name, entry),
        Format::Toml => toml::put(text, about, name, entry),
    }
}
