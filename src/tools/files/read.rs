//! read_file, and the form in which a file's content is answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::READ;
use super::place::{Root, refuse_credentials};
use crate::failure::{Code, Failure};
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::range::{From, Length, Passage};
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadFile {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Below the root, as list_files gives it.
    path: FilePath,
    /// Default /configs; the others only with a running container.
    root: Option<Root>,
    /// Where to begin, in characters; default 0.
    from: Option<From>,
    /// Characters, default 8000.
    length: Option<Length>,
}

#[derive(Serialize, JsonSchema)]
pub struct Shown {
    path: String,
    /// Bytes.
    size: u64,
    /// It isn't text, so its content isn't shown.
    binary: bool,
    /// The resource that its bytes can be read from while the container runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(flatten)]
    passage: Option<Passage>,
}

impl Shown {
    pub fn text(path: String, size: u64, passage: Passage) -> Self {
        Self { path, size, binary: false, uri: None, passage: Some(passage) }
    }

    pub fn binary(path: String, size: u64, uri: String) -> Self {
        Self { path, size, binary: true, uri: Some(uri), passage: None }
    }
}

/// A file as the tenant answers it: as text, whatever it is.
#[derive(Deserialize)]
pub struct Found {
    pub content: String,
    size: u64,
}

pub async fn fetch(workspace: &WorkspaceId, root: Root, path: &FilePath, call: &Invocation) -> Result<Found, Failure> {
    let ask = call.tenant.ask(&READ).part("workspace_id", workspace).part("path", path);
    ask.query("root", root.as_str()).fetch().await.map_err(too_large)
}

/// There is nothing to be made smaller: the tenant answers a file whole.
pub fn too_large(failure: Failure) -> Failure {
    if failure.code() == Code::TooLarge {
        return failure.next("This server takes files of up to 8 MiB; have the workspace's own agent read this one.");
    }
    failure
}

impl Act for ReadFile {
    type Answer = Shown;

    async fn act(self, call: &Invocation) -> Result<Shown, Failure> {
        refuse_credentials(self.path.as_str())?;
        let root = self.root.unwrap_or_default();
        let found = fetch(&self.workspace_id, root, &self.path, call).await?;
        let path = self.path.to_string();
        if found.is_binary() {
            let whole = format!("{}/{path}", root.as_str());
            let uri = call.beside.file(self.workspace_id.as_str(), &whole, found.size);
            return Ok(Shown::binary(path, found.size, uri));
        }
        Ok(Shown::text(path, found.size, Passage::of(&found.content, self.from, self.length)?))
    }
}

impl Found {
    /// The tenant replaces bytes that are no text by marks, which changes the length, or, where it counts
    /// afterwards, leaves a text that is full of marks.
    pub fn is_binary(&self) -> bool {
        const MARK: char = '\u{fffd}';
        let marks = self.content.matches(MARK).count();
        let whole = usize::try_from(self.size) == Ok(self.content.len());
        self.content.contains('\0') || (marks > 0 && (!whole || marks * 10 > self.content.chars().count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_binary(content: &str, size: u64) -> bool {
        Found { content: content.to_owned(), size }.is_binary()
    }

    #[test]
    fn what_the_tenant_had_to_spoil_is_binary() {
        assert!(is_binary("\u{fffd}\u{fffd}\0binary", 9));
        assert!(is_binary("\u{fffd}PNG", 4) && is_binary("\u{fffd}\u{fffd}PNG", 9));
        for text in ["", "Grüße ☀️\n", "a text that speaks of the mark \u{fffd} once"] {
            assert!(!is_binary(text, text.len() as u64), "{text}");
        }
        assert!(!is_binary("trimmed", 9), "a container leaves out whitespace");
    }
}
