//! Where files lie: the roots that the tenant shows, what is in a folder, and the files that no tool of
//! ours opens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LIST;
use crate::failure::{Code, Failure};
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Root {
    #[default]
    #[serde(rename = "/configs")]
    Configs,
    #[serde(rename = "/workspace")]
    Workspace,
    #[serde(rename = "/home")]
    Home,
    #[serde(rename = "/plugins")]
    Plugins,
}

impl Root {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configs => "/configs",
            Self::Workspace => "/workspace",
            Self::Home => "/home",
            Self::Plugins => "/plugins",
        }
    }
}

/// As the tenant lists it: the path is relative to the folder that was asked for.
#[derive(Deserialize)]
pub struct Entry {
    pub path: String,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub dir: bool,
}

pub async fn entries(
    workspace: &WorkspaceId,
    root: Root,
    folder: Option<&str>,
    depth: i64,
    call: &Invocation,
) -> Result<Vec<Entry>, Failure> {
    let ask = call.tenant.ask(&LIST).part("workspace_id", workspace).query("root", root.as_str()).query("depth", depth);
    match folder {
        Some(folder) => ask.query("path", folder).fetch().await,
        None => ask.fetch().await,
    }
}

/// One file or folder, if it is there. The tenant has no other question for a folder, and lists nothing
/// where there is none.
pub async fn find(
    workspace: &WorkspaceId,
    root: Root,
    path: &str,
    call: &Invocation,
) -> Result<Option<Entry>, Failure> {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
    let found = entries(workspace, root, folder, 1, call).await?;
    Ok(found.into_iter().find(|entry| entry.path == name))
}

/// Files of these names hold credentials; a workspace's own token is one of them.
fn holds_credentials(path: &str) -> bool {
    const NAMES: [&str; 6] = [".auth_token", ".netrc", ".git-credentials", ".pgpass", "id_rsa", "id_ed25519"];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || name == ".env" || name.starts_with(".env.")
}

pub fn refuse_credentials(path: &str) -> Result<(), Failure> {
    if !holds_credentials(path) {
        return Ok(());
    }
    Err(Failure::new(Code::ForbiddenByPolicy, "files of that name hold credentials, which never go through here")
        .next("Set secrets with set_secret; a workspace's token is made by create_workspace_token."))
}

pub fn refuse_all_credentials<'a>(paths: impl IntoIterator<Item = &'a FilePath>) -> Result<(), Failure> {
    paths.into_iter().try_for_each(|path| refuse_credentials(path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_known_by_its_name() {
        for path in [".auth_token", "a/.env", ".env.production", "/home/agent/.ssh/id_rsa", "x/.AUTH_TOKEN"] {
            assert!(refuse_credentials(path).is_err(), "{path}");
        }
        for path in ["config.yaml", "auth_token.md", ".environment", "env", ".envrc/readme.md"] {
            assert!(refuse_credentials(path).is_ok(), "{path}");
        }
    }
}
