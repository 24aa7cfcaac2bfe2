//! list_files. The tenant answers an empty list for a folder that isn't there, and for a file; we don't.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::{Entry, Root, entries, find};
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListFiles {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Default /configs; the others only with a running container.
    root: Option<Root>,
    /// A folder below the root.
    path: Option<FilePath>,
    /// Levels below it; default 1.
    depth: Option<Whole<1, 5>>,
}

#[derive(Serialize, JsonSchema)]
pub struct FileLine {
    /// From the root on; read_file takes it.
    path: String,
    folder: bool,
    /// Bytes, of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl List for ListFiles {
    type Item = FileLine;
    const USUAL: u32 = 100;
    const MOST: u32 = 1000;

    fn mark(line: &FileLine) -> String {
        line.path.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<FileLine>, Failure> {
        let root = self.root.unwrap_or_default();
        let folder = self.path.as_ref().map(FilePath::as_str);
        let depth = self.depth.map_or(1, Whole::get);
        let found = entries(&self.workspace_id, root, folder, depth, call).await?;
        if let (true, Some(folder)) = (found.is_empty(), folder) {
            self.must_be_folder(root, folder, call).await?;
        }
        let mut lines: Vec<FileLine> = found.into_iter().map(|entry| line(folder, entry)).collect();
        lines.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(lines)
    }
}

impl ListFiles {
    async fn must_be_folder(&self, root: Root, folder: &str, call: &Invocation) -> Result<(), Failure> {
        match find(&self.workspace_id, root, folder, call).await? {
            Some(entry) if entry.dir => Ok(()),
            Some(_) => Err(Failure::invalid("`path` is a file, not a folder").next("Read it with read_file.")),
            None => Err(Failure::new(Code::NotFound, "there is no such folder")
                .next("List the root without `path` and go on from there.")),
        }
    }
}

fn line(folder: Option<&str>, Entry { path, size, dir }: Entry) -> FileLine {
    let path = folder.map_or_else(|| path.clone(), |folder| format!("{folder}/{path}"));
    FileLine { path, folder: dir, size: (!dir).then_some(size) }
}
