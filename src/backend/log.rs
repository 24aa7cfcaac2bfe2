//! What one invocation has sent, and so what may be different at the tenant. The journal reads it
//! after every call, also after one that was dropped half-way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::route::Route;
use crate::failure::Changed;

/// One request that left, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub route: Route,
    /// None if no answer came.
    pub status: Option<u16>,
    pub millis: u32,
}

#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// In the order of leaving; one that turned out never to have left is taken out again.
    sent: Vec<Option<Sent>>,
    acts_under_way: usize,
    settled: Option<Changed>,
}

impl Log {
    pub(super) fn sent(&self) -> Vec<Sent> {
        self.lock().sent.iter().copied().flatten().collect()
    }

    pub(super) fn changed(&self) -> Changed {
        let inner = self.lock();
        let now = if inner.acts_under_way > 0 { Changed::Unknown } else { Changed::No };
        inner.settled.unwrap_or(Changed::No).max(now)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request on its way. Dropped unsettled, an act counts as unclear.
#[derive(Debug)]
pub(super) struct Leg {
    log: Arc<Log>,
    route: Route,
    place: usize,
    since: Instant,
    ended: bool,
    settled: bool,
}

impl Leg {
    pub(super) fn begin(log: &Arc<Log>, route: Route) -> Self {
        let mut inner = log.lock();
        let place = inner.sent.len();
        inner.sent.push(Some(Sent { route, status: None, millis: 0 }));
        if route.acts() {
            inner.acts_under_way += 1;
        }
        drop(inner);
        Self { log: Arc::clone(log), route, place, since: Instant::now(), ended: false, settled: false }
    }

    /// The answer is here (or won't come): note it and how long it took.
    pub(super) fn ended(&mut self, status: Option<u16>) -> u32 {
        self.ended = true;
        let millis = u32::try_from(self.since.elapsed().as_millis()).unwrap_or(u32::MAX);
        if let Some(Some(sent)) = self.log.lock().sent.get_mut(self.place) {
            sent.status = status;
            sent.millis = millis;
        }
        millis
    }

    /// There was no connection: nothing is listed, nothing can have changed.
    pub(super) fn never_left(&mut self) {
        self.ended = true;
        if let Some(sent) = self.log.lock().sent.get_mut(self.place) {
            *sent = None;
        }
        self.close(Changed::No);
    }

    pub(super) fn settle(mut self, changed: Changed) {
        self.close(changed);
    }

    fn close(&mut self, changed: Changed) {
        if std::mem::replace(&mut self.settled, true) || !self.route.acts() {
            return;
        }
        let mut inner = self.log.lock();
        inner.acts_under_way = inner.acts_under_way.saturating_sub(1);
        inner.settled = inner.settled.max(Some(changed));
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        if !self.ended {
            self.ended(None);
        }
        self.close(Changed::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Route = Route::get("/r");
    const ACT: Route = Route::post("/a");

    #[test]
    fn an_act_is_unclear_until_it_is_settled() {
        let log = Arc::new(Log::default());
        Leg::begin(&log, READ).settle(Changed::No);
        assert_eq!(log.changed(), Changed::No);
        let leg = Leg::begin(&log, ACT);
        assert_eq!(log.changed(), Changed::Unknown);
        leg.settle(Changed::No);
        assert_eq!(log.changed(), Changed::No);
        drop(Leg::begin(&log, READ));
        assert_eq!(log.changed(), Changed::No);
        drop(Leg::begin(&log, ACT));
        assert_eq!(log.changed(), Changed::Unknown);
        Leg::begin(&log, ACT).settle(Changed::Yes);
        assert_eq!(log.changed(), Changed::Yes);
        Leg::begin(&log, ACT).settle(Changed::No);
        assert_eq!(log.changed(), Changed::Yes);
    }

    #[test]
    fn what_never_left_isnt_listed() {
        let log = Arc::new(Log::default());
        let mut first = Leg::begin(&log, READ);
        let mut second = Leg::begin(&log, ACT);
        second.ended(Some(201));
        second.settle(Changed::Yes);
        first.never_left();
        let sent: Vec<_> = log.sent().iter().map(|s| (s.route, s.status)).collect();
        assert_eq!(sent, [(ACT, Some(201))]);
    }
}
