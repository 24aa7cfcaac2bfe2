//! Looking again and again until a deadline, for tools that wait: soon at first, then more seldom.

use std::time::Duration;

use tokio::time::{Instant, timeout};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

pub(super) struct Patience {
    begun: Instant,
    until: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) fn of(seconds: u64) -> Self {
        let begun = Instant::now();
        Self { begun, until: begun + Duration::from_secs(seconds), pause: FIRST }
    }

    /// Rests before the next look; false when there is no time left.
    pub(super) async fn rest(&mut self) -> bool {
        self.rest_unless(std::future::pending()).await
    }

    /// The same, shorter where something is said to have happened.
    pub(super) async fn rest_unless(&mut self, happened: impl Future<Output = ()>) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let _ = timeout(self.pause.min(left), happened).await;
        self.pause = longer(self.pause);
        true
    }

    /// To a tenth.
    pub(super) fn seconds(&self) -> f64 {
        (self.begun.elapsed().as_secs_f64() * 10.0).round() / 10.0
    }

    pub(super) fn whole_seconds(&self) -> u32 {
        u32::try_from(self.begun.elapsed().as_secs()).unwrap_or(u32::MAX)
    }
}

fn longer(pause: Duration) -> Duration {
    pause.mul_f64(1.5).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_often_at_first_and_seldom_later() {
        let (mut pause, mut gone, mut looks) = (FIRST, Duration::ZERO, 0);
        while gone < Duration::from_secs(60) {
            gone += pause;
            pause = longer(pause);
            looks += 1;
        }
        assert_eq!(pause, LONGEST);
        assert!((15..=25).contains(&looks), "{looks}");
    }

    #[tokio::test]
    async fn ends_at_the_deadline() {
        let mut patience = Patience::of(1);
        let mut looks = 0;
        while patience.rest().await {
            looks += 1;
        }
        assert!(looks >= 2 && patience.begun.elapsed() >= Duration::from_secs(1), "{looks}");
    }
}
