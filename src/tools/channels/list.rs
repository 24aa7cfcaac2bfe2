//! list_channels.

use schemars::JsonSchema;
use serde::Deserialize;

use super::wire::{Channel, Line, fetch};
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListChannels {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for ListChannels {
    type Item = Line;
    const SHORT: &'static [&'static str] =
        &["id", "channel_type", "enabled", "config", "kept_back", "allowed_users", "last_message_at"];

    fn mark(line: &Line) -> String {
        line.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Line>, Failure> {
        let all = fetch(&self.workspace_id, call).await?;
        if all.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(all.into_iter().map(Channel::line).collect())
    }
}
