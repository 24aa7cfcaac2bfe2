//! get_job, list_jobs, cancel_job: what became of calls that go on by themselves. start_job begins them, and the road
//! carries it like the other tools that call another.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::jobs::{Ended, Job};
use crate::tools::bounds::Whole;
use crate::tools::ids::JobId;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::tool::Act;

/// What is cancelled mostly ends at once.
const CANCELLING: Duration = Duration::from_secs(3);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetJob {
    /// From start_job or list_jobs.
    job_id: JobId,
    /// Wait so long for it to end; default 0.
    wait_seconds: Option<Whole<0, 30>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelJob {
    /// From start_job or list_jobs.
    job_id: JobId,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListJobs {}

/// Where a job stands.
#[derive(Serialize, JsonSchema)]
pub struct Standing {
    job_id: String,
    tool: String,
    /// Of the call, for query_journal.
    invocation: String,
    /// `working`, `completed`, `failed` or `cancelled` (nothing was changed).
    status: &'static str,
    /// Its last step.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    /// It can be asked for until then.
    until: DateTime<Utc>,
}

/// The same, with what it came to.
#[derive(Serialize, JsonSchema)]
pub struct Outcome {
    #[serde(flatten)]
    standing: Standing,
    /// What the tool answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// Why it didn't: `code`, `message`, `changed`, `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

impl From<Job> for Outcome {
    fn from(mut job: Job) -> Self {
        let ended = job.ended.take();
        let mut standing = Standing::from(job);
        standing.status = ended.as_ref().map_or(standing.status, Ended::status);
        let (result, error) = match ended {
            None => (None, None),
            Some(Ended::Done { content, .. }) => (Some(content), None),
            Some(Ended::Failed(told) | Ended::Cancelled(told) | Ended::Lost(told)) => (None, Some(told.fields)),
        };
        Self { standing, result, error }
    }
}

impl From<Job> for Standing {
    fn from(job: Job) -> Self {
        Self {
            status: job.status(),
            job_id: job.id,
            tool: job.tool,
            invocation: job.invocation,
            message: job.message,
            created: job.created,
            updated: job.updated,
            until: job.until,
        }
    }
}

impl Act for GetJob {
    type Answer = Outcome;

    async fn act(self, call: &Invocation) -> Result<Outcome, Failure> {
        let wait = self.wait_seconds.map_or(0, Whole::get);
        ended(&self.job_id, Duration::from_secs(wait.unsigned_abs()), call).await
    }
}

impl Act for CancelJob {
    type Answer = Outcome;

    async fn act(self, call: &Invocation) -> Result<Outcome, Failure> {
        ended(&self.job_id, Duration::ZERO, call).await?;
        call.server.jobs.cancel(self.job_id.as_str(), &call.caller.identity()).await?.ok_or_else(unknown)?;
        ended(&self.job_id, CANCELLING, call).await
    }
}

async fn ended(id: &JobId, wait: Duration, call: &Invocation) -> Result<Outcome, Failure> {
    let caller = call.caller.identity();
    let found = call.server.jobs.ended(id.as_str(), &caller, wait).await?;
    found.filter(|job| call.server.shows(job, &call.caller)).map(Outcome::from).ok_or_else(unknown)
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "you have no such job")
        .next("list_jobs shows yours; what came of a job is kept for 24 hours.")
}

impl List for ListJobs {
    type Item = Standing;

    fn mark(one: &Standing) -> String {
        one.job_id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Standing>, Failure> {
        let all = call.server.jobs.list(&call.caller.identity()).await?;
        Ok(all.into_iter().filter(|job| call.server.shows(job, &call.caller)).map(Standing::from).collect())
    }
}
