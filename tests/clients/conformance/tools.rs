//! The tools that the suite calls.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use rmcp::task_manager::TaskManager;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::asking::{self, Next, form, sample};
use crate::content::{audio, embedded, image, object, written};
use crate::fixtures::Change;
use crate::tasks;

const TOOLS: [&str; 28] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_reconnection",
    "test_tool_with_logging",
    "test_logging_tool",
    "test_tool_with_progress",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "json_schema_2020_12_tool",
    "test_custom_header",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

/// Between two steps that a client is told of.
const STEP: Duration = Duration::from_millis(50);

pub fn is_one(name: &str) -> bool {
    TOOLS.contains(&name) || tasks::TOOLS.contains(&name)
}

pub fn listed() -> Vec<Tool> {
    TOOLS
        .iter()
        .chain(&tasks::TOOLS)
        .map(|name| Tool::new(*name, "For the conformance suite", object(schema(name))))
        .collect()
}

fn schema(tool: &str) -> Value {
    let required =
        |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] });
    match tool {
        "test_sampling" => required("prompt"),
        "test_elicitation" => required("message"),
        "test_custom_header" => json!({
            "type": "object",
            "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        }),
        "json_schema_2020_12_tool" => every_keyword(),
        "greet" => required("name"),
        "slow_compute" => json!({
            "type": "object",
            "properties": { "seconds": { "type": "number" }, "label": { "type": "string" } },
        }),
        "confirm_delete" => required("filename"),
        _ => json!({ "type": "object", "properties": {} }),
    }
}

/// The keywords that mustn't get lost on their way to a client.
fn every_keyword() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": text, "city": text },
        }},
        "properties": {
            "name": text,
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": text,
            "email": text,
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

pub async fn call(
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
    changes: &broadcast::Sender<Change>,
    running: &TaskManager,
) -> Result<CallToolResponse, ErrorData> {
    let name = request.name.as_ref();
    if tasks::TOOLS.contains(&name) {
        return tasks::call(request, &context, running).await;
    }
    if asking::is_one(name) {
        let answers = request.input_responses.as_ref();
        return Ok(match asking::next(name, answers, request.request_state.as_deref(), &context)? {
            Next::Ask(asked) => asked.into(),
            Next::Answered(said) => text(&said).into(),
        });
    }
    let argument = |name: &str| {
        let given = request.arguments.as_ref().and_then(|all| all.get(name)).and_then(Value::as_str);
        given.unwrap_or_default().to_owned()
    };
    let result = match name {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => CallToolResult::success(vec![image()]),
        "test_audio_content" => CallToolResult::success(vec![audio()]),
        "test_embedded_resource" => CallToolResult::success(vec![embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        )]),
        "test_multiple_content_types" => CallToolResult::success(vec![
            ContentBlock::text("Multiple content types test:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ]),
        "test_error_handling" => {
            CallToolResult::error(vec![ContentBlock::text("This tool intentionally returns an error for testing")])
        }
        "test_tool_with_logging" | "test_logging_tool" => log(&context).await,
        "test_tool_with_progress" => progress(&context).await,
        "test_sampling" => ask(&context, "LLM response", sample(&argument("prompt"), 100)).await?,
        "test_elicitation" => ask(&context, "User response", user(&argument("message"))).await?,
        "test_elicitation_sep1034_defaults" => ask(&context, "Elicitation completed", defaults()).await?,
        "test_elicitation_sep1330_enums" => ask(&context, "Elicitation completed", enums()).await?,
        "test_missing_capability" => needs_sampling(&context)?,
        "test_trigger_tool_change" => changed(changes, Change::Tools),
        "test_trigger_prompt_change" => changed(changes, Change::Prompts),
        _ => text("Taken."),
    };
    Ok(result.into())
}

pub fn text(said: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(said)])
}

/// The older revisions set a level for the session; in the newest each request says whether it wants to hear.
async fn log(context: &RequestContext<RoleServer>) -> CallToolResult {
    let modern = context.protocol_version().is_some_and(|version| !version.has_initialize());
    let told = !modern || context.meta.log_level().is_some();
    for step in ["started", "processing data", "completed"].into_iter().filter(|_| told) {
        let message = json!({ "method": "notifications/message", "params": {
            "level": "info", "logger": "conformance", "data": format!("Tool {step}"),
        }});
        let _ = context.peer.send_notification(written(message)).await;
        sleep(STEP).await;
    }
    text("Logged.")
}

async fn progress(context: &RequestContext<RoleServer>) -> CallToolResult {
    let token = context.meta.get_progress_token();
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = token.clone() {
            let step = ProgressNotificationParam::new(token, done).with_total(100.0);
            let _ = context.peer.notify_progress(step).await;
        }
        sleep(STEP).await;
    }
    text("Done.")
}

/// While the call waits, as the older revisions do.
async fn ask(context: &RequestContext<RoleServer>, then: &str, question: Value) -> Result<CallToolResult, ErrorData> {
    let answer = context.peer.send_request(written(question)).await;
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(text(&format!("{then}: {}", json!(answer))))
}

fn user(message: &str) -> Value {
    let mut form = form(message, "username", "string");
    form["params"]["requestedSchema"] = json!({
        "type": "object",
        "properties": {
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" },
        },
        "required": ["username", "email"],
    });
    form
}

fn defaults() -> Value {
    asked_for(json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    }))
}

fn enums() -> Value {
    let plain = json!(["option1", "option2", "option3"]);
    let titled = |word: &str| {
        json!([
            { "const": "value1", "title": format!("First {word}") },
            { "const": "value2", "title": format!("Second {word}") },
            { "const": "value3", "title": format!("Third {word}") },
        ])
    };
    asked_for(json!({
        "untitledSingle": { "type": "string", "enum": plain },
        "titledSingle": { "type": "string", "oneOf": titled("Option") },
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } },
    }))
}

fn asked_for(properties: Value) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "message": "Please choose",
        "requestedSchema": { "type": "object", "properties": properties, "required": [] },
    }})
}

fn needs_sampling(context: &RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
    let declared = json!(context.client_capabilities());
    if declared.get("sampling").is_some() {
        return Ok(text("Sampling is there."));
    }
    Err(ErrorData::missing_required_client_capability(written(json!({ "sampling": {} }))))
}

fn changed(changes: &broadcast::Sender<Change>, what: Change) -> CallToolResult {
    // Nobody may be listening.
    let _ = changes.send(what);
    text("Changed.")
}
