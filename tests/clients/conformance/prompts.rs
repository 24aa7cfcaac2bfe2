//! The prompts that the suite gets.

use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

use crate::asking;
use crate::content::{embedded, image};

/// Name, and the arguments that each must be given.
const PROMPTS: [(&str, &[&str]); 5] = [
    ("test_simple_prompt", &[]),
    ("test_prompt_with_arguments", &["arg1", "arg2"]),
    ("test_prompt_with_embedded_resource", &["resourceUri"]),
    ("test_prompt_with_image", &[]),
    ("test_input_required_result_prompt", &[]),
];

pub fn listed() -> Vec<Prompt> {
    PROMPTS.iter().map(|(name, arguments)| prompt(name, arguments)).collect()
}

fn prompt(name: &str, arguments: &[&str]) -> Prompt {
    let arguments = arguments
        .iter()
        .map(|name| PromptArgument::new(*name).with_description("For the conformance suite").with_required(true));
    Prompt::new(name, Some("For the conformance suite"), Some(arguments.collect()))
}

pub fn is_one(reference: &Reference) -> bool {
    matches!(reference, Reference::Prompt(prompt) if PROMPTS.iter().any(|(name, _)| *name == prompt.name))
}

/// None: it isn't one of these.
pub fn get(
    request: &GetPromptRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<GetPromptResponse>, ErrorData> {
    let given = |name: &str| request.arguments.as_ref().and_then(|all| all.get(name)).and_then(Value::as_str);
    let argument = |name| given(name).ok_or_else(|| ErrorData::invalid_params(format!("`{name}` is missing"), None));
    let said = match request.name.as_str() {
        "test_simple_prompt" => vec![ContentBlock::text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (one, two) = (argument("arg1")?, argument("arg2")?);
            vec![ContentBlock::text(format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))]
        }
        "test_prompt_with_embedded_resource" => vec![
            embedded(argument("resourceUri")?, "text/plain", "Embedded resource content for testing."),
            ContentBlock::text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), ContentBlock::text("Please analyze the image above.")],
        name @ "test_input_required_result_prompt" => {
            let answers = request.input_responses.as_ref();
            match asking::next(name, answers, request.request_state.as_deref(), context)? {
                asking::Next::Ask(asked) => return Ok(Some(asked.into())),
                asking::Next::Answered(said) => vec![ContentBlock::text(said)],
            }
        }
        _ => return Ok(None),
    };
    let messages = said.into_iter().map(|content| PromptMessage::new(Role::User, content)).collect();
    Ok(Some(GetPromptResult::new(messages).into()))
}
