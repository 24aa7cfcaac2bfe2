//! get_budget and set_budget. More to spend is more power: setting escalates, unless the caller binds
//! itself to lowering, and taking the limit away has to be said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{GET, SET};
use crate::failure::{Changed, Code, Failure};
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::money::{Amount, Money};
use crate::tools::tool::Act;

/// As the tenant tells it.
#[derive(Clone, Copy, Deserialize)]
struct Told {
    budget_limit: Option<i64>,
    monthly_spend: i64,
}

#[derive(Serialize, JsonSchema)]
pub struct Budget {
    /// A month; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Money>,
    monthly_spend: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<Money>,
    /// The limit is reached: messages to the workspace are refused.
    is_spent: bool,
}

impl Told {
    fn budget(self) -> Budget {
        let remaining = self.budget_limit.map(|limit| limit.saturating_sub(self.monthly_spend));
        Budget {
            limit: self.budget_limit.map(Money::of),
            monthly_spend: Money::of(self.monthly_spend),
            remaining: remaining.map(Money::of),
            is_spent: remaining.is_some_and(|cents| cents <= 0),
        }
    }
}

async fn fetch(workspace: &WorkspaceId, call: &Invocation) -> Result<Told, Failure> {
    call.tenant.ask(&GET).part("workspace_id", workspace).fetch().await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetBudget {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl Act for GetBudget {
    type Answer = Budget;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        Ok(fetch(&self.workspace_id, call).await?.budget())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// The new limit, in cents: 4000 is $40. At most $1,000,000.
    limit: Option<Amount>,
    /// Go ahead only if that is lower than the present limit.
    #[serde(default)]
    only_lower: bool,
    /// Instead of `limit`: take the limit away.
    #[serde(default)]
    clear: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct BudgetSet {
    /// The limit before; absent: there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Money>,
    now: Budget,
}

impl Act for SetBudget {
    type Answer = BudgetSet;

    fn effect(&self) -> Option<Effect> {
        Some(if self.only_lower { Effect::Write } else { Effect::Escalate })
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let wanted = self.wanted()?;
        let before = fetch(&self.workspace_id, call).await?;
        if self.only_lower && !is_lower(wanted, before.budget_limit) {
            return Err(not_lower(before.budget_limit));
        }
        let ask = call.tenant.ask(&SET).part("workspace_id", &self.workspace_id);
        ask.body(&json!({ "budget_limit": wanted })).received().await?;
        let now = fetch(&self.workspace_id, call)
            .await
            .map_err(|failure| failure.changed(Changed::Yes).next("It was set; look with get_budget."))?;
        if now.budget_limit != wanted {
            return Err(Failure::new(Code::UnexpectedAnswer, "the tenant took the limit, and reads another one now")
                .changed(Changed::Unknown)
                .next("Look with get_budget: somebody else may have set it."));
        }
        Ok(BudgetSet { before: before.budget_limit.map(Money::of), now: now.budget() })
    }
}

impl SetBudget {
    /// The limit that there shall be; `None` for none.
    fn wanted(&self) -> Result<Option<i64>, Failure> {
        match (self.limit, self.clear) {
            (Some(_), true) => Err(Failure::invalid("`limit` and `clear` exclude each other")),
            (None, false) => Err(Failure::invalid("set_budget needs `limit`")
                .next("Give `limit`, or `clear: true` to take the limit away.")),
            (None, true) if self.only_lower => {
                Err(Failure::invalid("without a limit more could be spent, so `clear` is never `only_lower`"))
            }
            (limit, _) => Ok(limit.map(Amount::cents)),
        }
    }
}

/// Any limit is lower than none.
fn is_lower(wanted: Option<i64>, present: Option<i64>) -> bool {
    wanted.is_some_and(|wanted| present.is_none_or(|present| wanted < present))
}

fn not_lower(present: Option<i64>) -> Failure {
    let present = present.map_or_else(|| "there is none".to_owned(), |cents| format!("it is {cents} cents"));
    Failure::new(Code::Conflict, format!("that isn't lower than the present limit: {present}"))
        .next("To raise it, the person decides; then call again without `only_lower`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_is_less_than_now_and_anything_less_than_no_limit() {
        assert!(is_lower(Some(99), Some(100)) && is_lower(Some(i64::MAX), None));
        assert!(!is_lower(Some(100), Some(100)) && !is_lower(Some(101), Some(100)));
        assert!(!is_lower(None, Some(100)) && !is_lower(None, None));
    }
}
