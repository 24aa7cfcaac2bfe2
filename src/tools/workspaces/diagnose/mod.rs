//! diagnose_workspace: why is it stuck? Everything that the tenant knows about one workspace and that
//! could hold it up, asked in parallel, trimmed to what matters; `causes` judges it.

mod causes;
mod needs;
mod troubles;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::causes::{Facts, likely};
use self::troubles::{Entry, Failing, Trouble};
use super::wire::{Detail, Workspace, called, fetch_everything, fetch_one};
use super::{ACTIVITY, CONFIG, SCHEDULES};
use crate::failure::Failure;
use crate::tools::approvals::{self, Approval};
use crate::tools::ids::{ApprovalId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::money::Money;
use crate::tools::prose::Prose;
use crate::tools::secrets;
use crate::tools::templates;
use crate::tools::tool::Act;

/// How much of each kind is named; the counts say the rest.
const NAMED: usize = 3;
/// Entries of the activity log that are looked at.
const ENTRIES: u32 = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiagnoseWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Diagnosis {
    id: WorkspaceId,
    name: String,
    status: String,
    /// Most telling first. Computed from what is below, so check before acting.
    likely_causes: Vec<String>,
    external: bool,
    active_tasks: u32,
    max_concurrent_tasks: u32,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    current_task: Prose,
    last_error_rate: f64,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    last_sample_error: Prose,
    /// The newer of its last call out and its last entry in the activity log.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_minutes: Option<i64>,
    waiting_approvals: Vec<Waiting>,
    waiting_approvals_count: usize,
    /// Required by its template or configuration, and neither its own nor global.
    missing_secrets: Vec<String>,
    monthly_spend: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_limit: Option<Money>,
    failing_schedules: Vec<Failing>,
    failing_schedules_count: usize,
    recent_errors: Vec<Trouble>,
    recent_errors_count: usize,
    /// The nearest paused workspace above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_above: Option<String>,
    /// What couldn't be looked at, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_looked_at: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Waiting {
    id: ApprovalId,
    action: Prose,
    age_minutes: i64,
}

/// What was asked, with what couldn't be had left empty.
struct Found {
    one: Detail,
    all: Vec<Workspace>,
    entries: Vec<Entry>,
    approvals: Vec<Approval>,
    missing: Vec<String>,
    failing: Vec<Failing>,
    gaps: Vec<String>,
}

impl Act for DiagnoseWorkspace {
    type Answer = Diagnosis;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let found = self.look(call).await?;
        Ok(found.diagnosis(call))
    }
}

impl DiagnoseWorkspace {
    async fn look(&self, call: &Invocation) -> Result<Found, Failure> {
        let id = &self.workspace_id;
        let (one, all) = tokio::try_join!(fetch_one(id, call), fetch_everything(call))?;
        let part = |route| call.tenant.ask(route).part("workspace_id", id);
        let (entries, approvals, secrets, schedules, config, templates) = tokio::join!(
            part(&ACTIVITY).query("limit", ENTRIES).fetch::<Vec<Entry>>(),
            approvals::fetch(id, call),
            secrets::fetch(id, call),
            part(&SCHEDULES).fetch::<Vec<troubles::Schedule>>(),
            part(&CONFIG).fetch::<Value>(),
            templates::fetch(call),
        );
        let mut gaps = Vec::new();
        let config = or_gap(config, "its configuration", &mut gaps);
        let templates = or_gap(templates, "templates", &mut gaps);
        let held = or_gap(secrets.map(Some), "its secrets", &mut gaps);
        let required = needs::required(&one.name, &config, &templates);
        let schedules = or_gap(schedules, "its schedules", &mut gaps);
        Ok(Found {
            missing: held.map(|held| needs::missing(&required, &held)).unwrap_or_default(),
            failing: troubles::failing(schedules, &one.status, call.now),
            entries: or_gap(entries, "its activity", &mut gaps),
            approvals: or_gap(approvals, "its approvals", &mut gaps),
            one,
            all,
            gaps,
        })
    }
}

