//! `completion/complete`: which names a value may be one of, by what the prompt or the resource says of it.

use std::collections::HashMap;

use rmcp::ErrorData;
use rmcp::model::*;

use super::prompts::invalid;
use crate::completions::{Asked, Completions, Form, Found, Names};
use crate::failure::Failure;
use crate::prompts::{self, Kind};
use crate::transport::caller::Caller;

/// What is said of one value, and of those that were chosen before.
struct Place {
    names: Option<Names>,
    form: Form,
    /// The argument beside it that names a workspace.
    workspace: Option<&'static str>,
}

pub(super) async fn complete(
    request: CompleteRequestParams,
    completions: &Completions,
    caller: Caller,
    may: impl Fn(&str) -> bool,
) -> Result<CompleteResult, ErrorData> {
    let place = match &request.r#ref {
        Reference::Prompt(prompt) => of_prompt(&prompt.name, &request.argument.name, may),
        _ => Err(Failure::invalid("there are no resource templates")),
    };
    let place = place.map_err(|failure| invalid(&failure))?;
    let Some(names) = place.names else { return Ok(result(Found::default())) };
    let chosen: HashMap<String, String> = request.context.and_then(|context| context.arguments).unwrap_or_default();
    let workspace = place.workspace.and_then(|name| chosen.get(name)).map(String::as_str);
    let asked = Asked { names, form: place.form, typed: &request.argument.value, workspace };
    completions.complete(caller, asked).await.map(result).map_err(|failure| invalid(&failure))
}

fn of_prompt(prompt: &str, argument: &str, may: impl Fn(&str) -> bool) -> Result<Place, Failure> {
    let prompt = prompts::find(prompt)?;
    prompt.must_be_for(may)?;
    let names = match prompt.argument(argument)?.kind {
        Kind::NameOf(names) => Some(names),
        Kind::Whole(..) | Kind::Words => None,
    };
    let mut others = prompt.arguments.iter().filter(|other| other.kind == Kind::NameOf(Names::Workspaces));
    Ok(Place { names, form: Form::Word, workspace: others.next().map(|other| other.name) })
}

fn result(found: Found) -> CompleteResult {
    let more = found.total > found.values.len();
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(found.total).ok();
    info.has_more = Some(more);
    info.values = found.values;
    CompleteResult::new(info)
}
