//! list_activity, and the rows of the activity log as other tools read them back.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::{Data, Prose};
use crate::tools::workspaces::{self, confirm_exists};

const USUAL_NEWEST: i64 = 100;
const USUAL_EXCERPT: i64 = 200;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    pub(super) id: String,
    activity_type: String,
    created_at: DateTime<Utc>,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    pub(super) status: Prose,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    pub(super) method: Prose,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    pub(super) summary: Prose,
    /// Which agent did it; absent: a person, or nobody known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    error_detail: Prose,
    #[serde(default)]
    #[serde(skip_serializing_if = "Data::is_null")]
    request_body: Data,
    #[serde(default)]
    #[serde(skip_serializing_if = "Data::is_null")]
    pub(super) response_body: Data,
    #[serde(default)]
    #[serde(skip_serializing_if = "Data::is_null")]
    tool_trace: Data,
}

/// The newest so many, newest first.
pub(super) async fn fetch(
    workspace: &WorkspaceId,
    kind: Option<&str>,
    source: Option<Source>,
    newest: i64,
    call: &Invocation,
) -> Result<Vec<Activity>, Failure> {
    let mut ask = call.tenant.ask(&workspaces::ACTIVITY).part("workspace_id", workspace).query("limit", newest);
    if let Some(kind) = kind {
        ask = ask.query("type", kind);
    }
    if let Some(source) = source {
        ask = ask.query("source", source.as_str());
    }
    ask.fetch().await
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    Canvas,
    Agent,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Canvas => "canvas",
            Self::Agent => "agent",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListActivity {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// a2a_send, a2a_receive, task_update, agent_log, skill_promotion, memory_write, error, delegation or cron_run.
    #[serde(default, rename = "type", alias = "activity_type", deserialize_with = "unless_blank")]
    kind: Option<Word>,
    /// `canvas`: from people; `agent`: from agents.
    source: Option<Source>,
    /// How far back: among the newest so many; default 100.
    newest: Option<Whole<1, 500>>,
    /// Characters of each body and error; default 200.
    excerpt: Option<Whole<1, 60_000>>,
}

impl List for ListActivity {
    type Item = Activity;
    const MOST: u32 = 500;
    const SHORT: &'static [&'static str] =
        &["id", "activity_type", "created_at", "status", "method", "summary", "source_id", "target_id"];

    fn mark(one: &Activity) -> String {
        one.id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Activity>, Failure> {
        let newest = self.newest.map_or(USUAL_NEWEST, Whole::get);
        let kind = self.kind.as_ref().map(Word::as_str);
        let found = fetch(&self.workspace_id, kind, self.source, newest, call).await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        let most = usize::try_from(self.excerpt.map_or(USUAL_EXCERPT, Whole::get)).unwrap_or(usize::MAX);
        Ok(found.into_iter().map(|one| one.shortened(most)).collect())
    }
}

impl Activity {
    fn shortened(self, most: usize) -> Self {
        const REST: &str = "the same with `fields` for this column alone and a larger `excerpt`";
        Self {
            status: self.status.excerpt(60, REST),
            method: self.method.excerpt(60, REST),
            summary: self.summary.excerpt(most.max(200), REST),
            error_detail: self.error_detail.excerpt(most, REST),
            request_body: self.request_body.excerpt(most, REST),
            response_body: self.response_body.excerpt(most, REST),
            tool_trace: self.tool_trace.excerpt(most, REST),
            ..self
        }
    }
}
