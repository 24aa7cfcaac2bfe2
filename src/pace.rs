//! How often something may happen: so many times within any minute (or hour), exactly. Dispatch counts
//! what each caller does, the backend what goes to the tenant, and the store which keys were minted.

mod callers;
mod minted;

pub use callers::Callers;
pub use minted::Minted;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub const MINUTE: Duration = Duration::from_secs(60);

/// When it happened, for as long as that counts.
#[derive(Debug, Default)]
pub struct Window(VecDeque<Instant>);

impl Window {
    /// Counts one more, or says how long until there is room for it.
    pub fn take(&mut self, most: u32, now: Instant) -> Result<(), Duration> {
        while self.0.front().is_some_and(|oldest| now.saturating_duration_since(*oldest) >= MINUTE) {
            self.0.pop_front();
        }
        // A limit that was lowered may leave more in here than it allows.
        let in_the_way = self.0.len().checked_sub(most as usize).and_then(|extra| self.0.get(extra));
        match in_the_way {
            None if most > 0 => {
                self.0.push_back(now);
                Ok(())
            }
            None => Err(MINUTE),
            Some(oldest) => Err(MINUTE.saturating_sub(now.saturating_duration_since(*oldest))),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.0.back().is_none_or(|newest| now.saturating_duration_since(*newest) >= MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_any_minute_there_are_never_more() {
        let begun = Instant::now();
        let mut window = Window::default();
        let mut taken: Vec<u64> = Vec::new();
        for tenth in 0..3000_u64 {
            let now = begun + Duration::from_millis(tenth * 100);
            // A crowd every seven seconds, and nobody between.
            let crowd = if tenth % 70 < 5 { 9 } else { 0 };
            taken.extend((0..crowd).filter(|_| window.take(20, now).is_ok()).map(|_| tenth));
        }
        for (at, first) in taken.iter().enumerate() {
            let within = taken[at..].iter().take_while(|tenth| **tenth < first + 600).count();
            assert!(within <= 20, "{within} within a minute from {first}");
        }
        assert!(taken.len() >= 95, "only {} of a hundred", taken.len());
    }

    #[test]
    fn the_wait_it_tells_is_right() {
        let begun = Instant::now();
        let mut window = Window::default();
        for second in 0..3 {
            window.take(3, begun + Duration::from_secs(second)).unwrap();
        }
        let later = begun + Duration::from_secs(10);
        assert_eq!(window.take(3, later), Err(Duration::from_secs(50)));
        assert_eq!(window.take(2, later), Err(Duration::from_secs(51)), "a lower limit waits for more to pass");
        assert_eq!(window.take(3, later + Duration::from_secs(50)), Ok(()));
        assert_eq!(Window::default().take(0, later), Err(MINUTE));
    }
}
