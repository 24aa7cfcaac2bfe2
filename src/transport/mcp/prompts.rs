//! `prompts/list` and `prompts/get`: prompts in the protocol's shape.

use rmcp::ErrorData;
use rmcp::model::*;
use serde_json::{Map, json};

use crate::failure::Failure;
use crate::prompts::{self, ALL, Argument};

use super::call::ERROR;

/// The same for every call of one caller; only those whose tools it may use.
pub(super) fn list(may: impl Fn(&str) -> bool) -> ListPromptsResult {
    let listed = ALL.iter().filter(|prompt| prompt.must_be_for(&may).is_ok());
    ListPromptsResult::with_all_items(listed.map(prompt).collect()).with_ttl_ms(0).with_cache_scope(CacheScope::Private)
}

/// One of them with its arguments filled in.
pub(super) fn get(request: GetPromptRequestParams, may: impl Fn(&str) -> bool) -> Result<GetPromptResponse, ErrorData> {
    let filled = || {
        let prompt = prompts::find(&request.name)?;
        prompt.must_be_for(may)?;
        let text = prompt.filled(request.arguments.as_ref().unwrap_or(&Map::new()))?;
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(prompt.about))
    };
    filled().map(Into::into).map_err(|failure| invalid(&failure))
}

/// A request that names something that isn't there, or isn't for this caller.
pub(super) fn invalid(failure: &Failure) -> ErrorData {
    ErrorData::invalid_params(failure.text(), Some(json!({ ERROR: failure.fields() })))
}

fn prompt(prompt: &prompts::Prompt) -> Prompt {
    let arguments: Vec<PromptArgument> = prompt.arguments.iter().map(argument).collect();
    Prompt::new(prompt.name, Some(prompt.about), Some(arguments)).with_title(prompt.title)
}

fn argument(argument: &Argument) -> PromptArgument {
    PromptArgument::new(argument.name).with_description(argument.about).with_required(argument.is_required())
}
