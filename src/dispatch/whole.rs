//! A whole list, for whoever in this server shows a little of it many times: one call, one request, one entry
//! in the journal, where pages would be dozens. It is the caller's call in everything else.

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Call, Dispatch, Progress};
use crate::consent::Asks;
use crate::failure::{Code, Failure};
use crate::tools::invocation::Extent;
use crate::transport::caller::Caller;

impl Dispatch {
    /// The items of a tool that lists.
    pub async fn whole_list(
        &self,
        caller: Caller,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<Vec<Value>, Failure> {
        let call = Call {
            caller,
            tool: tool.to_owned(),
            arguments,
            progress: Progress::default(),
            asks: Asks::Nobody,
            cancel: CancellationToken::new(),
        };
        let came = self.travel(Uuid::now_v7(), call, Extent::Whole, None).await.map_err(|stop| stop.failure)?;
        let mut answer = came.answer();
        match answer.content.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Failure::new(Code::Internal, format!("{tool} isn't a list"))),
        }
    }
}
