//! Which secrets are held, and what finds them: built when it is needed, dropped when something changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use secrecy::SecretString;

use super::net::Net;

#[derive(Default)]
pub(super) struct Register {
    last: u64,
    held: BTreeMap<u64, Arc<SecretString>>,
    /// Those that nobody holds any more, until when they are known. The first goes first.
    leaving: VecDeque<(Instant, u64)>,
    net: Option<Arc<Net>>,
}

impl Register {
    pub(super) fn add(&mut self, value: Arc<SecretString>) -> u64 {
        self.last += 1;
        self.held.insert(self.last, value);
        self.net = None;
        self.last
    }

    /// At once, or known `until` then.
    pub(super) fn leave(&mut self, number: u64, until: Option<Instant>) {
        match until {
            Some(until) => self.leaving.push_back((until, number)),
            None => self.forget(number),
        }
    }

    /// Forgets what has had its time.
    pub(super) fn sweep(&mut self, now: Instant) {
        while let Some((_, number)) = self.leaving.front().copied().filter(|(until, _)| *until <= now) {
            self.leaving.pop_front();
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        self.held.remove(&number);
        self.net = None;
    }

    /// The one that is built, where it is still right. The clock is asked only if something is leaving.
    pub(super) fn net(&self, now: impl FnOnce() -> Instant) -> Option<Arc<Net>> {
        let late = self.leaving.front().is_some_and(|(until, _)| *until <= now());
        if late { None } else { self.net.clone() }
    }

    pub(super) fn build(&mut self, now: Instant) -> Arc<Net> {
        self.sweep(now);
        let held = &self.held;
        Arc::clone(self.net.get_or_insert_with(|| Arc::new(Net::over(held.values()))))
    }
}
