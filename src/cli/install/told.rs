//! What a person reads: what was written and where, how to see that it works, how to undo it, and what might
//! surprise them.

use super::Flags;
use super::client::Client;
use super::entry::Entry;
use super::file::{Before, ClientFile};
use super::installed::Installed;
use super::value::{Refers, Value};
use crate::config::Config;
use crate::fence;
use crate::secrets::place::is_private;

pub(super) struct Told<'a> {
    pub flags: &'a Flags,
    pub file: &'a ClientFile,
}

impl Told<'_> {
    /// "Cursor: set up as `molecule` in FILE"
    pub fn said(&self, how: &str) -> String {
        let title = self.flags.client.title();
        format!("{title}: {how} as `{}` in {}", self.flags.name, self.file.path.display())
    }

    pub fn stands(&self, is_done: bool) -> String {
        let stands = if is_done { "stands" } else { "would stand" };
        format!("This {stands} in {}:", self.file.path.display())
    }

    pub fn done(&self, before: Option<&Before>, entry: &Entry) -> String {
        let surface = match entry.env.get("MOLECULE_MCP_SURFACE") {
            Some(Value::Plain(surface)) => surface,
            _ => "as the configuration file says",
        };
        let lines = [
            Some(self.said("set up")),
            before.map(kept),
            Some(format!("  surface: {surface} (docs/surfaces.md says what that costs)")),
            Some(format!("  check:   {}", self.flags.client.about().check)),
            Some(format!(
                "  undo:    molecule-org-mcp install {}{} --uninstall",
                self.flags.client.word(),
                self.same()
            )),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    pub fn gone(&self, before: Option<&Before>, others: &[Installed]) -> String {
        let also = others.iter().filter_map(|other| {
            let (name, _) = other.found.as_ref().ok()?;
            let name = fence::line(name);
            Some(format!("  still:   {} as `{name}` in {}", other.client.title(), other.file.display()))
        });
        let lines = [Some(self.said("no longer set up")), before.map(kept)];
        lines.into_iter().flatten().chain(also).collect::<Vec<_>>().join("\n")
    }

    /// The flags that name this entry again.
    fn same(&self) -> String {
        let name = if self.flags.name == "molecule" { String::new() } else { format!(" --name {}", self.flags.name) };
        name + if self.flags.project { " --project" } else { "" }
    }
}

fn kept(before: &Before) -> String {
    format!("  before:  {}", before.kept.display())
}

/// It was in the entry that is replaced.
pub(super) fn left_key(before: Option<&Before>) -> Option<String> {
    let Before { kept, .. } = before.filter(|before| before.holds_key)?;
    Some(format!("the key still stands in {}: delete that", kept.display()))
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
