//! What is kept for a time and then taken away: looked at when a process starts serving, and once a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::dispatch::Dispatch;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) async fn run(dispatch: Arc<Dispatch>) {
    let server = dispatch.server();
    loop {
        if let Err(failure) = server.capsules.prune(Utc::now()).await {
            tracing::warn!(%failure, detail = failure.for_operator(), "old capsules weren't taken away");
        }
        if let Err(failure) = server.jobs.prune(Utc::now()).await {
            tracing::warn!(%failure, detail = failure.for_operator(), "old jobs weren't taken away");
        }
        tokio::time::sleep(DAY).await;
    }
}
