//! get_org_overview: what a person would otherwise ask ten tools for, asked in parallel.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SCHEDULES;
use crate::failure::{Code, Failure};
use crate::text::start;
use crate::tools::approvals::{self, Approval};
use crate::tools::ids::{ApprovalId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::keys::{Finding, Thresholds, fetch_org_keys, findings};
use crate::tools::money::Money;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::Workspace;
use crate::tools::workspaces::{Idle, fetch_all, judge};

/// How much of each kind is named; the counts say the rest.
const NAMED: usize = 10;
/// Of a name in characters.
const LONGEST_NAME: usize = 120;
/// Workspaces that are asked, one by one, whether they are idle.
const JUDGED: usize = 60;
const IDLE_AFTER: TimeDelta = TimeDelta::minutes(60);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOrgOverview {}

#[derive(Serialize, JsonSchema)]
pub struct Overview {
    workspaces: usize,
    by_status: BTreeMap<String, usize>,
    /// Failed or degraded, with the tenant's sample of the error.
    in_trouble: Vec<Trouble>,
    in_trouble_count: usize,
    /// Silent for an hour without a task, longest first.
    idle: Vec<IdleOne>,
    idle_count: usize,
    pending_approvals: Vec<PendingOne>,
    pending_approvals_count: usize,
    keys: Keys,
    spend: Spend,
    schedules: Schedules,
    /// What this answer doesn't cover, and why.
    not_looked_at: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Trouble {
    id: WorkspaceId,
    name: String,
    status: String,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    error: Prose,
}

#[derive(Serialize, JsonSchema)]
struct IdleOne {
    id: WorkspaceId,
    name: String,
    idle_minutes: i64,
}

#[derive(Serialize, JsonSchema)]
struct PendingOne {
    id: ApprovalId,
    workspace_id: WorkspaceId,
    action: Prose,
    age_minutes: i64,
}

#[derive(Default, Serialize, JsonSchema)]
struct Keys {
    count: usize,
    /// With what is wrong; inspect_org_keys says more.
    at_risk: Vec<Finding>,
    at_risk_count: usize,
}

#[derive(Serialize, JsonSchema)]
struct Spend {
    /// US cents this month, all workspaces.
    monthly_spend: Money,
    /// Over 80 % of their limit.
    near_limit: Vec<Budget>,
    near_limit_count: usize,
}

#[derive(Serialize, JsonSchema)]
struct Budget {
    id: WorkspaceId,
    name: String,
    spend: Money,
    limit: Money,
}

#[derive(Default, Serialize, JsonSchema)]
struct Schedules {
    count: usize,
    /// Stale: not run for two of their intervals.
    failing: Vec<Schedule>,
    failing_count: usize,
    never_run: usize,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Schedule {
    workspace_id: WorkspaceId,
    workspace_name: String,
    schedule_name: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run_at: Option<String>,
}

impl Act for GetOrgOverview {
    type Answer = Overview;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let mut all = fetch_all(call).await?;
        all.iter_mut().for_each(|one| shorten(&mut one.name));
        let ids: Vec<WorkspaceId> = all.iter().map(|one| one.id.clone()).collect();
        let mut gaps = Vec::new();
        let asked = all.get(..JUDGED).unwrap_or(&all);
        let (idle, pending, keys, schedules) = tokio::join!(
            judge(asked, IDLE_AFTER, call),
            approvals::pending_in(&ids, call),
            keys(call),
            call.tenant.ask(&SCHEDULES).fetch::<Vec<Schedule>>(),
        );
        if all.len() > JUDGED {
            gaps.push(format!("idleness and approvals of {} workspaces", all.len() - JUDGED));
        }
        // One part that can't be had leaves the others worth having.
        let mut or_gap = |what: &str, failure: Failure| gaps.push(format!("{what}: {failure}"));
        let idle = idle.unwrap_or_else(|failure| {
            or_gap("idle workspaces", failure);
            Vec::new()
        });
        let keys = keys.unwrap_or_else(|failure| {
            or_gap("keys", failure);
            Keys::default()
        });
        let schedules = schedules.map(|found| schedule_summary(found, &all, call)).unwrap_or_else(|failure| {
            or_gap("schedules", failure);
            Schedules::default()
        });
        Ok(summary(&all, &idle, pending, keys, schedules, gaps, call))
    }
}

fn summary(
    all: &[Workspace],
    judged: &[(&Workspace, Idle)],
    pending: Vec<(WorkspaceId, Approval)>,
    keys: Keys,
    schedules: Schedules,
    not_looked_at: Vec<String>,
    call: &Invocation,
) -> Overview {
    let mut by_status: BTreeMap<String, usize> = BTreeMap::new();
    for one in all {
        *by_status.entry(one.status.clone()).or_default() += 1;
    }
    let trouble: Vec<&Workspace> =
        all.iter().filter(|one| matches!(one.status.as_str(), "failed" | "degraded")).collect();
    let idle = idle_ones(judged, call);
    Overview {
        workspaces: all.len(),
        by_status,
        in_trouble_count: trouble.len(),
        in_trouble: trouble.into_iter().take(NAMED).map(in_trouble).collect(),
        idle_count: idle.len(),
        idle: idle.into_iter().take(NAMED).collect(),
        pending_approvals_count: pending.len(),
        pending_approvals: pending.into_iter().take(NAMED).map(|one| pending_one(one, call)).collect(),
        keys,
        spend: spend(all),
        schedules,
        not_looked_at,
    }
}

fn in_trouble(one: &Workspace) -> Trouble {
    let error = one.last_sample_error.clone().excerpt(200, "list_workspaces with `long`");
    Trouble { id: one.id.clone(), name: one.name.clone(), status: one.status.clone(), error }
}

fn idle_ones(judged: &[(&Workspace, Idle)], call: &Invocation) -> Vec<IdleOne> {
    let since = |idle: &Idle| match idle {
        Idle::Since(last) => Some(*last),
        _ => None,
    };
    let mut idle: Vec<IdleOne> = judged
        .iter()
        .filter_map(|(one, idle)| Some((one, since(idle)?)))
        .map(|(one, last)| IdleOne {
            id: one.id.clone(),
            name: one.name.clone(),
            idle_minutes: (call.now - last).num_minutes(),
        })
        .collect();
    idle.sort_by_key(|one| -one.idle_minutes);
    idle
}

fn pending_one((workspace_id, one): (WorkspaceId, Approval), call: &Invocation) -> PendingOne {
    PendingOne {
        id: one.id,
        workspace_id,
        action: one.action.excerpt(200, "list_workspace_approvals"),
        age_minutes: (call.now - one.created_at).num_minutes(),
    }
}

async fn keys(call: &Invocation) -> Result<Keys, Failure> {
    if call.caller.is_bound() {
        return Err(Failure::new(Code::ForbiddenByPolicy, "they are the organisation's"));
    }
    let keys = fetch_org_keys(&call.tenant).await?;
    let at_risk = findings(&keys, Thresholds::default(), call.now);
    Ok(Keys { count: keys.len(), at_risk_count: at_risk.len(), at_risk: at_risk.into_iter().take(NAMED).collect() })
}

fn spend(all: &[Workspace]) -> Spend {
    let near: Vec<Budget> = all
        .iter()
        .filter(|one| one.is_near_budget())
        .filter_map(|one| {
            let limit_cents = one.budget_limit?;
            Some(Budget {
                id: one.id.clone(),
                name: one.name.clone(),
                spend: Money::of(one.monthly_spend),
                limit: Money::of(limit_cents),
            })
        })
        .collect();
    Spend {
        monthly_spend: Money::of(all.iter().map(|one| one.monthly_spend).fold(0, i64::saturating_add)),
        near_limit_count: near.len(),
        near_limit: near.into_iter().take(NAMED).collect(),
    }
}

/// A paused workspace's schedules don't run, and aren't meant to.
fn schedule_summary(mut found: Vec<Schedule>, all: &[Workspace], call: &Invocation) -> Schedules {
    found.retain(|one| call.sees(&one.workspace_id));
    let paused = |id: &WorkspaceId| all.iter().any(|one| one.id == *id && one.status == "paused");
    let count = found.len();
    let never_run = found.iter().filter(|one| one.status == "never_run").count();
    let mut failing: Vec<Schedule> =
        found.into_iter().filter(|one| one.status == "stale" && !paused(&one.workspace_id)).collect();
    let failing_count = failing.len();
    failing.truncate(NAMED);
    for one in &mut failing {
        shorten(&mut one.workspace_name);
        shorten(&mut one.schedule_name);
    }
    Schedules { count, failing_count, failing, never_run }
}

/// A few long names would make the answer larger than one can be.
fn shorten(name: &mut String) {
    if let Cow::Owned(start) = start(name, LONGEST_NAME) {
        *name = start;
    }
}
