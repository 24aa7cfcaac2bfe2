//! When a read is asked again: how long to wait, and how often all together. Acts are never
//! repeated and don't come here.

use std::time::{Duration, SystemTime};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A tenant may ask for this much patience within a call; more is told to the caller instead.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// No tenant means more than this; what does is a mistake or an attack.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Tokens in tenths. An answer earns one tenth, a repeat costs a whole: a tenant that only fails
/// sees the reserve and no more, one that mostly answers is asked at most a tenth more often.
#[derive(Debug)]
pub(super) struct Budget {
    tenths: u32,
}

impl Budget {
    const RESERVE: u32 = 100;
    const COST: u32 = 10;

    pub(super) fn new() -> Self {
        Self { tenths: Self::RESERVE }
    }

    pub(super) fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::RESERVE);
    }

    pub(super) fn spend(&mut self) -> bool {
        match self.tenths.checked_sub(Self::COST) {
            Some(left) => {
                self.tenths = left;
                true
            }
            None => false,
        }
    }
}

/// Full jitter: anywhere between nothing and a ceiling that doubles. `random` is uniform over u32.
pub(super) fn backoff(attempt: u32, random: u32) -> Duration {
    let ceiling = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_WAIT);
    ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// Seconds or an HTTP date. Garbage and negative numbers are as if nothing had been said.
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        // More digits than fit are a long time, not garbage.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else if let Some(seconds) = text.parse::<f64>().ok().filter(|s| s.is_finite()) {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_dates_and_ignores_the_rest() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let date = httpdate::fmt_http_date(now + Duration::from_secs(7));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(7));
        for (text, wait) in [
            ("3", Some(3.0)),
            (" 3 ", Some(3.0)),
            ("0", Some(0.0)),
            ("1.5", Some(1.5)),
            (&date, Some(7.0)),
            (&past, Some(0.0)),
            ("999999", Some(3600.0)),
            ("99999999999999999999999999", Some(3600.0)),
            ("-1", None),
            ("", None),
            ("soon", None),
            ("NaN", None),
            ("inf", None),
            ("1e999", None),
            ("Sun, 99 Foo 2026", None),
        ] {
            assert_eq!(retry_after(text, now).map(|d| d.as_secs_f64()), wait, "{text:?}");
        }
    }

    #[test]
    fn the_wait_grows_and_is_bounded() {
        assert_eq!(backoff(1, 0), Duration::ZERO);
        assert_eq!(backoff(1, u32::MAX), FIRST_WAIT);
        assert_eq!(backoff(2, u32::MAX), FIRST_WAIT * 2);
        assert_eq!(backoff(u32::MAX, u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn repeats_stay_within_a_tenth() {
        let mut budget = Budget::new();
        assert_eq!((0..1000).filter(|_| budget.spend()).count(), 10);
        let repeats = (0..1000)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();
        assert_eq!(repeats, 100);
    }
}
