//! chat_with_agent: a message to an agent, and its answer in the same call.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::failure::Failure;
use crate::tools::a2a::{self, Reply};
use crate::tools::bounds::{Text, Whole};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

const USUAL_SECONDS: i64 = 120;
const USUAL_LENGTH: i64 = 8_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatWithAgent {
    /// Whose agent; from list_workspaces.
    workspace_id: WorkspaceId,
    /// What to tell or ask it.
    message: Text<200_000>,
    /// Seconds to wait for the answer; default 120. The agent works on after them.
    deadline_seconds: Option<Whole<1, 1_800>>,
    /// Characters of the answer to show; default 8000.
    length: Option<Whole<1, 60_000>>,
}

impl Act for ChatWithAgent {
    type Answer = Reply;

    async fn act(self, call: &Invocation) -> Result<Reply, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let seconds = self.deadline_seconds.map_or(USUAL_SECONDS, Whole::get);
        let within = Duration::from_secs(seconds.unsigned_abs());
        let reply = a2a::send(call, &self.workspace_id, self.message.as_str(), within).await?;
        let length = usize::try_from(self.length.map_or(USUAL_LENGTH, Whole::get)).unwrap_or(usize::MAX);
        Ok(Reply {
            text: reply.text.excerpt(length, "list_activity, type a2a_receive, with a larger `excerpt`"),
            ..reply
        })
    }
}
