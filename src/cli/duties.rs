//! What a serving process does by itself: it revokes leased keys that are due, credentials that nobody took from
//! their page and those that never arrived, sends webhooks, and takes away what was kept for a time.

use std::sync::Arc;

use super::{drops, forget};
use crate::dispatch::Dispatch;
use crate::webhooks::sender;
use crate::{deliveries, leases};

pub(super) fn in_background(dispatch: &Arc<Dispatch>) {
    let dispatch = Arc::clone(dispatch);
    tokio::spawn(async move {
        if let Err(failure) = dispatch.server().leases.ready().await {
            tracing::error!(%failure, "leases can't be looked up yet");
        }
        let own = || Arc::clone(&dispatch);
        tokio::join!(
            leases::runner::run(own()),
            deliveries::runner::run(own()),
            drops::look_after(own()),
            sender::run(own()),
            forget::run(own()),
        );
    });
}
