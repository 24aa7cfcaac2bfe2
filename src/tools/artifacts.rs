//! Git repositories of workspaces at Cloudflare Artifacts, where the tenant has it. Its answers carry
//! addresses with credentials in them; ours never do.

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use std::borrow::Cow;

use super::bounds::Whole;
use super::ids::{Line, RepoName, Word, WorkspaceId};
use super::invocation::Invocation;
use super::prose::Prose;
use super::tool::{Act, Draft, Tool};
use super::workspaces::{self, confirm_exists};
use crate::backend::{Ask, Received, Route};
use crate::failure::{Changed, Code, Failure};

const CREATE: Route = Route::post("/workspaces/{workspace_id}/artifacts");
const GET: Route = Route::get("/workspaces/{workspace_id}/artifacts");
const FORK: Route = Route::post("/workspaces/{workspace_id}/artifacts/fork");

pub const TOOLS: &[Tool] = &[
    Draft::write("create_artifact_repo", &[workspaces::GET, CREATE])
        .open_world()
        .about("Make a Git repository for a workspace's work, empty or imported from an https address. One each; the tenant can't unlink it again.")
        .said("version control, artifacts, Cloudflare")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"seo-agent"}"#)
        .acts::<CreateArtifactRepo>(),
    Draft::read("get_artifact_repo", &[GET, workspaces::GET])
        .about("A workspace's Git repository: name and address, without a credential.")
        .said("version control, artifacts, Cloudflare, remote")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<GetArtifactRepo>(),
    Draft::write("fork_artifact_repo", &[workspaces::GET, FORK])
        .open_world()
        .about("Copy a workspace's repository under a new name. The tenant keeps no record of forks: note the address.")
        .said("branch off, experiment, clone, Cloudflare")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"seo-agent-try"}"#)
        .acts::<ForkArtifactRepo>(),
];

/// An address to read, without user, password, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
struct Remote(String);

impl From<String> for Remote {
    fn from(text: String) -> Self {
        let (scheme, rest) = text.split_once("://").map_or(("", text.as_str()), |(scheme, rest)| (scheme, rest));
        let place = rest.split(['?', '#']).next().unwrap_or_default();
        // A password may hold a slash where nobody encoded it.
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        Self(if scheme.is_empty() { place.to_owned() } else { format!("{scheme}://{place}") })
    }
}

impl<'de> Deserialize<'de> for Remote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default().into())
    }
}

/// Where a repository is imported from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct ImportUrl(String);

impl TryFrom<String> for ImportUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = Remote::from(text.clone()).0 == text && !text.contains(char::is_whitespace);
        let is_address = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if plain && is_address && text.len() <= 1000 {
            Ok(Self(text))
        } else {
            Err("expected an https address without user, password or query: a credential is never an argument")
        }
    }
}

impl JsonSchema for ImportUrl {
    fn schema_name() -> Cow<'static, str> {
        "ImportUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

/// The tenant says that it isn't configured before it looks at anything else.
async fn sent(ask: Ask) -> Result<Received, Failure> {
    let answer = ask.expecting(&[503]).received().await?;
    if answer.status != 503 {
        return Ok(answer);
    }
    let told = answer.body.get("error").and_then(Value::as_str).unwrap_or_default();
    if told.contains("not configured") {
        return Err(Failure::new(Code::NotSupported, "this tenant has no Cloudflare Artifacts")
            .confirmed(Changed::No)
            .next("Ask the operator of the tenant to set CF_ARTIFACTS_API_TOKEN and CF_ARTIFACTS_NAMESPACE there."));
    }
    Err(Failure::new(Code::TenantError, "the tenant answered 503").next("Try again in a minute."))
}

#[derive(Deserialize)]
struct Row {
    cf_repo_name: String,
    #[serde(default)]
    cf_namespace: String,
    remote_url: Option<Remote>,
    #[serde(default)]
    description: Prose,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, JsonSchema)]
pub struct Repository {
    name: String,
    namespace: String,
    /// For git, which asks for the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_url: Option<Remote>,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    description: Prose,
    created_at: DateTime<Utc>,
    /// `ok`, or `unavailable`: Cloudflare didn't answer, and this is what the tenant remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl Row {
    fn shown(self, status: Option<String>) -> Repository {
        Repository {
            name: self.cf_repo_name,
            namespace: self.cf_namespace,
            remote_url: self.remote_url,
            description: self.description,
            created_at: self.created_at,
            status,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_credential() {
        for (with, without) in [
            ("https://x:tok123@h.artifacts.cloudflare.net/git/a.git", "https://h.artifacts.cloudflare.net/git/a.git"),
            ("https://x:t/k@h.net/git/a.git?token=1#x", "https://h.net/git/a.git"),
            ("git@h.net:a/b.git", "h.net:a/b.git"),
            ("https://h.net/git/a.git", "https://h.net/git/a.git"),
            ("", ""),
        ] {
            assert_eq!(Remote::from(with.to_owned()).0, without);
        }
    }

    #[test]
    fn an_import_comes_from_a_plain_address() {
        assert!(ImportUrl::try_from("https://github.com/o/r.git".to_owned()).is_ok());
        for bad in ["", "https://", "https:///x", "http://h/r", "https://u:p@h/r", "https://h/r?key=1", "https://h/a b"]
        {
            assert!(ImportUrl::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
