//! What a serving process does by itself: it revokes leased keys that are due and credentials that nobody took
//! from their page, and sends webhooks.

use std::sync::Arc;

use super::drops;
use crate::dispatch::Dispatch;
use crate::leases;
use crate::webhooks::sender;

pub(super) fn in_background(dispatch: &Arc<Dispatch>) {
    let dispatch = Arc::clone(dispatch);
    tokio::spawn(async move {
        if let Err(failure) = dispatch.server().leases.ready().await {
            tracing::error!(%failure, "leases can't be looked up yet");
        }
        let own = || Arc::clone(&dispatch);
        tokio::join!(leases::runner::run(own()), drops::look_after(own()), sender::run(own()));
    });
}
