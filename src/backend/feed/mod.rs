//! What happens at the tenant, told as it happens: its WebSocket with the events of the whole organisation, and
//! its list of kept events, which proves that none was missed. What can't be proved is told as missed. Where there
//! is no WebSocket the list alone is asked, more often. Whoever follows decides how long; `src/events/` does.

mod event;
mod seen;
mod socket;

use std::future::pending;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::event::Kept;
use self::seen::Seen;
use self::socket::{NoSocket, Socket};
use super::{Client, Route, retry};
use crate::failure::Failure;

use self::event::Arrived;
pub use self::event::{Happening, Kind};

static KEPT: Route = Route::get("/events");
const ROUTES: &[Route] = &[KEPT];

/// While the WebSocket stands, the list proves this often that it brought everything.
const BETWEEN_PROOFS: Duration = Duration::from_secs(30);
/// Without one the list is asked this often,
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// and after so many looks it is seen whether there is one by now.
const LOOKS: u32 = 15;
/// A connection that ends sooner counts as a failed attempt: the next comes later.
const STEADY: Duration = Duration::from_secs(10);
/// Attempts that still make the wait longer.
const MOST_ATTEMPTS: u32 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Happened(Happening),
    Missed(Missed),
    /// Whether what happens from now on is told.
    Following(bool),
}

/// What may have happened without being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    Anything,
    /// What the tenant shows and doesn't keep.
    Unkept,
}

/// Tells until it is dropped.
pub async fn follow(tenant: &Client, told: impl FnMut(News)) {
    let mut following = Following { tenant, seen: Seen::default(), told };
    let mut attempt = 0;
    loop {
        let begun = Instant::now();
        let wait = match Socket::open(&tenant.0).await {
            Ok(socket) => following.over(socket).await,
            Err(NoSocket::Never) => following.by_looking().await,
            Err(NoSocket::Now(wait)) => wait,
        };
        (following.told)(News::Following(false));
        attempt = if begun.elapsed() > STEADY { 1 } else { MOST_ATTEMPTS.min(attempt + 1) };
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        sleep(wait.max(retry::backoff(attempt, random))).await;
    }
}

struct Following<'a, T> {
    tenant: &'a Client,
    seen: Seen,
    told: T,
}

impl<T: FnMut(News)> Following<'_, T> {
    /// Until the connection ends; how long to leave the tenant alone then.
    async fn over(&mut self, mut socket: Socket) -> Duration {
        self.begin();
        let mut proofs = interval(BETWEEN_PROOFS);
        proofs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut proof: Option<BoxFuture<'_, Listed>> = None;
        loop {
            tokio::select! {
                text = socket.next() => {
                    let Some(text) = text else { return Duration::ZERO };
                    if let Some(Arrived { happening, is_kept }) = Arrived::read(&text) {
                        // What isn't kept can't stand for something of its kind that is.
                        if is_kept {
                            self.seen.arrived(happening);
                        }
                        (self.told)(News::Happened(happening));
                    }
                }
                // Beside what arrives: a list that takes its time holds up nothing.
                _ = proofs.tick(), if proof.is_none() => proof = Some(kept(self.tenant).boxed()),
                listed = answered(&mut proof) => {
                    proof = None;
                    self.compare(listed);
                }
            }
        }
    }

    /// For a while, then the WebSocket is tried again.
    async fn by_looking(&mut self) -> Duration {
        let listed = kept(self.tenant).await;
        self.begin();
        self.compare(listed);
        for _ in 0..LOOKS {
            sleep(BETWEEN_LOOKS).await;
            let listed = kept(self.tenant).await;
            self.compare(listed);
        }
        Duration::ZERO
    }

    /// After a time in which nothing was told.
    fn begin(&mut self) {
        (self.told)(News::Following(true));
        (self.told)(News::Missed(if self.seen.is_empty() { Missed::Anything } else { Missed::Unkept }));
    }

    fn compare(&mut self, listed: Listed) {
        match listed {
            Ok(kept) => self.seen.compare(kept).into_iter().for_each(&mut self.told),
            Err(failure) => {
                tracing::debug!(%failure, "the tenant's events can't be listed");
                (self.told)(News::Missed(Missed::Anything));
            }
        }
    }
}

/// Never, where nothing was asked.
async fn answered(proof: &mut Option<BoxFuture<'_, Listed>>) -> Listed {
    match proof {
        Some(proof) => proof.await,
        None => pending().await,
    }
}

type Listed = Result<Vec<Kept>, Failure>;

/// The newest first, so many as the tenant lists.
async fn kept(tenant: &Client) -> Listed {
    tenant.invocation(Uuid::now_v7(), ROUTES, CancellationToken::new()).ask(&KEPT).fetch().await
}
