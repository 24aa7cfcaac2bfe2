//! The way of one call to the tenant: a place among those in flight, the breaker, as many attempts
//! as its route allows, one deadline over all of them.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::answer::Answer;
use super::client::Shared;
use super::exchange::{Answered, Body, Lost, NoConnection, Outcome, Request};
use super::log::{Leg, Log};
use super::refusal::{self, Circumstances};
use super::retry;
use super::route::Route;
use super::said::Said;
use crate::failure::{Code, Failure};

pub(super) struct Errand {
    pub(super) invocation: Uuid,
    pub(super) route: Route,
    pub(super) request: Request,
    /// Another credential than our key.
    pub(super) bearer: Option<HeaderValue>,
    pub(super) total: Duration,
    /// Refusals that the tool wants to read itself.
    pub(super) expected: &'static [u16],
    /// Secrets in the request.
    pub(super) hidden: Vec<SecretString>,
    pub(super) log: Arc<Log>,
}

impl Errand {
    pub(super) async fn run(&self, tenant: &Shared) -> Result<Answer, Failure> {
        let place = place(tenant).await?;
        keep_pace(tenant).await?;
        let deadline = Instant::now() + self.total;
        let http = tenant.wire.http().await?;
        let attempts = if self.route.acts() { 1 } else { tenant.limits.attempts.max(1) };
        let mut last = None;
        let mut attempt = 0;
        let (outcome, leg) = loop {
            let pass = match (tenant.pass(), last.take()) {
                (Ok(pass), _) => pass,
                // It opened meanwhile: what the last attempt met is what there is to tell.
                (Err(_), Some(lost)) => break lost,
                (Err(wait), None) => return Err(resting(wait)),
            };
            attempt += 1;
            let mut leg = Leg::begin(&self.log, self.route);
            let cap = tenant.limits.answer_bytes;
            let key = tenant.keys.now();
            let bearer = self.bearer.as_ref().unwrap_or(&key.bearer);
            let outcome = self.request.exchange(http, bearer, deadline, cap, |s| self.wants(s)).await;
            drop(key);
            self.note(&outcome, &mut leg);
            match &outcome {
                Outcome::Answered(answer) => {
                    pass.answered();
                    if !matches!(answer.status, 429 | 502..=504) {
                        tenant.budget().earn();
                    }
                }
                // A deadline of its own says more of what is behind the tenant than of the tenant.
                Outcome::Lost(Lost::Late) if self.total != tenant.limits.total => drop(pass),
                Outcome::Lost(_) => pass.failed(),
            }
            if attempt >= attempts {
                break (outcome, leg);
            }
            let Some(wait) = wait_before_next(&outcome, attempt) else { break (outcome, leg) };
            if Instant::now() + wait >= deadline || !tenant.budget().spend() || tenant.pace().is_err() {
                break (outcome, leg);
            }
            last = Some((outcome, leg));
            sleep(wait).await;
        };
        self.conclude(outcome, leg, place, tenant)
    }

    fn wants(&self, status: u16) -> bool {
        (200..300).contains(&status) || self.expected.contains(&status)
    }

    fn note(&self, outcome: &Outcome, leg: &mut Leg) {
        let status = match outcome {
            Outcome::Answered(answer) => Some(answer.status),
            Outcome::Lost(_) => None,
        };
        let ms = leg.ended(status);
        if matches!(outcome, Outcome::Lost(Lost::NeverLeft { .. })) {
            leg.never_left();
        }
        tracing::debug!(invocation = %self.invocation, route = %self.route, status, ms, "asked the tenant");
    }

    fn conclude(
        &self,
        outcome: Outcome,
        leg: Leg,
        place: OwnedSemaphorePermit,
        tenant: &Shared,
    ) -> Result<Answer, Failure> {
        let keys = tenant.keys.secrets();
        let named = self.hidden.iter().map(ExposeSecret::expose_secret);
        let hidden: Vec<&str> = keys.iter().map(|key| key.expose()).chain(named).collect();
        let of = Circumstances {
            route: self.route,
            hidden: &hidden,
            total: self.total,
            connect: tenant.limits.connect,
            cap: tenant.limits.answer_bytes,
        };
        let failure = match outcome {
            Outcome::Lost(lost) => refusal::unanswered(lost, of),
            Outcome::Answered(answer) if !self.wants(answer.status) => refusal::refused(&answer, of),
            Outcome::Answered(Answered { status, body: Body::Whole(bytes), .. }) => {
                return Ok(Answer { status, bytes, route: self.route, leg, _place: place });
            }
            Outcome::Answered(answer) => refusal::incomplete(answer.status, answer.body, of),
        };
        leg.settle(failure.has_changed());
        Err(failure)
    }
}

async fn place(tenant: &Shared) -> Result<OwnedSemaphorePermit, Failure> {
    let queue = tenant.limits.queue;
    match timeout(queue, Arc::clone(&tenant.places).acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(Failure::new(
            Code::TenantTimeout,
            format!(
                "waited {} s for a free place among the calls at the tenant; nothing was sent",
                queue.as_secs_f64()
            ),
        )
        .next("Make fewer calls at a time, then try again.")),
    }
}

/// Waits a moment for room among the requests of this minute.
async fn keep_pace(tenant: &Shared) -> Result<(), Failure> {
    let until = Instant::now() + retry::PATIENCE;
    while let Err(wait) = tenant.pace() {
        if Instant::now() + wait > until {
            let message = "this server makes as many requests a minute to the tenant as it may; nothing was sent";
            return Err(Failure::new(Code::RateLimited, message).retry_after(wait));
        }
        sleep(wait).await;
    }
    Ok(())
}

fn resting(wait: Duration) -> Failure {
    Failure::new(
        Code::TenantUnreachable,
        "the tenant didn't answer several times in a row, so it is left alone for a moment; nothing was sent",
    )
    .retry_after(wait)
}

/// Whether a read is worth another attempt, and after how long.
fn wait_before_next(outcome: &Outcome, attempt: u32) -> Option<Duration> {
    // Asked for only where there is a next time: a random number is a system call.
    let backoff = || retry::backoff(attempt, getrandom::u32().unwrap_or(u32::MAX / 2));
    match outcome {
        Outcome::Lost(Lost::NeverLeft { why: NoConnection::Refused, .. } | Lost::Cut(_)) => Some(backoff()),
        Outcome::Lost(_) => None,
        Outcome::Answered(answer) => match answer.status {
            429 => Some(answer.retry_after? + backoff()),
            502..=504 if !Said::is_the_tenants_own(&answer.body) => {
                Some(answer.retry_after.unwrap_or_default().max(backoff()))
            }
            200..=299 if matches!(answer.body, Body::Cut(_)) => Some(backoff()),
            _ => None,
        }
        .filter(|_| answer.retry_after.is_none_or(|wait| wait <= retry::PATIENCE)),
    }
}
