//! What workspaces may spend in a month and what they have spent, in US cents.

mod limit;
mod report;

use super::effect::Effect;
use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;

const GET: Route = Route::get("/workspaces/{workspace_id}/budget");
pub const SET: Route = Route::patch("/workspaces/{workspace_id}/budget");

pub const TOOLS: &[Tool] = &[
    Draft::read("get_budget", &[GET])
        .about("A workspace's monthly limit, what it spent of it and what remains. Without a limit it may spend any amount.")
        .said("money left cost allowance, spending cap, what is its limit")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<limit::GetBudget>(),
    Draft::write("set_budget", &[GET, SET])
        .up_to(Effect::Escalate)
        .idempotent()
        .about("Set what a workspace may spend in a month, and read it back. At its limit it takes no more messages. To take the limit away use `clear`.")
        .said("raise lower cap limit money dollars never cost more than, cap the spending, may cost at most, dollars a month, allowance")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","limit":{"cents":4000,"currency":"USD"},"only_lower":true}"#)
        .not_to_oneself()
        .keeping(&["limit", "clear", "only_lower"])
        .acts::<limit::SetBudget>(),
    Draft::read("get_spend_report", &[workspaces::LIST])
        .about("This month's spend of the whole organisation against its budgets: totals, and each workspace, those over or near their limit first.")
        .said("spending costs burn-down bill who is over budget money report all agents, money this month, expensive")
        .example(r#"{"near_percent":90}"#)
        .filtered()
        .acts::<report::GetSpendReport>(),
];
