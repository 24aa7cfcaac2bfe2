//! get_workspace_metrics: today's use of a model, as the tenant counts it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::METRICS;
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetWorkspaceMetrics {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    total_calls: u64,
    #[serde(default)]
    estimated_cost_usd: String,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
}

#[derive(Serialize, JsonSchema)]
pub struct Metrics {
    input_token_count: u64,
    output_token_count: u64,
    call_count: u64,
    /// In US dollars, to six places: less than a cent counts.
    estimated_cost_usd: String,
    /// A day, UTC.
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
}

impl Act for GetWorkspaceMetrics {
    type Answer = Metrics;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let counted: Counted = call.tenant.ask(&METRICS).part("workspace_id", &self.workspace_id).fetch().await?;
        Ok(Metrics {
            input_token_count: counted.input_tokens,
            output_token_count: counted.output_tokens,
            call_count: counted.total_calls,
            estimated_cost_usd: counted.estimated_cost_usd,
            period_start: counted.period_start,
            period_end: counted.period_end,
        })
    }
}