/// One part that can't be had leaves the others worth having.
fn or_gap<T: Default>(part: Result<T, Failure>, what: &str, gaps: &mut Vec<String>) -> T {
    part.unwrap_or_else(|failure| {
        gaps.push(format!("{what}: {failure}"));
        T::default()
    })
}

impl Found {
    fn diagnosis(self, call: &Invocation) -> Diagnosis {
        let now = call.now;
        let Self { one, all, entries, approvals, missing, failing, gaps } = self;
        let listed = all.iter().find(|listed| listed.id == one.id);
        let last_sign_at = entries.first().map(|entry| entry.created_at).max(one.last_outbound_at);
        let waiting: Vec<Approval> = approvals.into_iter().filter(|one| one.status == "pending").collect();
        let errors = troubles::errors(entries);
        let sample = listed.map(|listed| listed.last_sample_error.clone()).unwrap_or_default();
        let facts = Facts {
            status: &one.status,
            external: one.is_external(),
            has_address: !one.url.is_empty(),
            active_tasks: one.active_tasks,
            most_tasks: one.max_concurrent_tasks,
            silent_minutes: last_sign_at.map(|last| (now - last).num_minutes().max(0)),
            error_rate: one.last_error_rate,
            has_sample_error: !sample.is_empty(),
            waiting_approvals: waiting.len(),
            missing_secrets: &missing,
            monthly_spend: listed.map_or(0, |listed| listed.monthly_spend),
            budget_limit: listed.and_then(|listed| listed.budget_limit),
            failing_schedules: failing.len(),
            recent_errors: errors.len(),
            paused_above: listed.and_then(|listed| paused_above(listed, &all)).map(|above| named(above, call)),
        };
        Diagnosis {
            likely_causes: likely(&facts),
            external: facts.external,
            silent_minutes: facts.silent_minutes,
            monthly_spend: Money::of(facts.monthly_spend),
            budget_limit: facts.budget_limit.map(Money::of),
            paused_above: facts.paused_above,
            current_task: listed
                .map(|listed| listed.current_task.clone())
                .unwrap_or_default()
                .excerpt(200, "list_workspaces with `long`"),
            last_sample_error: sample.excerpt(300, "list_workspaces with `long`"),
            last_sign_at,
            waiting_approvals_count: waiting.len(),
            waiting_approvals: waiting.into_iter().take(NAMED).map(|one| waits(one, now)).collect(),
            failing_schedules_count: failing.len(),
            failing_schedules: failing.into_iter().take(NAMED).collect(),
            recent_errors_count: errors.len(),
            recent_errors: errors.into_iter().take(NAMED).collect(),
            missing_secrets: missing,
            not_looked_at: gaps,
            active_tasks: one.active_tasks,
            max_concurrent_tasks: one.max_concurrent_tasks,
            last_error_rate: one.last_error_rate,
            id: one.id,
            name: one.name,
            status: one.status,
        }
    }
}

fn waits(one: Approval, now: DateTime<Utc>) -> Waiting {
    let age_minutes = (now - one.created_at).num_minutes();
    Waiting { id: one.id, action: one.action.excerpt(150, "list_workspace_approvals"), age_minutes }
}

fn named(above: &Workspace, call: &Invocation) -> String {
    if call.sees(&above.id) { called(&above.name, &above.id) } else { "a workspace of others".to_owned() }
}

/// A circle of parents ends after as many steps as there are workspaces.
fn paused_above<'a>(one: &Workspace, all: &'a [Workspace]) -> Option<&'a Workspace> {
    let mut parent = one.parent_id.as_ref();
    for _ in all {
        let above = all.iter().find(|above| Some(&above.id) == parent)?;
        if above.status == "paused" {
            return Some(above);
        }
        parent = above.parent_id.as_ref();
    }
    None
}
