//! What each caller does, by effect. In this process: a caller of two processes has two counts, and the
//! tenant's own limit above them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Window;
use crate::tools::effect::Effect;

/// Windows that are kept before those that have run out are thrown away.
const MANY: usize = 1000;

#[derive(Debug, Default)]
pub struct Callers(Mutex<HashMap<(String, Effect), Window>>);

impl Callers {
    /// Counts a call, or says how long the caller has to wait.
    pub fn take(&self, caller: String, effect: Effect, most: Option<u32>, now: Instant) -> Result<(), Duration> {
        let Some(most) = most else { return Ok(()) };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY {
            all.retain(|_, window| !window.is_over(now));
        }
        all.entry((caller, effect)).or_default().take(most, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_neighbour_is_nobody_elses_trouble() {
        let (callers, now) = (Callers::default(), Instant::now());
        let take = |name: &str, effect| callers.take(name.to_owned(), effect, Some(5), now);
        assert_eq!((0..100).filter(|_| take("noisy", Effect::Write).is_ok()).count(), 5);
        assert!(take("noisy", Effect::Read).is_ok(), "another effect is another count");
        assert!(take("quiet", Effect::Write).is_ok());
        assert!(callers.take("noisy".to_owned(), Effect::Write, None, now).is_ok(), "no limit is no limit");
    }

    #[test]
    fn callers_who_left_are_forgotten() {
        let (callers, now) = (Callers::default(), Instant::now());
        for n in 0..MANY {
            callers.take(n.to_string(), Effect::Read, Some(5), now).unwrap();
        }
        callers.take("new".to_owned(), Effect::Read, Some(5), now + super::super::MINUTE).unwrap();
        assert_eq!(callers.0.lock().unwrap().len(), 1);
    }
}
