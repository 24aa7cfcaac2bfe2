//! What this server does by itself, when the time has come for what somebody had it promise: on the same road as
//! every call, with nobody to ask. Leases, one-time pages and what a crash left behind end so.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Call, Dispatch, Progress};
use crate::consent::Asks;
use crate::failure::{Code, Failure};
use crate::transport::caller::Caller;

/// Longer than a call takes that ends by itself, and shorter than the claim that one process has on a due lease.
const PATIENCE: Duration = Duration::from_secs(40);

impl Dispatch {
    /// `arguments` are an object.
    pub async fn by_itself(&self, tool: &str, arguments: Value) -> Result<Value, Failure> {
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let cancel = CancellationToken::new();
        let call = self.call(Call {
            caller: Caller::itself(),
            tool: tool.to_owned(),
            arguments,
            progress: Progress::default(),
            asks: Asks::Nobody,
            cancel: cancel.clone(),
        });
        match timeout(PATIENCE, call).await {
            Ok(outcome) => outcome.map(|answer| answer.content).map_err(|refusal| refusal.failure),
            Err(_) => {
                cancel.cancel();
                Err(Failure::new(Code::TenantTimeout, format!("{tool} took this server too long")))
            }
        }
    }
}
