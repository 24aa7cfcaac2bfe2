//! The same question to many workspaces: several at once, answers in order. Enough at a time to be
//! quick, few enough to leave the tenant to others; and patient where one of us wants to wait.

use std::future::Future;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::invocation::Invocation;
use crate::failure::{Changed, Code, Failure};

const AT_ONCE: usize = 16;
/// All the waiting that one question is worth.
const PATIENCE: Duration = Duration::from_secs(180);
/// What was told in whole seconds may be a little short.
const MORE: Duration = Duration::from_millis(50);

pub async fn each<F: Future>(questions: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // Made first, asked afterwards: futures that borrow from the list stay simple to write.
    let questions: Vec<F> = questions.into_iter().collect();
    stream::iter(questions).buffered(AT_ONCE).collect().await
}

/// Asks again where the tenant, or our own pace, says for how long to wait first. What changed something
/// isn't asked again, and nothing is after the caller cancelled.
pub async fn patiently<T, F>(call: &Invocation, mut ask: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut left = PATIENCE;
    loop {
        let failure = match ask().await {
            Err(failure) if failure.code() == Code::RateLimited && failure.has_changed() == Changed::No => failure,
            settled => return settled,
        };
        let wait = failure.wait().map(|wait| wait + MORE).filter(|wait| *wait <= left);
        let Some(wait) = wait else { return Err(failure) };
        left -= wait;
        tokio::select! {
            biased;
            () = call.tenant.cancelled() => return Err(failure),
            () = tokio::time::sleep(wait) => {}
        }
    }
}
