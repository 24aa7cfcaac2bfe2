//! A call that goes on after its first answer: once it has set out and somebody has waited long enough, it gets a
//! row of its own and nobody holds it up any more. Until then it belongs to whoever made it, and ends with them.

use std::future::pending;
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::finish::Finish;
use super::{Answer, Call, Progress, Step, Stop};
use crate::failure::Failure;
use crate::jobs::{Ended, Job, Jobs, Seed};
use crate::tools::effect::Effect;

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

/// The ends of a call that may outlive the one who made it.
pub(super) struct Leash {
    progress: Progress,
    steps: mpsc::UnboundedReceiver<Step>,
    caller: CancellationToken,
    cancel: CancellationToken,
}

impl Leash {
    /// The call's steps and its end are in our hands from now on.
    pub(super) fn on(call: &mut Call) -> Self {
        let (sender, steps) = mpsc::unbounded_channel();
        let progress = std::mem::replace(&mut call.progress, Progress::to(sender));
        let cancel = CancellationToken::new();
        let caller = std::mem::replace(&mut call.cancel, cancel.clone());
        Self { progress, steps, caller, cancel }
    }
}

/// A call on its way.
pub(super) struct Going {
    pub call: Finish<Result<Value, Stop>>,
    pub leash: Leash,
    /// Says when the intent is written down.
    pub set_out: oneshot::Receiver<()>,
    pub seed: Seed,
    pub book: Book,
    pub running: TaskTracker,
}

/// Where it is kept what a call came to, and as what.
pub(super) struct Book {
    pub jobs: Jobs,
    pub untrusted: bool,
    pub effect: Effect,
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
        let mut has_set_out = false;
        let long_enough = async {
            match (&mut self.set_out).await {
                Ok(()) => has_set_out = true,
                Err(_) => pending().await,
            }
            sleep(patience.unwrap_or_default()).await;
        };
        let outcome = {
            tokio::pin!(long_enough);
            loop {
                tokio::select! {
                    biased;
                    () = &mut long_enough => break None,
                    outcome = &mut self.call => break Some(outcome),
                    Some(step) = self.leash.steps.recv() => self.leash.progress.pass(step),
                    () = self.leash.caller.cancelled(), if !self.leash.cancel.is_cancelled() => {
                        self.leash.cancel.cancel();
                    }
                }
            }
        };
        let outcome = match outcome {
            // Its intent and its outcome came in one go.
            Some(outcome) if patience.is_none() && (has_set_out || self.set_out.try_recv().is_ok()) => Some(outcome),
            Some(outcome) => return outcome.map(Ran::Content),
            None => None,
        };
        let job = match self.book.jobs.begin(&self.seed, self.leash.cancel.clone(), Utc::now()).await {
            Ok(job) => job,
            Err(failure) => {
                tracing::warn!(%failure, "a call can't go on by itself: it is waited for");
                let outcome = match outcome {
                    Some(outcome) => outcome,
                    None => self.call.await,
                };
                return outcome.map(Ran::Content);
            }
        };
        guard.disarm();
        let (running, id) = (self.running.clone(), job.id.clone());
        match outcome {
            Some(outcome) => self.book.end(&id, outcome).await,
            None => drop(tokio::spawn(running.track_future(self.go_on(id)))),
        }
        Ok(Ran::Job(job))
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
                        self.book.jobs.told(&id, message);
                    }
                    if self.book.jobs.is_unwanted(&id) {
                        self.leash.cancel.cancel();
                    }
                }
            }
        };
        self.book.end(&id, outcome).await;
    }
}

impl Book {
    async fn end(&self, id: &str, outcome: Result<Value, Stop>) {
        let ended = Ended::of(outcome.map_err(|stop| stop.failure), self.untrusted, self.effect);
        if let Err(failure) = self.jobs.end(id, ended).await {
            let detail = failure.for_operator();
            tracing::error!(%failure, detail, "what a job came to isn't kept");
        }
    }
}

/// What start_job answers.
pub(super) fn started(job: &Job) -> Value {
    json!({ "job_id": job.id, "status": "working" })
}

/// A job whose call was done before, under the same idempotency key.
pub(super) async fn repeated(jobs: &Jobs, seed: Seed, content: Value, untrusted: bool) -> Result<Job, Failure> {
    let job = jobs.begin(&seed, CancellationToken::new(), Utc::now()).await?;
    jobs.end(&job.id, Ended::Done { content, untrusted }).await?;
    Ok(job)
}
