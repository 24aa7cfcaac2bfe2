//! One client's file, read: what it says about a server of this name, and changing that. A file that can't be
//! understood is never written.

use std::io;
use std::path::{Path, PathBuf};

use super::client::{Client, Format};
use super::entry::Entry;
use super::write::{Place, Rights};
use super::{json, toml};
use crate::cli::Ending;

pub(super) struct ClientFile {
    pub client: Client,
    pub path: PathBuf,
    place: Place,
    /// None where there is no file yet.
    text: Option<String>,
}

const MARK: &str = "\u{feff}";

/// A file as it was before it was changed.
pub(super) struct Before {
    /// Where it is now.
    pub kept: PathBuf,
    /// Whether the entry that was changed held a key or a grant itself.
    pub holds_key: bool,
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

    /// Ours of this name, which JSON may have more than once. Another's isn't ours to change.
    pub fn ours(&self, name: &str) -> Result<Vec<Entry>, Trouble> {
        let named = self.entries()?.into_iter().filter(|(known, _)| known == name);
        let ours: Option<Vec<Entry>> = named.map(|(_, entry)| entry.filter(Entry::is_ours)).collect();
        ours.ok_or_else(|| {
            self.trouble(format!(
                "its entry `{name}` doesn't start this program; choose another --name, or take that out first"
            ))
        })
    }

    /// Whether it says exactly this already.
    pub fn says(&self, name: &str, entry: &Entry) -> Result<bool, Trouble> {
        Ok(self.text.as_ref() == Some(&self.with(name, entry)?))
    }

    /// How it was before, if it was there.
    pub fn put(&self, name: &str, entry: &Entry) -> Result<Option<Before>, Trouble> {
        self.change(name, |now| now.with(name, entry))
    }

    pub fn remove(&self, name: &str) -> Result<Option<Before>, Trouble> {
        self.change(name, |now| now.without(name))
    }

    /// What a file would say that held nothing else.
    pub fn alone(&self, name: &str, entry: &Entry) -> Result<String, Trouble> {
        put(self.client, "", name, entry).map_err(|why| self.trouble(why))
    }

    /// Whether the client was ever here.
    pub fn has_directory(&self) -> bool {
        self.path.parent().is_some_and(Path::is_dir)
    }

    fn with(&self, name: &str, entry: &Entry) -> Result<String, Trouble> {
        self.marked(put(self.client, self.text(), name, entry))
    }

    fn without(&self, name: &str) -> Result<String, Trouble> {
        let (about, text) = (self.client.about(), self.text());
        self.marked(match about.format {
            Format::Json { .. } => json::remove(text, about, name),
            Format::Toml => toml::remove(text, name),
        })
    }

    /// As it is by now, while nobody else of us changes it.
    fn change(
        &self,
        name: &str,
        after: impl FnOnce(&Self) -> Result<String, Trouble>,
    ) -> Result<Option<Before>, Trouble> {
        let failed = |error: io::Error| self.trouble(error.to_string());
        let _turn = self.place.turn().map_err(failed)?;
        let now = Self::open(self.client, self.path.clone())?;
        let holds_key = now.ours(name)?.iter().any(Entry::holds_key);
        let rights = if holds_key { Rights::OnlyOwner } else { Rights::Same };
        let kept = now.place.change(now.text.as_deref(), &after(&now)?, rights).map_err(failed)?;
        Ok(kept.map(|kept| Before { kept, holds_key }))
    }

    /// Without the mark that some editors begin a file with.
    fn text(&self) -> &str {
        let text = self.text.as_deref().unwrap_or_default();
        text.strip_prefix(MARK).unwrap_or(text)
    }

    /// With the mark that it had.
    fn marked(&self, after: Result<String, String>) -> Result<String, Trouble> {
        let mark = if self.text.as_ref().is_some_and(|text| text.starts_with(MARK)) { MARK } else { "" };
        after.map(|after| format!("{mark}{after}")).map_err(|why| self.trouble(why))
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
