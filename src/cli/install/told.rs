//! What a person reads: what was written and where, how to see that it works, how to undo it, and what might
//! surprise them.

use std::path::Path;

use super::Installed;
use super::client::Client;
use super::entry::Entry;
use super::value::{Refers, Value};
use crate::config::Config;
use crate::secrets::place::is_private;

pub(super) struct Told<'a> {
    pub client: Client,
    pub name: &'a str,
    pub file: &'a Path,
    pub project: bool,
}

impl Told<'_> {
    pub fn done(&self, kept: Option<&Path>, entry: &Entry) -> String {
        let surface = match entry.env.get("MOLECULE_MCP_SURFACE") {
            Some(Value::Plain(surface)) => surface,
            _ => "as the configuration file says",
        };
        let undo = format!("molecule-org-mcp install {}{} --uninstall", self.client.word(), self.flags());
        format!(
            "{}: set up as `{}` in {}\n{}  surface:  {surface} (docs/surfaces.md says what that costs)\n  \
             check:    {}\n  undo:     {undo}",
            self.client.title(),
            self.name,
            self.file.display(),
            before(kept),
            self.client.about().check
        )
    }

    pub fn done_already(&self) -> String {
        format!("{}: already set up as `{}` in {}", self.client.title(), self.name, self.file.display())
    }

    pub fn would_stand(&self, is_done: bool) -> String {
        let stands = if is_done { "stands" } else { "would stand" };
        format!("This {stands} in {}:", self.file.display())
    }

    pub fn would_go(&self) -> String {
        format!("{}: `{}` would be taken out of {}", self.client.title(), self.name, self.file.display())
    }

    pub fn not_there(&self) -> String {
        format!("{}: not set up as `{}` in {}", self.client.title(), self.name, self.file.display())
    }

    pub fn gone(&self, kept: Option<&Path>, others: &[Installed]) -> String {
        let mut text = format!(
            "{}: `{}` was taken out of {}\n{}",
            self.client.title(),
            self.name,
            self.file.display(),
            before(kept)
        );
        for other in others {
            if let Ok((name, _)) = &other.found {
                text += &format!("  still in: {} as `{name}`, {}\n", other.client.title(), other.file.display());
            }
        }
        text.trim_end().to_owned()
    }

    fn flags(&self) -> String {
        let name = if self.name == "molecule" { String::new() } else { format!(" --name {}", self.name) };
        name + if self.project { " --project" } else { "" }
    }
}

fn before(kept: Option<&Path>) -> String {
    kept.map_or_else(String::new, |kept| format!("  before:   {}\n", kept.display()))
}

/// The key is the organisation's.
pub(super) fn open_key(config: &Config) -> Option<String> {
    let file = config.tenant.as_ref()?.key_file.as_ref()?.path();
    let open = is_private(file).is_ok_and(|private| !private);
    open.then(|| format!("{} holds the org key, and others can read it: chmod 600 it", file.display()))
}

/// Whoever takes a key from the environment needs one that has it.
pub(super) fn elsewhere(client: Client, entry: &Entry) -> Option<String> {
    let names: Vec<&str> =
        entry.env.iter().filter(|(_, value)| matches!(value, Value::Of(_))).map(|(name, _)| name.as_str()).collect();
    let desktop = match client.about().refers {
        Refers::EnvBraces => "; one that is started from a desktop doesn't see your shell's",
        _ => "",
    };
    (!names.is_empty()).then(|| {
        format!(
            "{} must be set wherever {} runs{desktop}. A file that only you can read is simpler: --key-file FILE.",
            names.join(" and "),
            client.title()
        )
    })
}
