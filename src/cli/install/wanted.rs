//! What is put into a client's file: this program, and the choices of whoever installs, as the variables that say
//! them. Paths are whole, because a client starts elsewhere, and a key or a grant is only referred to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::client::Client;
use super::entry::Entry;
use super::value::{Refers, Value};
use crate::config::Layer;
use crate::secrets::held;
use crate::tools::surface::Surface;

/// What was chosen, checked already.
pub(super) struct Chosen<'a> {
    /// By flags and the environment.
    pub layer: Layer,
    /// The configuration file, and what it says.
    pub file: Option<(&'a Path, Layer)>,
    pub embedded: bool,
}

pub(super) fn entry(client: Client, program: &Path, chosen: Chosen<'_>) -> Result<Entry, String> {
    let Chosen { mut layer, file, embedded } = chosen;
    let mut args = vec!["stdio".to_owned()];
    if embedded {
        args.push("--embedded".to_owned());
        layer = Layer { url: None, slug: None, org_id: None, token: None, token_file: None, ..layer };
    }
    if let Some((path, said)) = &file {
        whole(path, said)?;
        args.extend(["--config".to_owned(), text(path)?]);
    }
    let said = file.map(|(_, said)| said).unwrap_or_default();
    layer.surface = layer.surface.or(said.surface.is_none().then_some(client.about().surface));
    if said.data.is_none() {
        layer.data = layer.data.or_else(moved_data);
    }
    let mut env = variables(&layer)?;
    if client.about().refers.hands_on_all() {
        env.extend(shadows(&layer).map(|name| (name.to_owned(), Value::Plain(String::new()))));
    }
    let entry = Entry { command: text(program)?, args, env };
    check(client, &entry)?;
    Ok(entry)
}

/// What XDG_DATA_HOME moved: not every client hands that on, and the state would be elsewhere.
fn moved_data() -> Option<PathBuf> {
    std::env::var_os("XDG_DATA_HOME").filter(|at| !at.is_empty())?;
    dirs::data_dir().map(|base| base.join("molecule-org-mcp"))
}

/// What mustn't come from where the client runs, because it says the same in another way. Empty is as good as unset.
fn shadows(layer: &Layer) -> impl Iterator<Item = &'static str> {
    [
        ("MOLECULE_ORG_TOKEN", layer.token_file.is_some()),
        ("MOLECULE_ORG_TOKEN_FILE", layer.token.is_some()),
        ("MOLECULE_URL", layer.slug.is_some()),
        ("MOLECULE_API_URL", layer.slug.is_some()),
        ("MOLECULE_ORG", layer.url.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_said)| is_said.then_some(name))
}

fn variables(layer: &Layer) -> Result<BTreeMap<String, Value>, String> {
    let path = |path: &Option<PathBuf>| path.as_deref().map(text).transpose();
    let switch = |on: Option<bool>| on.map(|on| on.to_string());
    let toolsets = layer.toolsets.as_ref().map(|all| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(","));
    let surface = layer.surface.map(|surface| match surface {
        Surface::Compact => "compact".to_owned(),
        Surface::Full => "full".to_owned(),
    });
    let plain = [
        ("MOLECULE_URL", layer.url.clone()),
        ("MOLECULE_ORG", layer.slug.clone()),
        ("MOLECULE_ORG_ID", layer.org_id.clone()),
        ("MOLECULE_ORG_TOKEN_FILE", path(&layer.token_file)?),
        ("MOLECULE_MCP_GRANT_FILE", path(&layer.grant_file)?),
        ("MOLECULE_MCP_DATA", path(&layer.data)?),
        ("MOLECULE_MCP_TOOLSETS", toolsets),
        ("MOLECULE_MCP_SURFACE", surface),
        ("MOLECULE_MCP_OUTPUT_SCHEMAS", switch(layer.output_schemas)),
        ("MOLECULE_MCP_READ_ONLY", switch(layer.read_only)),
        ("MOLECULE_MCP_POLICY", path(&layer.policy)?),
        ("MOLECULE_MCP_LOG", layer.log.clone()),
    ];
    let secret = [("MOLECULE_ORG_TOKEN", layer.token.is_some()), ("MOLECULE_MCP_GRANT", layer.grant.is_some())];
    let plain = plain.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::Plain(text?))));
    let secret = secret.into_iter().filter(|(_, is_held)| *is_held);
    Ok(plain.chain(secret.map(|(name, _)| (name.to_owned(), Value::Of(name.to_owned())))).collect())
}

fn text(path: &Path) -> Result<String, String> {
    let whole = std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))?;
    whole.to_str().map(ToOwned::to_owned).ok_or_else(|| format!("{} isn't valid text", whole.display()))
}

/// A configuration file says where things are seen from where this is started, which a client does elsewhere.
fn whole(file: &Path, said: &Layer) -> Result<(), String> {
    let one = [&said.data, &said.token_file, &said.policy].into_iter().flatten();
    let many = [&said.credential_dirs, &said.template_dirs].into_iter().flatten().flatten();
    match one.chain(many).find(|path| path.is_relative()) {
        Some(path) => Err(format!(
            "{} names {}, and clients start this elsewhere: write the whole path",
            file.display(),
            path.display()
        )),
        None => Ok(()),
    }
}

/// Refuses what the client would take for something else, and what no file should hold.
fn check(client: Client, entry: &Entry) -> Result<(), String> {
    let about = client.about();
    if let Some((name, _)) = entry.env.iter().find(|(_, value)| matches!(value, Value::Of(_)))
        && about.refers == Refers::Never
    {
        return Err(format!(
            "{} can't take {name} from your environment, and it mustn't stand in its file. Put it into a file that \
             only you can read, unset {name}, and set {name}_FILE to that: \
             (umask 077 && cat > ~/.molecule-key), paste, Enter, Ctrl-D",
            about.title
        ));
    }
    let plain = entry.env.values().filter_map(|value| match value {
        Value::Plain(text) => Some(text),
        Value::Of(_) | Value::Pattern(_) => None,
    });
    for text in entry.args.iter().chain([&entry.command]).chain(plain) {
        if held::clean_text(text.clone()) != *text {
            return Err("a key or grant stands where an address or a path should".to_owned());
        }
        if about.refers.changes(text) {
            return Err(format!("{} would take the `$` in {text} for a variable: choose another path", about.title));
        }
    }
    Ok(())
}
