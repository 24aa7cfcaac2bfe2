//! list_workspaces and get_workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{Detail, Workspace, fetch_all, fetch_one};
use crate::failure::Failure;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::money::Money;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Provisioning,
    Online,
    Offline,
    Degraded,
    Failed,
    Paused,
    Hibernated,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Hibernated => "hibernated",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWorkspaces {
    /// Only these.
    status: Option<Status>,
    /// Only these.
    runtime: Option<Word>,
    /// Its children.
    parent_id: Option<WorkspaceId>,
    /// Part of the name.
    name: Option<Word>,
}

#[derive(Serialize, JsonSchema)]
pub struct Line {
    id: WorkspaceId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    status: String,
    tier: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<WorkspaceId>,
    active_tasks: u32,
    runtime: String,
    url: String,
    max_concurrent_tasks: u32,
    uptime_seconds: i64,
    last_error_rate: f64,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    last_sample_error: Prose,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    current_task: Prose,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_dir: Option<String>,
    /// A month; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_limit: Option<Money>,
    monthly_spend: Money,
}

impl List for ListWorkspaces {
    type Item = Line;
    const SHORT: &'static [&'static str] = &["id", "name", "role", "status", "tier", "parent_id", "active_tasks"];

    fn mark(line: &Line) -> String {
        line.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Line>, Failure> {
        let all = fetch_all(call).await?;
        Ok(all.into_iter().filter(|one| self.wants(one)).map(line).collect())
    }
}

impl ListWorkspaces {
    fn wants(&self, one: &Workspace) -> bool {
        let named = |part: &Word| one.name.to_lowercase().contains(&part.as_str().to_lowercase());
        self.status.is_none_or(|status| one.status == status.as_str())
            && self.runtime.as_ref().is_none_or(|runtime| one.runtime == runtime.as_str())
            && self.parent_id.as_ref().is_none_or(|parent| one.parent_id.as_ref() == Some(parent))
            && self.name.as_ref().is_none_or(named)
    }
}

fn line(one: Workspace) -> Line {
    Line {
        id: one.id,
        name: one.name,
        role: one.role,
        status: one.status,
        tier: one.tier,
        parent_id: one.parent_id,
        active_tasks: one.active_tasks,
        runtime: one.runtime,
        url: one.url,
        max_concurrent_tasks: one.max_concurrent_tasks,
        uptime_seconds: one.uptime_seconds,
        last_error_rate: one.last_error_rate,
        last_sample_error: one.last_sample_error.excerpt(300, "diagnose_workspace"),
        current_task: one.current_task.excerpt(300, "list_activity"),
        workspace_dir: one.workspace_dir,
        budget_limit: one.budget_limit.map(Money::of),
        monthly_spend: Money::of(one.monthly_spend),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl Act for GetWorkspace {
    type Answer = Detail;

    async fn act(self, call: &Invocation) -> Result<Detail, Failure> {
        fetch_one(&self.workspace_id, call).await
    }
}
