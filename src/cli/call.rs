//! `molecule-org-mcp call TOOL key=value …`: one tool from the terminal, on the same road.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::{Ending, ask, drops, house, log, output};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::transport::caller::Door;
use crate::transport::http::Loopback;
use crate::transport::stop;
use crate::webhooks::sender;

#[derive(Args)]
pub(super) struct Flags {
    /// The tool's name
    tool: String,
    /// All arguments as one JSON object
    #[arg(long, value_name = "JSON")]
    args: Option<String>,
    /// Single arguments
    #[arg(value_name = "KEY=VALUE")]
    pairs: Vec<String>,
}

pub(super) async fn run(config: Config, flags: Flags) -> Result<(), Ending> {
    log::start(&config.log);
    let dispatch = house::open(&config).await?;
    let caller = house::caller(&config, &dispatch.server().grants, Door::Cli).await?;
    let arguments = arguments(&flags, &dispatch)?;
    dispatch.server().drops.shown_by(Loopback::new());
    let call = async || ask::ask(&dispatch, caller.clone(), flags.tool.clone(), arguments.clone()).await;
    let outcome = match call().await {
        Err(failure) if waited_for(&failure, &dispatch).await? => call().await,
        outcome => outcome,
    };
    let told = match outcome {
        Ok(answer) => {
            output::json(&answer)?;
            stay_for_jobs(&dispatch).await;
            drops::stay(&dispatch).await.map_err(Ending::from).and(whole(&answer))
        }
        Err(failure) => Err(failure.into()),
    };
    dispatch.drain(Duration::from_secs(2)).await;
    sender::flush(&dispatch, Duration::from_secs(2)).await;
    told
}

/// Tools that do much at once answer what they did, also where that isn't all.
fn whole(answer: &Value) -> Result<(), Ending> {
    let is = |name, value: Value| answer.get(name) == Some(&value);
    let in_doubt = answer.get("unknown").and_then(Value::as_u64).is_some_and(|count| count > 0);
    if in_doubt || answer.get("resume").is_some() || is("complete", false.into()) || is("status", "partial".into()) {
        return Err(Ending::Failed("not all of it was done; the answer says what is left".to_owned()));
    }
    Ok(())
}

/// A job goes on for as long as its process does: until it is through, or somebody wants this ended.
async fn stay_for_jobs(dispatch: &Dispatch) {
    tokio::select! {
        biased;
        () = dispatch.server().jobs.at_rest() => {}
        _ = stop::asked() => {
            dispatch.server().jobs.cancel_all();
        }
    }
}

/// Whether a person has typed in meanwhile what the call wants.
async fn waited_for(failure: &Failure, dispatch: &Dispatch) -> Result<bool, Failure> {
    match failure.on_page() {
        Some(page) => drops::handed_over(dispatch, page).await,
        None => Ok(false),
    }
}

fn arguments(flags: &Flags, dispatch: &Dispatch) -> Result<Map<String, Value>, Ending> {
    let mut arguments = match &flags.args {
        None => Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| Ending::Usage("--args isn't a JSON object".to_owned()))?,
    };
    for pair in &flags.pairs {
        let (name, text) =
            pair.split_once('=').ok_or_else(|| Ending::Usage("arguments are written key=value".to_owned()))?;
        arguments.insert(name.to_owned(), value(&flags.tool, name, text, dispatch));
    }
    Ok(arguments)
}

/// Text where the tool wants text; otherwise JSON, so that numbers and switches are written as usual.
fn value(tool: &str, name: &str, text: &str, dispatch: &Dispatch) -> Value {
    let is_text = dispatch.server().catalogue.find(tool).is_some_and(|entry| {
        let kind = entry.listed().input.get("properties").and_then(|all| all.get(name)?.get("type")?.as_str());
        kind == Some("string")
    });
    let plain = || Value::String(text.to_owned());
    if is_text { plain() } else { serde_json::from_str(text).unwrap_or_else(|_| plain()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_undone_is_no_success() {
        for left in [
            json!({ "resume": "x" }),
            json!({ "unknown": 1 }),
            json!({ "complete": false }),
            json!({ "status": "partial" }),
        ] {
            assert!(whole(&left).is_err(), "{left}");
        }
        for done in [
            json!({ "unknown": [] }),
            json!({ "unknown": 0 }),
            json!({ "complete": true }),
            json!({ "status": "online" }),
        ] {
            assert!(whole(&done).is_ok(), "{done}");
        }
    }
}
