//! The same question to many workspaces: several at once, answers in order. Enough at a time to be
//! quick, few enough to leave the tenant to others; and patient where one of us wants to wait.

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use super::invocation::Invocation;
use crate::failure::{Changed, Code, Failure};

const AT_ONCE: usize = 16;
/// Between two steps that somebody is told of.
const BETWEEN_WORDS: Duration = Duration::from_millis(250);
/// All the waiting that one question is worth.
const PATIENCE: Duration = Duration::from_secs(180);
/// What was told in whole seconds may be a little short.
const MORE: Duration = Duration::from_millis(50);

pub async fn each<F: Future>(questions: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // Made first, asked afterwards: futures that borrow from the list stay simple to write.
    let questions: Vec<F> = questions.into_iter().collect();
    stream::iter(questions).buffered(AT_ONCE).collect().await
}

/// The same, saying how far it is: `what` is being looked at. What is quick says nothing.
pub async fn each_told<F: Future>(
    call: &Invocation,
    what: &str,
    questions: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let questions: Vec<F> = questions.into_iter().collect();
    let total = questions.len();
    let mut answers = stream::iter(questions).buffered(AT_ONCE);
    let (mut told, mut all) = (Instant::now(), Vec::with_capacity(total));
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    while let Some(answer) = answers.next().await {
        all.push(answer);
        if told.elapsed() >= BETWEEN_WORDS {
            told = Instant::now();
            call.progress.step(number(all.len()), Some(number(total)), format!("{what}: {} of {total}", all.len()));
        }
    }
    all
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
