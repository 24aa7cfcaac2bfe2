//! create_artifact_repo, get_artifact_repo and fork_artifact_repo. A workspace that isn't there is told
//! from a tenant that isn't configured: the tenant doesn't.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::{ImportUrl, Remote};
use super::{CREATE, FORK, GET, Repository, Row, sent};
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::ids::{Line, RepoName, Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateArtifactRepo {
    /// From list_workspaces.
    #[serde(skip_serializing)]
    workspace_id: WorkspaceId,
    /// Default: made from the workspace's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<RepoName>,
    /// A few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Line>,
    /// Import from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_url: Option<ImportUrl>,
    /// Import only this branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_branch: Option<Word>,
    /// Commits to import; default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_depth: Option<Whole<1, 1_000_000>>,
    /// Nobody can push to it.
    #[serde(default)]
    read_only: bool,
}

impl Act for CreateArtifactRepo {
    type Answer = Repository;

    async fn act(self, call: &Invocation) -> Result<Repository, Failure> {
        if self.import_url.is_none() && (self.import_branch.is_some() || self.import_depth.is_some()) {
            return Err(Failure::invalid("`import_branch` and `import_depth` need `import_url`"));
        }
        confirm_exists(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&CREATE).part("workspace_id", &self.workspace_id);
        let row: Row = sent(ask.body(&self)).await.map_err(linked)?.decode()?;
        Ok(row.shown(None))
    }
}

fn linked(failure: Failure) -> Failure {
    if failure.code() == Code::Conflict {
        return failure.next("It has one already: look with get_artifact_repo. The tenant can't unlink it.");
    }
    failure
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetArtifactRepo {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Deserialize)]
struct Got {
    artifact: Row,
    cf_status: Option<String>,
}

impl Act for GetArtifactRepo {
    type Answer = Repository;

    async fn act(self, call: &Invocation) -> Result<Repository, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&GET).part("workspace_id", &self.workspace_id);
        let Got { artifact, cf_status } = sent(ask).await?.decode()?;
        Ok(artifact.shown(cf_status))
    }
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkArtifactRepo {
    /// From list_workspaces.
    #[serde(skip_serializing)]
    workspace_id: WorkspaceId,
    /// Of the copy.
    name: RepoName,
    /// A few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Line>,
    /// Nobody can push to it.
    #[serde(default)]
    read_only: bool,
    /// Leave other branches out.
    #[serde(default)]
    default_branch_only: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Fork {
    name: RepoName,
    remote_url: Remote,
    /// Git objects that were copied.
    object_count: u64,
}

#[derive(Deserialize)]
struct Forked {
    remote_url: Remote,
    #[serde(default)]
    object_count: u64,
}

impl Act for ForkArtifactRepo {
    type Answer = Fork;

    async fn act(self, call: &Invocation) -> Result<Fork, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&FORK).part("workspace_id", &self.workspace_id);
        let Forked { remote_url, object_count } = sent(ask.body(&self)).await?.decode()?;
        Ok(Fork { name: self.name, remote_url, object_count })
    }
}
