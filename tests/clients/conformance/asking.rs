//! What the suite's client is asked between two calls: rounds of questions by name, and a sealed state where the
//! suite wants one. Who declared no way to answer a question isn't asked it.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use rmcp::ErrorData;
use rmcp::model::{InputRequest, InputRequiredResult, InputResponses};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::content::written;

pub enum Next {
    Ask(InputRequiredResult),
    /// All of it, in words.
    Answered(String),
}

type Question = (&'static str, fn() -> Value);

struct Plan {
    rounds: &'static [&'static [Question]],
    /// Without it each call stands alone.
    keeps_state: bool,
}

fn plan(name: &str) -> Option<Plan> {
    const CONFIRM: &[&[Question]] = &[&[("confirm", || form("Please confirm", "ok", "boolean"))]];
    let (keeps_state, rounds): (bool, &[&[Question]]) = match name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" | "test_tool_with_task" => {
            (false, &[&[("user_name", || form("What is your name?", "name", "string"))]])
        }
        "test_input_required_result_sampling" => {
            (false, &[&[("capital_question", || sample("What is the capital of France?", 100))]])
        }
        "test_input_required_result_list_roots" => (false, &[&[("client_roots", roots)]]),
        "test_input_required_result_prompt" => {
            (false, &[&[("user_context", || form("What context should the prompt use?", "context", "string"))]])
        }
        "test_input_required_result_capabilities" => (
            false,
            &[&[
                ("user_name", || form("What is your name?", "name", "string")),
                ("capital_question", || sample("What is the capital of France?", 100)),
            ]],
        ),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => (true, CONFIRM),
        "test_input_required_result_multiple_inputs" => (
            true,
            &[&[
                ("user_name", || form("What is your name?", "name", "string")),
                ("greeting", || sample("Generate a greeting", 50)),
                ("client_roots", roots),
            ]],
        ),
        "test_input_required_result_multi_round" => (
            true,
            &[
                &[("step1", || form("Step 1: What is your name?", "name", "string"))],
                &[("step2", || form("Step 2: What is your favorite color?", "color", "string"))],
            ],
        ),
        _ => return None,
    };
    Some(Plan { rounds, keeps_state })
}

pub fn is_one(name: &str) -> bool {
    plan(name).is_some()
}

pub fn next(
    name: &str,
    answers: Option<&InputResponses>,
    state: Option<&str>,
    context: &RequestContext<RoleServer>,
) -> Result<Next, ErrorData> {
    let unknown = || ErrorData::invalid_params("Nothing is asked under this name.", None);
    let plan = plan(name).ok_or_else(unknown)?;
    let begun = match state {
        Some(state) if plan.keeps_state => Some(opened(name, state)?),
        _ => (!plan.keeps_state).then_some(0),
    };
    let round = begun.unwrap_or(0);
    let questions = plan.rounds.get(round).ok_or_else(unknown)?;
    let answered = |(key, _): &Question| answers.and_then(|all| all.get(*key)).is_some_and(Value::is_object);
    if begun.is_none() || !questions.iter().all(answered) {
        return Ok(Next::Ask(asked(name, &plan, round, questions, context)));
    }
    Ok(match plan.rounds.get(round + 1) {
        Some(questions) => Next::Ask(asked(name, &plan, round + 1, questions, context)),
        None => Next::Answered(format!("state-ok: {}", json!(answers))),
    })
}

fn asked(
    name: &str,
    plan: &Plan,
    round: usize,
    questions: &[Question],
    context: &RequestContext<RoleServer>,
) -> InputRequiredResult {
    let declared = json!(context.client_capabilities());
    let can = |question: &InputRequest| {
        let way = match question {
            InputRequest::CreateMessage(_) => "sampling",
            InputRequest::ListRoots(_) => "roots",
            _ => "elicitation",
        };
        declared.get(way).is_some()
    };
    let questions: BTreeMap<_, _> = questions
        .iter()
        .map(|(key, question)| ((*key).to_owned(), written::<InputRequest>(question())))
        .filter(|(_, question)| can(question))
        .collect();
    InputRequiredResult::new(Some(questions), plan.keeps_state.then(|| sealed(name, round)))
}

pub fn form(message: &str, field: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "message": message,
        "requestedSchema": { "type": "object", "properties": { field: { "type": kind } }, "required": [field] },
    }})
}

pub fn sample(text: &str, most: u32) -> Value {
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        "maxTokens": most,
    }})
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

/// Known to everybody who can read this, which is enough for a suite that changes a byte.
const KEY: [u8; 64] = [7; 64];

fn sealed(name: &str, round: usize) -> String {
    format!("{round}.{}", seal(name, round))
}

fn seal(name: &str, round: usize) -> String {
    let mac = Hmac::<Sha256>::new(&KEY.into()).chain_update(format!("{name}/{round}")).finalize();
    mac.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn opened(name: &str, state: &str) -> Result<usize, ErrorData> {
    let round = state.split_once('.').and_then(|(round, mac)| {
        let round = round.parse().ok()?;
        (mac == seal(name, round)).then_some(round)
    });
    round.ok_or_else(|| ErrorData::invalid_params("`requestState` isn't what this server sent.", None))
}
