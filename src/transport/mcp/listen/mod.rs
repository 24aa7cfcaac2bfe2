//! Changes on their way to a client: one listener a `subscriptions/listen` of the newest revision, one a session of
//! the older ones. It tells that a resource is stale and that a list is another, each time to nobody who couldn't
//! read it just then.

mod due;
mod listener;
mod outlet;
mod roster;
mod sessions;
mod watched;

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::SubscriptionFilter;
use rmcp::service::SubscriptionContext;
use serde_json::Map;

use self::listener::Listener;
use self::outlet::{List, Outlet};
use super::resources;
use crate::dispatch::Dispatch;
use crate::failure::Failure;
use crate::resources::Place;
use crate::transport::caller::Caller;

pub(super) use self::sessions::{Party, Sessions};

/// What of a wish can be accepted whoever it is that wishes.
pub(super) fn acceptable(wished: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = wished.clone();
    if let Some(uris) = &mut accepted.resource_subscriptions {
        uris.retain(|uri| Place::at(uri).is_ok());
    }
    accepted
}

/// Until the client or this server ends it.
pub(super) async fn stream(
    dispatch: &Arc<Dispatch>,
    mut caller: Caller,
    context: SubscriptionContext,
) -> Result<(), ErrorData> {
    let _seat = dispatch.server().events.seat(&caller.identity()).map_err(refused)?;
    let uris = context.requested().resource_subscriptions.clone().unwrap_or_default();
    let cancel = context.request_context().ct.clone();
    let mut listener = Listener::new(Arc::clone(dispatch), caller.clone(), Outlet::Stream(Box::new(context)));
    let told = async {
        let _line = listener.wants(List::Resources).then(|| dispatch.server().events.follow());
        listener.look_around().await;
        for uri in uris {
            let named = Map::from_iter([("uri".to_owned(), uri.as_str().into())]);
            let added = listener.watched().add(dispatch, &mut caller, uri).await;
            added.map_err(|failure| resources::refused(failure, named))?;
        }
        // Boxed, because the protocol library copies its handlers' futures from place to place.
        Box::pin(listener.run()).await;
        Ok(())
    };
    cancel.run_until_cancelled(told).await.unwrap_or(Ok(()))
}

/// As it is said to whoever reads a resource.
fn refused(failure: Failure) -> ErrorData {
    resources::refused(failure, Map::new())
}
