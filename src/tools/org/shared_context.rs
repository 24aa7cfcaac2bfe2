//! get_shared_context: the files of its template that a workspace shares with its team.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SHARED_CONTEXT;
use crate::failure::{Code, Failure};
use crate::tools::ids::{Line, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::range::{From, Length, Passage};

/// Characters of each file where all are shown.
const EXCERPT: i64 = 300;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSharedContext {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Only this file; else the beginning of each.
    path: Option<Line>,
    /// With `path`: where to begin, in characters.
    from: Option<From>,
}

#[derive(Deserialize)]
struct Stored {
    path: String,
    content: String,
}

#[derive(Serialize, JsonSchema)]
pub struct SharedFile {
    path: String,
    #[serde(flatten)]
    passage: Passage,
}

impl List for GetSharedContext {
    type Item = SharedFile;

    fn mark(one: &SharedFile) -> String {
        one.path.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<SharedFile>, Failure> {
        let ask = call.tenant.ask(&SHARED_CONTEXT).part("workspace_id", &self.workspace_id);
        let stored: Vec<Stored> = ask.fetch().await?;
        let Some(path) = self.path else {
            let beginning = |one: Stored| shown(one, None, Length::try_from(EXCERPT).ok());
            return stored.into_iter().map(beginning).collect();
        };
        let found = stored.into_iter().find(|one| one.path == path.as_str());
        let found = found.ok_or_else(|| {
            Failure::new(Code::NotFound, "the workspace shares no file of that path")
                .next("get_shared_context without `path` names them.")
        })?;
        Ok(vec![shown(found, self.from, None)?])
    }
}

fn shown(one: Stored, from: Option<From>, length: Option<Length>) -> Result<SharedFile, Failure> {
    let passage = Passage::of(&one.content, from, length)?;
    Ok(SharedFile { path: one.path, passage })
}
