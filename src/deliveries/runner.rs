//! Looks after what was left behind, for as long as a process serves: what the tenant was away for, or what couldn't
//! be taken back, is tried again until it is done.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::left_behind::{Known, settle};
use crate::dispatch::Dispatch;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between tries, and between looks where nothing is left.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub async fn run(dispatch: Arc<Dispatch>) {
    let mut known = Known::default();
    let mut pause = FIRST_PAUSE;
    loop {
        match settle(&dispatch, &mut known).await {
            Ok(()) => {
                pause = FIRST_PAUSE;
                sleep(LONGEST_PAUSE).await;
            }
            Err(failure) => {
                tracing::warn!(%failure, "what became of credentials that were on their way isn't known yet");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
