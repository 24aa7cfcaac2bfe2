//! get_spend_report: the organisation's money in one call.

use chrono::{DateTime, Datelike, Timelike, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::money::Money;
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_all;
use crate::tools::workspaces::wire::Workspace;

/// Workspaces that are named where nothing is said.
const NAMED: i64 = 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSpendReport {
    /// From this share of its limit on a workspace is near it; default 80.
    near_percent: Option<Whole<1, 100>>,
    /// Workspaces to name; default 20.
    most: Option<Whole<1, 500>>,
}

#[derive(Serialize, JsonSchema)]
pub struct SpendReport {
    monthly_spend: Money,
    /// All limits together, and what was spent by those that have one.
    limits: Money,
    spend_under_limits: Money,
    /// How much of the calendar month (UTC) is over, to hold the spend against.
    month_elapsed_percent: i64,
    over: usize,
    near: usize,
    within: usize,
    /// May spend any amount.
    unlimited: usize,
    /// Over, near, then the others; most spent first in each.
    items: Vec<Line>,
    count: usize,
    /// Workspaces left out of `items`.
    not_named: usize,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    id: WorkspaceId,
    name: String,
    standing: Standing,
    spend: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_percent: Option<i64>,
}

/// In the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Over,
    Near,
    Within,
    Unlimited,
}

impl Act for GetSpendReport {
    type Answer = SpendReport;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let near = self.near_percent.map_or(80, Whole::get);
        let most = usize::try_from(self.most.map_or(NAMED, Whole::get)).unwrap_or(usize::MAX);
        Ok(report(fetch_all(call).await?, near, most, call.now))
    }
}

fn report(all: Vec<Workspace>, near: i64, most: usize, now: DateTime<Utc>) -> SpendReport {
    let sum = |cents: &mut dyn Iterator<Item = i64>| Money::of(cents.fold(0, i64::saturating_add));
    let limited = || all.iter().filter(|one| one.budget_limit.is_some());
    let monthly_spend = sum(&mut all.iter().map(|one| one.monthly_spend));
    let limits = sum(&mut limited().filter_map(|one| one.budget_limit));
    let spend_under_limits = sum(&mut limited().map(|one| one.monthly_spend));
    let mut items: Vec<Line> = all.into_iter().map(|one| line(one, near)).collect();
    items.sort_by_key(|line| (line.standing.min(Standing::Within), -line.spend.cents()));
    let of = |standing| items.iter().filter(|line| line.standing == standing).count();
    let (over, on_the_way, within, unlimited) =
        (of(Standing::Over), of(Standing::Near), of(Standing::Within), of(Standing::Unlimited));
    let count = items.len();
    items.truncate(most);
    SpendReport {
        monthly_spend,
        limits,
        spend_under_limits,
        month_elapsed_percent: elapsed(now),
        over,
        near: on_the_way,
        within,
        unlimited,
        not_named: count - items.len(),
        items,
        count,
    }
}

fn line(one: Workspace, near: i64) -> Line {
    let used = one.budget_limit.filter(|limit| *limit > 0).map(|limit| one.monthly_spend.saturating_mul(100) / limit);
    let standing = match one.budget_limit {
        None => Standing::Unlimited,
        Some(limit) if one.monthly_spend >= limit => Standing::Over,
        Some(_) if used.is_some_and(|used| used >= near) => Standing::Near,
        Some(_) => Standing::Within,
    };
    Line {
        id: one.id,
        name: one.name,
        standing,
        spend: Money::of(one.monthly_spend),
        limit: one.budget_limit.map(Money::of),
        used_percent: used,
    }
}

fn elapsed(now: DateTime<Utc>) -> i64 {
    let hours = i64::from(now.day0()) * 24 + i64::from(now.hour());
    hours * 100 / (i64::from(now.num_days_in_month()) * 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace(name: &str, spend: i64, limit: Option<i64>) -> Workspace {
        let id = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
        let row = json!({
            "id": id, "name": name, "status": "online", "monthly_spend": spend, "budget_limit": limit
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn the_worst_come_first_and_everything_is_counted() {
        let all = vec![
            workspace("free", 900, None),
            workspace("fine", 10, Some(100)),
            workspace("zero", 0, Some(0)),
            workspace("near", 80, Some(100)),
            workspace("over", 300, Some(200)),
        ];
        let report = report(all, 80, 4, "2026-11-16T00:00:00Z".parse().unwrap());
        let named: Vec<&str> = report.items.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(named, ["over", "zero", "near", "free"]);
        assert_eq!((report.over, report.near, report.within, report.unlimited), (2, 1, 1, 1));
        assert_eq!((report.count, report.not_named), (5, 1));
        let sums = [report.monthly_spend, report.limits, report.spend_under_limits].map(Money::cents);
        assert_eq!(sums, [1290, 400, 390]);
        assert_eq!(report.month_elapsed_percent, 50);
    }
}
