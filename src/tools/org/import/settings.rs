//! What the tenant's import leaves out and has routes of its own for: models, budgets, instructions, places of
//! children on the canvas. What fails is told and stops nothing.

use serde_json::json;

use super::report::{Became, Report};
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::each;
use crate::tools::org::plan::{Plan, Setting};
use crate::tools::workspaces::{SET_MODEL, UPDATE, model};
use crate::tools::{budgets, instructions};

/// That a setting waits for its turn.
const MINUTES: usize = 10;

pub(super) async fn apply(plan: &Plan<'_>, report: &mut Report, call: &Invocation) {
    let stands = |at: &usize| matches!(report.became.get(*at), Some(Became::Created | Became::Existed));
    // What was moved has its place already.
    let is_due = |(at, setting): &&(usize, Setting)| stands(at) && !(is_place(setting) && is_moved(plan, *at));
    let due: Vec<(usize, Setting, WorkspaceId)> = plan
        .settings
        .iter()
        .filter(is_due)
        .filter_map(|(at, setting)| Some((*at, *setting, report.ids.get(*at)?.clone()?)))
        .collect();
    let total = u32::try_from(due.len()).unwrap_or(u32::MAX);
    if total > 0 {
        call.progress.step(0, Some(total), format!("setting {total} models, budgets, instructions and places"));
    }
    for (at, setting, result) in each(due.iter().map(|one| set(one, call))).await {
        if let Err(failure) = result {
            report.lost(at, &setting.words(), &failure);
        }
    }
}

fn is_place(setting: &Setting) -> bool {
    matches!(setting, Setting::Place(_))
}

fn is_moved(plan: &Plan, at: usize) -> bool {
    let parent = plan.nodes.get(at).and_then(|node| node.parent);
    plan.found(at).is_none() && parent.is_some_and(|parent| plan.found(parent).is_some())
}

async fn set<'a>(
    (at, setting, id): &(usize, Setting<'a>, WorkspaceId),
    call: &Invocation,
) -> (usize, Setting<'a>, Result<(), Failure>) {
    let mut result = set_one(*setting, id, call).await;
    // The tenant takes so many requests a minute, and what it refused for that it didn't do. An import has time.
    for _ in 0..MINUTES {
        let Err(failure) = &result else { break };
        let Some(wait) = failure.wait().filter(|_| failure.code() == Code::RateLimited) else { break };
        tokio::time::sleep(wait).await;
        result = set_one(*setting, id, call).await;
    }
    (*at, *setting, result)
}

async fn set_one(setting: Setting<'_>, id: &WorkspaceId, call: &Invocation) -> Result<(), Failure> {
    let ask = |route| call.tenant.ask(route).part("workspace_id", id);
    match setting {
        Setting::Place(spot) => ask(&UPDATE).body(&spot).received().await.map(drop),
        Setting::Budget(cents) => ask(&budgets::SET).body(&json!({ "budget_limit": cents })).received().await.map(drop),
        Setting::Model(wanted) => {
            if model::fetch(id, call).await?.model != wanted {
                ask(&SET_MODEL).body(&json!({ "model": wanted })).received().await?;
            }
            match model::fetch(id, call).await?.model == wanted {
                true => Ok(()),
                false => Err(Failure::new(Code::UnexpectedAnswer, "the model doesn't read as it was set")),
            }
        }
        Setting::Rule(rule) => {
            let body = json!({
                "scope": "workspace", "scope_target": id, "title": rule.title, "content": rule.content,
                "priority": rule.priority,
            });
            call.tenant.ask(&instructions::CREATE).body(&body).received().await.map(drop)
        }
    }
}
