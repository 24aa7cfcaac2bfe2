//! session_search and list_traces: what an agent did and remembered, found by words, and its traces
//! where the tenant keeps some.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{SEARCH, TRACES};
use crate::failure::{Code, Failure};
use crate::tools::ids::{Line, WorkspaceId};
use crate::tools::input::unless_blank;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::{Data, Prose};
use crate::tools::workspaces::confirm_exists;

/// The most that the tenant gives.
const FOUND_AT_MOST: u32 = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSearch {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Part of the text, in any case; `%` and `_` match anything. Absent: all.
    #[serde(default, alias = "q", deserialize_with = "unless_blank")]
    query: Option<Line>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// `activity` or `memory`.
    kind: String,
    id: String,
    /// The activity's type, or the memory's scope.
    label: String,
    created_at: DateTime<Utc>,
    content: Prose,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    status: Prose,
}

impl List for SessionSearch {
    type Item = Found;
    const MOST: u32 = FOUND_AT_MOST;

    fn mark(one: &Found) -> String {
        one.id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Found>, Failure> {
        let mut ask = call.tenant.ask(&SEARCH).part("workspace_id", &self.workspace_id).query("limit", FOUND_AT_MOST);
        if let Some(query) = &self.query {
            ask = ask.query("q", query);
        }
        let found: Vec<Found> = ask.fetch().await?;
        if found.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(found.into_iter().map(Found::shortened).collect())
    }
}

impl Found {
    fn shortened(self) -> Self {
        let rest = if self.kind == "memory" { "export_memories with `memory_id`" } else { "list_activity with `long`" };
        Self { content: self.content.excerpt(300, rest), status: self.status.excerpt(60, rest), ..self }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTraces {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

/// As the tracing service has it; what it doesn't say is absent.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    id: String,
    #[serde(default)]
    #[serde(skip_serializing_if = "Prose::is_empty")]
    name: Prose,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<DateTime<Utc>>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<f64>,
    #[serde(default)]
    #[serde(skip_serializing_if = "Data::is_null")]
    input: Data,
    #[serde(default)]
    #[serde(skip_serializing_if = "Data::is_null")]
    output: Data,
}

/// The service answers pages; without a service the tenant answers an empty list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Traces {
    Page { data: Vec<Trace> },
    Plain(Vec<Trace>),
    Other(IgnoredAny),
}

impl List for ListTraces {
    type Item = Trace;

    fn mark(one: &Trace) -> String {
        one.id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Trace>, Failure> {
        let answer: Traces = call.tenant.ask(&TRACES).part("workspace_id", &self.workspace_id).fetch().await?;
        let traces = match answer {
            Traces::Page { data } => data,
            Traces::Plain(traces) => traces,
            Traces::Other(_) => return Err(unusual()),
        };
        if traces.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(traces.into_iter().map(|one| one.shortened(call)).collect())
    }
}

fn unusual() -> Failure {
    Failure::new(Code::UnexpectedAnswer, "the tracing service behind the tenant answered in another form")
        .next("Ask the operator to look at the traces there.")
}

impl Trace {
    fn shortened(self, call: &Invocation) -> Self {
        const REST: &str = "the tracing service";
        Self {
            name: self.name.excerpt_of_kept(80, REST, call),
            input: self.input.excerpt_of_kept(300, REST, call),
            output: self.output.excerpt_of_kept(300, REST, call),
            ..self
        }
    }
}
