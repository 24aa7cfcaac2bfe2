//! write_file and delete_file: what the tenant answers is looked at afterwards, because it answers `saved`
//! where nothing can be seen of it, and refuses what it offers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::place::{Root, find, refuse_credentials};
use super::read::fetch;
use super::{DELETE, WRITE};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Content;
use crate::tools::container;
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::{confirm_exists, fetch_one};

/// What one file may hold.
pub type FileText = Content<262_144>;

const TRIMMED: &str = "The tenant shows files without the whitespace at their ends, so that isn't confirmed.";
const UNSEEN: &str =
    "No container of it runs, so the tenant shows the template instead: look with read_file once it is online.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteFile {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Below /configs.
    path: FilePath,
    /// The whole file; may be empty.
    content: FileText,
}

#[derive(Serialize, JsonSchema)]
pub struct Written {
    path: FilePath,
    /// Bytes that were sent.
    size: usize,
    /// It was read back and is what was sent.
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// What reading back showed.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Same,
    /// But for whitespace at its ends.
    Trimmed,
    Other,
}

fn compare(sent: &str, found: &str) -> Seen {
    match (sent == found, sent.trim() == found.trim()) {
        (true, _) => Seen::Same,
        (false, true) => Seen::Trimmed,
        (false, false) => Seen::Other,
    }
}

impl Act for WriteFile {
    type Answer = Written;

    async fn act(self, call: &Invocation) -> Result<Written, Failure> {
        refuse_credentials(self.path.as_str())?;
        let ask = call.tenant.ask(&WRITE).part("workspace_id", &self.workspace_id).part("path", &self.path);
        ask.body(&json!({ "content": self.content })).received().await.map_err(unwritten)?;
        let (confirmed, note) = self.look(call).await?;
        Ok(Written { path: self.path, size: self.content.as_str().len(), confirmed, note })
    }
}

impl WriteFile {
    async fn look(&self, call: &Invocation) -> Result<(bool, Option<&'static str>), Failure> {
        let seen = match fetch(&self.workspace_id, Root::Configs, &self.path, call).await {
            Ok(found) => compare(self.content.as_str(), &found.content),
            Err(failure) if failure.code() == Code::NotFound => Seen::Other,
            Err(failure) => return Err(failure.changed(Changed::Yes).next("It was written; look with read_file.")),
        };
        match seen {
            Seen::Same => Ok((true, None)),
            Seen::Trimmed => Ok((true, Some(TRIMMED))),
            Seen::Other if container::runs(&fetch_one(&self.workspace_id, call).await?) => {
                Err(Failure::new(Code::UnexpectedAnswer, "the tenant answered `saved`, but the file reads otherwise")
                    .changed(Changed::Unknown)
                    .next("Look with read_file; something else may be writing it."))
            }
            Seen::Other => Ok((false, Some(UNSEEN))),
        }
    }
}

fn unwritten(failure: Failure) -> Failure {
    if failure.code() == Code::TenantError {
        return failure.next("The tenant couldn't reach the workspace's machine: look with get_workspace and read_file before trying again.");
    }
    failure
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteFile {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// A file or folder below /configs.
    path: FilePath,
}

#[derive(Serialize, JsonSchema)]
pub struct Deleted {
    path: FilePath,
    /// `deleted`
    status: &'static str,
}

impl Act for DeleteFile {
    type Answer = Deleted;

    async fn act(self, call: &Invocation) -> Result<Deleted, Failure> {
        // The tenant refuses the path before it looks for the workspace.
        confirm_exists(&self.workspace_id, call).await?;
        if find(&self.workspace_id, Root::Configs, self.path.as_str(), call).await?.is_none() {
            return Err(Failure::new(Code::NotFound, "there is no such file or folder").next("Look with list_files."));
        }
        let ask = call.tenant.ask(&DELETE).part("workspace_id", &self.workspace_id).part("path", &self.path);
        if ask.expecting(&[400]).received().await?.status == 400 {
            return Err(never_deletes());
        }
        match find(&self.workspace_id, Root::Configs, self.path.as_str(), call).await? {
            None => Ok(Deleted { path: self.path, status: "deleted" }),
            Some(_) => {
                Err(Failure::new(Code::UnexpectedAnswer, "the tenant answered `deleted`, but it is still there")
                    .confirmed(Changed::No))
            }
        }
    }
}

fn never_deletes() -> Failure {
    Failure::new(Code::NotSupported, "this tenant refuses to delete any file: it takes every path for an absolute one")
        .confirmed(Changed::No)
        .next("Have the workspace's agent delete it, or empty it with write_file.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_at_the_ends_is_told_apart() {
        assert_eq!(compare("a\n", "a\n"), Seen::Same);
        assert_eq!(compare("a\n", "a"), Seen::Trimmed);
        assert_eq!(compare("\n", ""), Seen::Trimmed);
        assert_eq!(compare("a b", "a  b"), Seen::Other);
        assert_eq!(compare("a", ""), Seen::Other);
    }
}
