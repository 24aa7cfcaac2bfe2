//! One call from the terminal: its steps are told on stderr, its questions are asked here, and Ctrl-C breaks it
//! off. `call`, `keys` and `org` make theirs so.

use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{output, terminal};
use crate::dispatch::{Call, Dispatch, Progress, Step};
use crate::failure::Failure;
use crate::transport::caller::Caller;
use crate::transport::stop;

pub(super) async fn ask(
    dispatch: &Dispatch,
    caller: Caller,
    tool: String,
    arguments: Map<String, Value>,
) -> Result<Value, Failure> {
    let (steps, mut seen) = mpsc::unbounded_channel::<Step>();
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
    outcome.map(|answer| answer.content).map_err(|refusal| refusal.failure)
}
