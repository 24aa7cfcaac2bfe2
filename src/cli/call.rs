//! `molecule-org-mcp call TOOL key=value …`: one tool from the terminal, on the same road.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Ending, house, log, output, terminal};
use crate::config::Config;
use crate::dispatch::{Call, Dispatch, Progress, Refusal};
use crate::failure::Failure;
use crate::transport::caller::{Caller, Door};
use crate::transport::stop;

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
    let answer = ask(&dispatch, caller, flags.tool, arguments).await;
    dispatch.drain(Duration::from_secs(2)).await;
    Ok(output::json(&answer?)?)
}

/// One call, whose steps are told on stderr and whose questions are asked at this terminal.
pub(super) async fn ask(
    dispatch: &Dispatch,
    caller: Caller,
    tool: String,
    arguments: Map<String, Value>,
) -> Result<Value, Failure> {
    let (steps, mut seen) = mpsc::unbounded_channel::<crate::progress::Step>();
    tokio::spawn(async move {
        while let Some(step) = seen.recv().await {
            output::notice(&step.message);
        }
    });
    let cancel = CancellationToken::new();
    let call = dispatch.call(Call {
        caller,
        tool,
        arguments,
        progress: Progress::to(steps),
        asks: terminal::asks(&dispatch.server().consents),
        cancel: cancel.clone(),
    });
    tokio::pin!(call);
    let outcome = tokio::select! {
        outcome = &mut call => outcome,
        _ = stop::asked() => {
            cancel.cancel();
            call.await
        }
    };
    match outcome {
        Ok(answer) => Ok(answer.content),
        Err(Refusal { failure, .. }) => Err(failure),
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
