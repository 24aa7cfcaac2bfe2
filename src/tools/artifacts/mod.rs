//! Git repositories of workspaces at Cloudflare Artifacts, where the tenant has it. Its answers carry
//! addresses with credentials in them; ours never do.

mod address;
mod repository;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prose::Prose;
use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::{Ask, Received, Route};
use crate::failure::{Changed, Code, Failure};
use address::Remote;

const CREATE: Route = Route::post("/workspaces/{workspace_id}/artifacts");
const GET: Route = Route::get("/workspaces/{workspace_id}/artifacts");
const FORK: Route = Route::post("/workspaces/{workspace_id}/artifacts/fork");

pub const TOOLS: &[Tool] = &[
    Draft::write("create_artifact_repo", &[workspaces::GET, CREATE])
        .open_world()
        .about("Make a Git repository for a workspace's work, empty or imported from an https address. One each; the tenant can't unlink it again.")
        .said("version control, artifacts, Cloudflare, git repository for an agent's output, storage for artifacts, new repo")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"seo-agent"}"#)
        .creates()
        .keeping(&["name", "read_only"])
        .acts::<repository::CreateArtifactRepo>(),
    Draft::read("get_artifact_repo", &[GET, workspaces::GET])
        .about("A workspace's Git repository: name and address, without a credential.")
        .said("version control, artifacts, Cloudflare, remote, address of the git repository, where does its output go, which repo")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<repository::GetArtifactRepo>(),
    Draft::write("fork_artifact_repo", &[workspaces::GET, FORK])
        .open_world()
        .about("Copy a workspace's repository under a new name. The tenant keeps no record of forks: note the address.")
        .said("branch off, experiment, clone, Cloudflare, copy of a git repository")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"seo-agent-try"}"#)
        .creates()
        .keeping(&["name", "read_only", "default_branch_only"])
        .acts::<repository::ForkArtifactRepo>(),
];

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
