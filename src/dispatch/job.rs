//! A call that goes on after its first answer: once it has set out and somebody has waited long enough, it gets a
//! row of its own and nobody holds it up any more. Until then it belongs to whoever made it, and ends with them.

use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::finish::Finish;
use super::{Answer, Progress, Step, Stop};
use crate::failure::{Code, Failure};
use crate::grants::Grants;
use crate::jobs::{Ended, Job, Jobs, Seed};
use crate::seats::Seat;
use crate::tools::beside::Beside;
use crate::tools::effect::Effect;
use crate::transport::caller::Caller;

/// How often a running job says where it is, and hears whether it is still wanted.
const BEAT: Duration = Duration::from_secs(1);

/// What somebody waits for.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    Answer,
    /// The answer, or after so long the job that gives it; of calls that may take long.
    Within(Duration),
    /// A job at once.
    Job,
}

/// What a call came to.
pub enum Came {
    Answered(Answer),
    Goes(Job),
}

impl Came {
    /// Who can't be given anything else is answered the job's id; so is who asked for one.
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Answered(answer) => answer,
            Self::Goes(job) => Answer::of(
                job.invocation.parse().unwrap_or_default(),
                json!({ "job_id": job.id, "status": "working" }),
                false,
            ),
        }
    }
}

/// The ends of a call that may outlive the one who made it, and where it is kept then.
pub(super) struct Leash {
    progress: Progress,
    steps: mpsc::UnboundedReceiver<Step>,
    caller: CancellationToken,
    cancel: CancellationToken,
    pub book: Book,
}

impl Leash {
    /// The call's steps and its end are in our hands from now on.
    pub(super) fn on(progress: &mut Progress, cancel: &mut CancellationToken, book: Book) -> Self {
        let (sender, steps) = mpsc::unbounded_channel();
        let progress = std::mem::replace(progress, Progress::to(sender));
        let caller = std::mem::take(cancel);
        Self { progress, steps, caller, cancel: cancel.clone(), book }
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

/// What a job is about, and where it is kept what it came to.
pub(super) struct Book {
    pub jobs: Jobs,
    pub grants: Grants,
    /// Who made the call, under the grant that it was made under.
    pub caller: Caller,
    pub seed: Seed,
    pub untrusted: bool,
    pub beside: Beside,
    pub effect: Effect,
    /// Among the caller's jobs.
    pub _seat: Seat,
}

/// A call on its way.
pub(super) struct Going {
    pub call: Finish<Result<Value, Stop>>,
    pub leash: Leash,
    /// Says when the intent is written down.
    pub set_out: oneshot::Receiver<()>,
    pub running: TaskTracker,
}

/// The call's own answer, or the job that it became.
pub(super) enum Ran {
    Content(Value),
    Job(Job),
}

impl Going {
    /// `patience`: how long somebody waits for the answer once the call has set out. None: for the job alone.
    pub(super) async fn run(mut self, patience: Option<Duration>) -> Result<Ran, Stop> {
        let guard = self.leash.cancel.clone().drop_guard();
        let (outcome, has_set_out) = self.wait(patience.unwrap_or_default()).await;
        // Who wants a job gets one even of what is over already, but not of what never set out.
        let outcome = match outcome {
            Some(outcome) if patience.is_some() || !has_set_out => return outcome.map(Ran::Content),
            outcome => outcome,
        };
        let book = &self.leash.book;
        match book.jobs.begin(&book.seed, self.leash.cancel.clone(), Utc::now()).await {
            Ok(job) => {
                guard.disarm();
                self.hand_over(job.id.clone(), outcome).await;
                Ok(Ran::Job(job))
            }
            Err(failure) => {
                tracing::warn!(%failure, "a call can't go on by itself: it is waited for");
                let outcome = match outcome {
                    Some(outcome) => outcome,
                    None => self.call.await,
                };
                outcome.map(Ran::Content)
            }
        }
    }

    /// What the call came to, where it came to it in time; and whether it had set out.
    async fn wait(&mut self, patience: Duration) -> (Option<Result<Value, Stop>>, bool) {
        let Self { call, leash, set_out, .. } = self;
        let mut until = None;
        let mut may_set_out = true;
        loop {
            tokio::select! {
                biased;
                news = &mut *set_out, if may_set_out => {
                    may_set_out = false;
                    until = news.is_ok().then(|| Instant::now() + patience);
                }
                // What its caller doesn't want any more nobody waits for.
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() && !leash.is_cancelled() => {
                    return (None, true);
                }
                outcome = &mut *call => {
                    while let Ok(step) = leash.steps.try_recv() {
                        leash.progress.pass(step);
                    }
                    return (Some(outcome), until.is_some() || may_set_out && set_out.try_recv().is_ok());
                }
                Some(step) = leash.steps.recv() => leash.progress.pass(step),
                () = leash.caller.cancelled(), if !leash.is_cancelled() => leash.cancel.cancel(),
            }
        }
    }

    async fn hand_over(self, id: String, outcome: Option<Result<Value, Stop>>) {
        match outcome {
            Some(outcome) => self.leash.book.end(&id, outcome).await,
            None => {
                let running = self.running.clone();
                tokio::spawn(running.track_future(self.go_on(id)));
            }
        }
    }

    /// Nobody is there any more: steps go into the row, and what it came to.
    async fn go_on(mut self, id: String) {
        let mut beat = tokio::time::interval(BEAT);
        let mut told: Option<String> = None;
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut self.call => break outcome,
                Some(step) = self.leash.steps.recv() => told = Some(step.message),
                _ = beat.tick() => {
                    if let Some(message) = told.take() {
                        self.leash.book.jobs.told(&id, message);
                    }
                    if self.leash.book.is_over(&id) {
                        self.leash.cancel.cancel();
                    }
                }
            }
        };
        self.leash.book.end(&id, outcome).await;
    }
}

impl Book {
    /// Nobody wants it any more, or nobody who may: what a grant began ends with it.
    fn is_over(&self, id: &str) -> bool {
        let held = self.grants.hold(&mut self.caller.clone(), Utc::now());
        self.jobs.is_unwanted(id) || held.is_err_and(|failure| failure.code() == Code::Unauthenticated)
    }

    async fn end(&self, id: &str, outcome: Result<Value, Stop>) {
        let untrusted = self.untrusted || self.beside.taken().2;
        let ended = Ended::of(outcome.map_err(|stop| stop.failure), untrusted, self.effect);
        if let Err(failure) = self.jobs.end(id, ended).await {
            let detail = failure.for_operator();
            tracing::error!(%failure, detail, "what a job came to isn't kept");
        }
    }

    /// A job whose call was done before, under the same idempotency key.
    pub(super) async fn repeated(&self, content: Value) -> Result<Job, Failure> {
        let job = self.jobs.begin(&self.seed, CancellationToken::new(), Utc::now()).await?;
        self.jobs.end(&job.id, Ended::Done { content, untrusted: self.untrusted }).await?;
        Ok(job)
    }
}
