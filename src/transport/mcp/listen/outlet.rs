//! Where changes go out: a stream that was opened for them, or a session.

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionContext};

pub(super) enum Outlet {
    Stream(Box<SubscriptionContext>),
    Session(Peer<RoleServer>),
}

/// The lists that a client can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
}

impl Outlet {
    /// A session is told of every list.
    pub fn wants(&self, list: List) -> bool {
        let Self::Stream(context) = self else { return true };
        let accepted = context.accepted();
        let wanted = match list {
            List::Tools => accepted.tools_list_changed,
            List::Prompts => accepted.prompts_list_changed,
            List::Resources => accepted.resources_list_changed,
        };
        wanted == Some(true)
    }

    /// Nobody reads any more. A stream is cancelled then.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Session(peer) if peer.is_transport_closed())
    }

    /// False: it can't be told.
    pub async fn is_stale(&self, uri: &str) -> bool {
        match self {
            Self::Stream(context) => context.sink().notify_resource_updated(uri).await.is_ok(),
            Self::Session(peer) => {
                peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await.is_ok()
            }
        }
    }

    pub async fn is_another(&self, list: List) -> bool {
        match self {
            Self::Stream(context) => {
                let sink = context.sink();
                match list {
                    List::Tools => sink.notify_tool_list_changed().await.is_ok(),
                    List::Prompts => sink.notify_prompt_list_changed().await.is_ok(),
                    List::Resources => sink.notify_resource_list_changed().await.is_ok(),
                }
            }
            Self::Session(peer) => match list {
                List::Tools => peer.notify_tool_list_changed().await.is_ok(),
                List::Prompts => peer.notify_prompt_list_changed().await.is_ok(),
                List::Resources => peer.notify_resource_list_changed().await.is_ok(),
            },
        }
    }
}
