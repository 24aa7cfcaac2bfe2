//! get_shared_context: the files of its template that a workspace shares with its team.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SHARED_CONTEXT;
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::ids::{Line, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::range::{LENGTH, part};

const EXCERPT: usize = 300;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSharedContext {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// One file, in parts of 8,000 characters; else all, in excerpts.
    path: Option<Line>,
    /// Where the part begins, with `path`.
    from: Option<Whole<0, 100_000_000>>,
}

#[derive(Deserialize)]
struct Stored {
    path: String,
    content: String,
}

#[derive(Serialize, JsonSchema)]
pub struct SharedFile {
    path: String,
    content: Prose,
    /// Characters in all.
    length: usize,
    /// Pass it as `from` for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_from: Option<usize>,
}

impl List for GetSharedContext {
    type Item = SharedFile;

    fn mark(one: &SharedFile) -> String {
        one.path.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<SharedFile>, Failure> {
        let stored: Vec<Stored> =
            call.tenant.ask(&SHARED_CONTEXT).part("workspace_id", &self.workspace_id).fetch().await?;
        let Some(path) = &self.path else {
            return Ok(stored.into_iter().map(excerpt).collect());
        };
        let found = stored.into_iter().find(|one| one.path == path.as_str());
        let found = found.ok_or_else(|| {
            Failure::new(Code::NotFound, "the workspace shares no file of that path")
                .next("get_shared_context without `path` names them.")
        })?;
        let from = self.from.and_then(|from| usize::try_from(from.get()).ok()).unwrap_or(0);
        let part = part(&found.content, from, LENGTH);
        Ok(vec![SharedFile { path: found.path, content: part.text, length: part.length, next_from: part.next_from }])
    }
}

fn excerpt(one: Stored) -> SharedFile {
    let length = one.content.chars().count();
    let content = Prose::from(one.content).excerpt(EXCERPT, "get_shared_context with `path`");
    SharedFile { path: one.path, content, length, next_from: None }
}
