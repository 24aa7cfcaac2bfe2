//! A policy that changes while we serve: its file is looked at all the time, and at once on SIGHUP. What
//! can't be used is told, and what held before goes on holding.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Ending;
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::policy::Rules;
use crate::policy::live::Live;
use crate::policy::watched::Watched;

/// A change has settled when two looks see the same, so it holds within a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(450);

pub(super) fn in_background(config: &Config, dispatch: &Arc<Dispatch>) -> Result<(), Ending> {
    if config.origin.file.is_none() {
        return Ok(());
    }
    // Before anybody can be told that we are ready: without it the signal would end us.
    let mut hangups = Hangups::new()?;
    let mut watched = Watched::new(config.origin.clone());
    let server = Arc::clone(dispatch.server());
    tokio::spawn(async move {
        loop {
            let only_settled = tokio::select! {
                () = hangups.next() => false,
                () = sleep(BETWEEN_LOOKS) => true,
            };
            // Off the road: a disk that hangs must not hold up a call.
            let looked = spawn_blocking(move || (watched.look(only_settled), watched)).await;
            let Ok((told, still)) = looked else { return tracing::error!("the policy file is no longer watched") };
            watched = still;
            if let Some(told) = told {
                take(&server.policy, told);
            }
        }
    });
    Ok(())
}

fn take(policy: &Live, told: Result<Rules, String>) {
    match told {
        Ok(rules) => {
            if *policy.now() != rules {
                tell("the policy has changed", &rules);
            }
            policy.replace(rules);
        }
        Err(error) => {
            tracing::error!("the policy file has changed and can't be used, so the policy before it holds: {error}");
            policy.keep(&error);
        }
    }
}

/// What the operator should know of the rules that hold from now on.
pub(super) fn tell(what: &str, rules: &Rules) {
    let digest = rules.digest.as_deref().unwrap_or("built-in");
    tracing::info!(digest, waived = %rules.consent.waives().join("; "), "{what}");
}

#[cfg(unix)]
struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Self)
    }

    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
struct Hangups;

#[cfg(not(unix))]
impl Hangups {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
