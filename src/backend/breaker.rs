//! Whether a tenant that didn't answer lately is worth another try. A state machine over times that
//! are given to it; the client keeps one per tenant behind a lock.

use std::time::{Duration, Instant};

const FAILURES: u32 = 5;
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    /// How long it rests when it opens the next time.
    rest: Duration,
}

#[derive(Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One request is on its way to find out.
    Trying,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { state: State::Closed { failures: 0 }, rest: FIRST_REST }
    }

    /// May a request go? If not, how long to wait. Whoever may must tell how it went.
    pub(super) fn pass(&mut self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => {
                self.state = State::Trying;
                Ok(())
            }
            State::Trying => Err(Duration::from_secs(1)),
        }
    }

    /// The tenant answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::new();
    }

    /// It was refused, timed out or was cut.
    pub(super) fn failed(&mut self, now: Instant) {
        match self.state {
            State::Closed { failures } if failures + 1 < FAILURES => {
                self.state = State::Closed { failures: failures + 1 };
            }
            State::Closed { .. } | State::Trying => {
                self.state = State::Open { until: now + self.rest };
                self.rest = (self.rest * 2).min(LONGEST_REST);
            }
            // Those that left before it opened say nothing new.
            State::Open { .. } => {}
        }
    }

    /// Given up by the caller, so nothing was learnt: the next one may try.
    pub(super) fn abandoned(&mut self, now: Instant) {
        if matches!(self.state, State::Trying) {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..FAILURES {
            assert_eq!(breaker.pass(now), Ok(()));
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn opens_after_five_in_a_row_and_an_answer_starts_over() {
        let now = Instant::now();
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            breaker.failed(now);
        }
        breaker.answered();
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert_eq!(breaker.pass(now), Ok(()));
        breaker.failed(now);
        assert_eq!(breaker.pass(now), Err(FIRST_REST));
    }

    #[test]
    fn lets_one_through_and_rests_longer_each_time() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for rest in [5, 10, 20, 30, 30] {
            let rest = Duration::from_secs(rest);
            assert_eq!(breaker.pass(now), Err(rest));
            now += rest;
            assert_eq!(breaker.pass(now), Ok(()));
            assert!(breaker.pass(now).is_err(), "only one");
            breaker.failed(now);
        }
        now += LONGEST_REST;
        assert_eq!(breaker.pass(now), Ok(()));
        breaker.answered();
        assert_eq!(breaker.pass(now), Ok(()));
        assert_eq!(opened(now).pass(now), Err(FIRST_REST));
    }

    #[test]
    fn stragglers_dont_prolong_it_and_an_abandoned_try_makes_room() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.failed(now + Duration::from_secs(1));
        let later = now + FIRST_REST;
        assert_eq!(breaker.pass(later), Ok(()));
        breaker.abandoned(later);
        assert_eq!(breaker.pass(later), Ok(()));
    }
}
