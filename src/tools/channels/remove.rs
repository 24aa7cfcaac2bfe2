//! remove_channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::REMOVE;
use super::wire::{Line, find};
use crate::failure::Failure;
use crate::tools::ids::{ChannelId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveChannel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_channels.
    channel_id: ChannelId,
}

#[derive(Serialize, JsonSchema)]
pub struct Removed {
    /// `removed`
    status: &'static str,
    was: Line,
}

impl Act for RemoveChannel {
    type Answer = Removed;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let was = find(&self.workspace_id, &self.channel_id, call).await?;
        let ask = call.tenant.ask(&REMOVE).part("workspace_id", &self.workspace_id);
        ask.part("channel_id", &self.channel_id).received().await?;
        Ok(Removed { status: "removed", was: was.line() })
    }
}
