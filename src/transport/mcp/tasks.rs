//! The tasks extension of the newest revision: a call that takes long answers a task, and its client asks for it
//! again. Tasks are jobs, in the protocol's shape; nothing about them is kept here.

use chrono::{DateTime, SecondsFormat, Utc};
use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value, json};

use super::call::{done, failed};
use super::{Mcp, spoken};
use crate::failure::Failure;
use crate::jobs::{Ended, Job, KEPT};
use crate::transport::caller::Caller;

const POLL_MILLISECONDS: u64 = 2_000;

/// Whether a client can be given one.
pub(super) fn are_known(context: &RequestContext<RoleServer>) -> bool {
    let modern = context.protocol_version().is_some_and(|version| !version.has_initialize());
    modern && context.client_capabilities().is_some_and(|all| all.supports_tasks())
}

impl Mcp {
    pub(super) async fn get(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<GetTaskResult, ErrorData> {
        let caller = self.asks_for_a_task(context)?;
        let server = self.0.dispatch.server();
        let found = server.jobs.get(id, &caller.identity()).await.map_err(broken)?;
        let found = found.filter(|job| server.shows(job, &caller)).ok_or_else(unknown)?;
        Ok(GetTaskResult::new(detailed(found)))
    }

    /// Nothing waits for input after it has become a task, so answers have nowhere to go.
    pub(super) async fn update(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.get(id, context).await.map(|_| ())
    }

    pub(super) async fn cancel(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.get(id, context).await?;
        let caller = self.asks_for_a_task(context)?;
        let found = self.0.dispatch.server().jobs.cancel(id, &caller.identity()).await.map_err(broken)?;
        found.map(|_| ()).ok_or_else(unknown)
    }

    /// Whose grant is over learns nothing more.
    fn asks_for_a_task(&self, context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
        spoken(context)?;
        let mut caller = self.caller(context)?;
        self.0.dispatch.server().grants.hold(&mut caller, Utc::now()).map_err(broken)?;
        Ok(caller)
    }
}

/// A job as a client sees it.
pub(super) fn task(job: &Job) -> Task {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (created, updated) = (stamp(job.created), stamp(job.updated));
    let mut task = Task::new(&job.id, TaskStatus::Working, created, updated)
        .with_ttl_ms(KEPT.num_milliseconds().unsigned_abs())
        .with_poll_interval_ms(POLL_MILLISECONDS);
    task.status_message = match &job.ended {
        Some(Ended::Failed(told) | Ended::Cancelled(told) | Ended::Lost(told)) => Some(told.text.clone()),
        Some(Ended::Done { .. }) | None => job.message.clone(),
    };
    task
}

/// A tool's failure is a result like any other. One that was cancelled, and may have changed something, is told as
/// such: of a task that is `cancelled` a client reads nothing more.
fn detailed(mut job: Job) -> DetailedTask {
    let task = task(&job);
    let payload = match job.ended.take() {
        None => TaskPayload::Working,
        Some(Ended::Done { content, untrusted }) => {
            TaskPayload::Completed { result: object(&done(&job.invocation, content, untrusted)) }
        }
        Some(Ended::Failed(told)) => {
            TaskPayload::Completed { result: object(&failed(&job.invocation, told.text, told.fields)) }
        }
        Some(Ended::Cancelled(_)) => TaskPayload::Cancelled,
        Some(Ended::Lost(told)) => {
            let error = json!({ "code": ErrorCode::INTERNAL_ERROR, "message": told.text, "data": told.fields });
            TaskPayload::Failed { error: object(&error) }
        }
    };
    DetailedTask::new(task, payload)
}

fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn unknown() -> ErrorData {
    ErrorData::invalid_params("You have no such task; what came of one is kept for 24 hours.", None)
}

fn broken(failure: Failure) -> ErrorData {
    ErrorData::internal_error(failure.text(), Some(failure.fields()))
}
