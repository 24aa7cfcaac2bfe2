//! send_channel_message and test_channel. The tenant finds a channel by its id alone, whosever it is, and
//! says `sent` whatever the service did: the one is checked here, the other said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rules::has_chat;
use super::wire::{Channel, find};
use super::{SEND, TEST};
use crate::failure::{Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{ChannelId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendChannelMessage {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_channels.
    channel_id: ChannelId,
    /// What people read.
    text: Text<16_384>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestChannel {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_channels.
    channel_id: ChannelId,
}

#[derive(Serialize, JsonSchema)]
pub struct HandedOver {
    channel_id: ChannelId,
    channel_type: String,
    /// Whether it receives; it sends all the same.
    enabled: bool,
    /// What isn't known.
    delivery: &'static str,
}

const DELIVERY: &str = "Not confirmed: the tenant took it, and says the same when the service refuses it.";

impl Act for SendChannelMessage {
    type Answer = HandedOver;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let channel = ready(&self.workspace_id, &self.channel_id, call).await?;
        let ask = call.tenant.ask(&SEND).part("workspace_id", &self.workspace_id);
        let ask = ask.part("channel_id", &self.channel_id).body(&json!({ "text": self.text }));
        ask.received().await.map_err(spent)?;
        Ok(handed_over(channel))
    }
}

impl Act for TestChannel {
    type Answer = HandedOver;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let channel = ready(&self.workspace_id, &self.channel_id, call).await?;
        let ask = call.tenant.ask(&TEST).part("workspace_id", &self.workspace_id);
        ask.part("channel_id", &self.channel_id).received().await?;
        Ok(handed_over(channel))
    }
}

async fn ready(workspace: &WorkspaceId, id: &ChannelId, call: &Invocation) -> Result<Channel, Failure> {
    let channel = find(workspace, id, call).await?;
    if !has_chat(&channel.config()) {
        return Err(Failure::new(
            Code::PreconditionFailed,
            "the channel has no `chat_id`, so there is nobody to send to",
        )
        .next("Set one with update_channel: config {\"chat_id\": …}."));
    }
    Ok(channel)
}

/// The tenant answers 429 for two things; this one doesn't pass by waiting.
fn spent(failure: Failure) -> Failure {
    if failure.code() == Code::RateLimited && failure.message().contains("channel budget") {
        return Failure::new(Code::BudgetExceeded, "the channel's own budget of messages is spent; nothing was sent")
            .next("No route of the tenant raises it: remove the channel and add it anew, if its owner agrees.");
    }
    failure
}

fn handed_over(channel: Channel) -> HandedOver {
    HandedOver {
        channel_id: channel.id,
        channel_type: channel.channel_type,
        enabled: channel.enabled,
        delivery: DELIVERY,
    }
}
