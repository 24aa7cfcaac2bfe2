//! list_workspaces and get_workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{Workspace, fetch_all};
use crate::failure::Failure;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::page::{Cursor, Limit, Page};
use crate::tools::tool::Act;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
    fn as_str(self) -> &'static str {
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
    /// All fields.
    #[serde(default)]
    long: bool,
    /// Items in one answer.
    #[serde(default)]
    limit: Limit<25, 200>,
    /// `next` of the page before.
    cursor: Option<Cursor>,
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
    /// With `long`.
    #[serde(flatten)]
    rest: Option<Rest>,
}

#[derive(Serialize, JsonSchema)]
struct Rest {
    runtime: String,
    url: String,
    max_concurrent_tasks: u32,
    uptime_seconds: i64,
    last_error_rate: f64,
    last_sample_error: String,
    current_task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_dir: Option<String>,
    /// US cents a month; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_limit_cents: Option<i64>,
    monthly_spend_cents: i64,
}

impl Act for ListWorkspaces {
    type Answer = Page<Line>;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_all(call).await?;
        let lines = all.into_iter().filter(|one| self.wants(one)).map(|one| line(one, self.long)).collect();
        Page::cut(lines, self.limit.get(), self.cursor.as_ref(), |line: &Line| line.id.as_str())
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

fn line(one: Workspace, long: bool) -> Line {
    let rest = long.then_some(Rest {
        runtime: one.runtime,
        url: one.url,
        max_concurrent_tasks: one.max_concurrent_tasks,
        uptime_seconds: one.uptime_seconds,
        last_error_rate: one.last_error_rate,
        last_sample_error: one.last_sample_error,
        current_task: one.current_task,
        workspace_dir: one.workspace_dir,
        budget_limit_cents: one.budget_limit,
        monthly_spend_cents: one.monthly_spend,
    });
    Line {
        id: one.id,
        name: one.name,
        role: one.role,
        status: one.status,
        tier: one.tier,
        parent_id: one.parent_id,
        active_tasks: one.active_tasks,
        rest,
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}
