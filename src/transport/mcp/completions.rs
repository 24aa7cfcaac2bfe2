//! `completion/complete`: which names a value may be one of, by what the prompt or the resource says of it.

use std::collections::HashMap;

use rmcp::ErrorData;
use rmcp::model::*;

use super::prompts::invalid;
use crate::completions::{Asked, Completions, Form, Found, Names};
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::prompts::{self, Kind};
use crate::resources::{ENTRIES, Entry};
use crate::tools::input::shown;
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
        Reference::Resource(resource) => of_resource(&resource.uri, &request.argument.name, may),
        _ => Err(Failure::invalid("`ref` is neither a prompt nor a resource")),
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

fn of_resource(template: &str, variable: &str, may: impl Fn(&str) -> bool) -> Result<Place, Failure> {
    let entry = ENTRIES.iter().find(|entry| entry.template == template || entry.path() == template);
    let entry = entry.filter(|entry| may(entry.tool)).ok_or_else(|| no_such_template(template, &may))?;
    let names = entry.variable(variable).ok_or_else(|| no_such_variable(entry, variable))?.names;
    let mut others = entry.variables.iter().filter(|other| other.names == Some(Names::Workspaces));
    Ok(Place { names, form: Form::Id, workspace: others.next().map(|other| other.name) })
}

fn no_such_template(wrong: &str, may: impl Fn(&str) -> bool) -> Failure {
    let mine = ENTRIES.iter().filter(|entry| entry.is_template() && may(entry.tool)).map(|entry| entry.template);
    let near = if wrong.len() < 300 { nearest(wrong, mine) } else { None };
    let near = near.map(|near| format!("Did you mean `{near}`?"));
    Failure::invalid("there is no such resource template for you")
        .next(near.unwrap_or_else(|| "List the resource templates and use one as it stands there.".to_owned()))
}

fn no_such_variable(entry: &Entry, wrong: &str) -> Failure {
    let names: Vec<&str> = entry.variables.iter().map(|variable| variable.name).collect();
    let near = nearest(wrong, names.iter().copied()).map(|near| format!("Did you mean `{near}`? "));
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Failure::invalid(format!("`{}` has no variable {}", entry.template, shown(wrong)))
        .next(format!("{}There are: {all}.", near.unwrap_or_default()))
}

fn result(found: Found) -> CompleteResult {
    let more = found.total > found.values.len();
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(found.total).ok();
    info.has_more = Some(more);
    info.values = found.values;
    CompleteResult::new(info)
}
