//! Workspaces as the tenant shows them, in its list and one by one, and what several tools ask of them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GET, LIST};
use crate::backend::Tenant;
use crate::failure::Failure;
use crate::fence;
use crate::policy::binding::Tree;
use crate::text::start;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;

/// One element of the tenant's list. What an older or newer tenant leaves out is empty.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    pub role: Option<String>,
    pub status: String,
    #[serde(default)]
    pub tier: i64,
    pub parent_id: Option<WorkspaceId>,
    #[serde(default)]
    pub active_tasks: u32,
    #[serde(default)]
    pub max_concurrent_tasks: u32,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub uptime_seconds: i64,
    #[serde(default)]
    pub last_error_rate: f64,
    #[serde(default)]
    pub last_sample_error: Prose,
    #[serde(default)]
    pub current_task: Prose,
    pub workspace_dir: Option<String>,
    pub budget_limit: Option<i64>,
    #[serde(default)]
    pub monthly_spend: i64,
    #[serde(default)]
    pub x: f64,
    #[serde(default)]
    pub y: f64,
}

impl Workspace {
    /// Its agent can be working: neither stopped nor still starting.
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "online" | "degraded")
    }

    pub fn is_external(&self) -> bool {
        self.runtime == "external"
    }

    /// Cents spent against cents allowed, where there is a limit.
    pub fn is_near_budget(&self) -> bool {
        self.budget_limit.is_some_and(|limit| self.monthly_spend * 10 >= limit * 8)
    }
}

/// One workspace by itself. The tenant leaves out some fields of the list here, and adds one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Detail {
    pub id: WorkspaceId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    pub status: String,
    #[serde(default)]
    pub tier: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<WorkspaceId>,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub active_tasks: u32,
    #[serde(default)]
    pub max_concurrent_tasks: u32,
    #[serde(default)]
    pub uptime_seconds: i64,
    #[serde(default)]
    pub last_error_rate: f64,
    /// When its agent last called out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub collapsed: bool,
    #[serde(default)]
    pub x: f64,
    #[serde(default)]
    pub y: f64,
    /// What the agent says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(default, deserialize_with = "lenient")]
    pub agent_card: Option<AgentCard>,
}

impl Detail {
    pub fn is_external(&self) -> bool {
        self.runtime == "external"
    }
}

/// The part of a card that says what the agent is for; the rest of it is the agent's own business.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentCard {
    pub name: String,
    pub description: Prose,
    pub version: String,
    pub skills: Vec<Skill>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Skill {
    pub id: String,
    pub name: String,
    pub description: Prose,
}

/// A card may be any JSON: one that isn't a card is left out rather than failing the workspace.
fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<AgentCard>, D::Error> {
    let card = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(card.and_then(|card| serde_json::from_value(card).ok()))
}

/// Every workspace that isn't removed and that the caller may know of, oldest first.
pub async fn fetch_all(call: &Invocation) -> Result<Vec<Workspace>, Failure> {
    let mut all = fetch_everything(call).await?;
    if call.caller.is_bound() {
        all.retain(|one| call.sees(&one.id));
        all.iter_mut().for_each(|one| one.parent_id = one.parent_id.take().filter(|above| call.sees(above)));
    }
    Ok(all)
}

/// For what has to be known whoever asks: what a cascade takes with it, who has the same name. None of
/// it is for an answer as it is.
pub async fn fetch_everything(call: &Invocation) -> Result<Vec<Workspace>, Failure> {
    call.tenant.ask(&LIST).fetch().await
}

/// Who stands below whom, for whoever has to know before a tool runs.
pub async fn fetch_tree(tenant: &Tenant) -> Result<Tree, Failure> {
    let all: Vec<Workspace> = tenant.ask(&LIST).fetch().await?;
    Ok(Tree::new(all.into_iter().map(|one| (one.id, one.parent_id))))
}

pub async fn fetch_one(id: &WorkspaceId, call: &Invocation) -> Result<Detail, Failure> {
    let mut one: Detail = call.tenant.ask(&GET).part("workspace_id", id).fetch().await?;
    one.parent_id = one.parent_id.filter(|above| call.sees(above));
    Ok(one)
}

/// Several routes answer an empty list, or even success, for a workspace that isn't there.
pub async fn confirm_exists(id: &WorkspaceId, call: &Invocation) -> Result<(), Failure> {
    fetch_one(id, call).await.map(|_| ())
}

/// Everything below `root`, without it. A circle of parents ends it.
pub fn descendants<'a>(all: &'a [Workspace], root: &'a WorkspaceId) -> Vec<&'a Workspace> {
    let mut seen = BTreeSet::from([root]);
    let mut found: Vec<&Workspace> = Vec::new();
    let mut parents = vec![Cow::Borrowed(root)];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|one| one.parent_id.as_ref() == Some(parent.as_ref())) {
            if seen.insert(&child.id) {
                parents.push(Cow::Borrowed(&child.id));
                found.push(child);
            }
        }
    }
    found
}

/// A workspace in a message: its name is the tenant's text, so it stands in quotes and is short.
pub fn called(name: &str, id: &WorkspaceId) -> String {
    format!("{} ({id})", fence::quoted(&start(name, 60)))
}
