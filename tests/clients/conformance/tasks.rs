//! The tools that the suite has become tasks. They run in the protocol library's own keeper of tasks; what isn't one
//! of these is asked of ours.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use rmcp::task_manager::{TaskContext, TaskExit, TaskFuture, TaskManager, TaskOptions};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::asking::{self, Next, form};
use crate::content::written;
use crate::tools::text;

pub const TOOLS: [&str; 7] = [
    "greet",
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];

pub async fn call(
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    tasks: &TaskManager,
) -> Result<CallToolResponse, ErrorData> {
    let arguments = request.arguments.unwrap_or_default();
    let seconds = arguments.get("seconds").and_then(Value::as_f64).unwrap_or(1.0);
    let known = context.client_capabilities().is_some_and(|all| all.supports_tasks());
    let task: TaskOf = match request.name.as_ref() {
        "greet" => {
            let name = arguments.get("name").and_then(Value::as_str).unwrap_or_default();
            return Ok(text(&format!("Hello, {name}!")).into());
        }
        "slow_compute" if !known => {
            sleep(Duration::from_secs_f64(seconds)).await;
            return Ok(text("Computed.").into());
        }
        _ if !known => {
            let tasks = ClientCapabilities::builder().enable_tasks().build();
            return Err(ErrorData::missing_required_client_capability(tasks));
        }
        "slow_compute" => Box::new(move |context| Box::pin(compute(seconds, context))),
        "failing_job" => {
            let failed = CallToolResult::error(vec![ContentBlock::text("This job always fails.")]);
            Box::new(|_| Box::pin(async { Ok(failed) }))
        }
        "protocol_error_job" => {
            let broken = ErrorData::internal_error("This job always breaks.", None);
            Box::new(|_| Box::pin(async { Err(broken.into()) }))
        }
        "confirm_delete" => Box::new(|context| Box::pin(ask(&["confirm"], context))),
        "multi_input" => Box::new(|context| Box::pin(ask(&["one", "other"], context))),
        name => {
            let (answers, state) = (request.input_responses.as_ref(), request.request_state.as_deref());
            match asking::next(name, answers, state, context)? {
                Next::Ask(asked) => return Ok(asked.into()),
                Next::Answered(said) => Box::new(move |_| Box::pin(async move { Ok(text(&said)) })),
            }
        }
    };
    Ok(CreateTaskResult::new(tasks.spawn(TaskOptions::new(), task)).into())
}

type TaskOf = Box<dyn FnOnce(TaskContext) -> TaskFuture + Send>;

async fn compute(seconds: f64, context: TaskContext) -> Result<CallToolResult, TaskExit> {
    tokio::select! {
        () = sleep(Duration::from_secs_f64(seconds)) => Ok(text("Computed.")),
        () = context.cancelled() => Err(TaskExit::Cancelled),
    }
}

/// All at once; each is answered when the client likes.
async fn ask(questions: &'static [&'static str], context: TaskContext) -> Result<CallToolResult, TaskExit> {
    let asked =
        questions.iter().map(|name| context.request_input(*name, written(form("Go on?", "confirm", "boolean"))));
    let answers = futures_util::future::try_join_all(asked).await?;
    Ok(text(&json!(answers).to_string()))
}
