//! `molecule-org-mcp call TOOL key=value …`: one tool from the terminal, on the same road.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::{Ending, drops, house, log, output, terminal};
use crate::config::Config;
use crate::dispatch::{Answer, Call, Dispatch, Progress, Refusal, Step};
use crate::failure::Failure;
use crate::transport::caller::{Caller, Door};
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
    let (steps, mut seen) = mpsc::unbounded_channel::<Step>();
    tokio::spawn(async move {
        while let Some(step) = seen.recv().await {
            output::notice(&step.message);
        }
    });
    dispatch.server().drops.shown_by(Loopback::new());
    let wish = Wish { caller, tool: flags.tool, arguments, steps };
    let outcome = match wish.call(&dispatch).await {
        Err(Refusal { failure, .. }) if waited_for(&failure, &dispatch).await? => wish.call(&dispatch).await,
        outcome => outcome,
    };
    let told = match outcome {
        Ok(answer) => {
            output::json(&answer.content)?;
            Ok(drops::stay(&dispatch).await?)
        }
        Err(Refusal { failure, .. }) => Err(failure.into()),
    };
    dispatch.drain(Duration::from_secs(2)).await;
    sender::flush(&dispatch, Duration::from_secs(2)).await;
    told
}

/// A call that may be made again once a person has typed in what it wants.
struct Wish {
    caller: Caller,
    tool: String,
    arguments: Map<String, Value>,
    steps: UnboundedSender<Step>,
}

impl Wish {
    /// Until the operator breaks it off.
    async fn call(&self, dispatch: &Dispatch) -> Result<Answer, Refusal> {
        let cancel = CancellationToken::new();
        let call = dispatch.call(Call {
            caller: self.caller.clone(),
            tool: self.tool.clone(),
            arguments: self.arguments.clone(),
            progress: Progress::to(self.steps.clone()),
            asks: terminal::asks(&dispatch.server().consents),
            cancel: cancel.clone(),
        });
        tokio::pin!(call);
        tokio::select! {
            outcome = &mut call => outcome,
            _ = stop::asked() => {
                cancel.cancel();
                call.await
            }
        }
    }
}

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
