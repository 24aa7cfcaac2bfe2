//! Steps of a call on their way to a client that asked for them; where a call says nothing, that it is under way.

use std::pin::pin;
use std::time::Duration;

use rmcp::model::*;
use rmcp::service::{Peer, RoleServer};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::dispatch::Step;

/// When a client hears for the first time of a call that says nothing, and how often then.
const FIRST_BEAT: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_secs(5);

pub(super) struct Watched {
    token: ProgressToken,
    peer: Peer<RoleServer>,
    steps: mpsc::UnboundedReceiver<Step>,
    measure: Measure,
    total: Option<u32>,
}

impl Watched {
    pub(super) fn new(token: ProgressToken, peer: Peer<RoleServer>, steps: mpsc::UnboundedReceiver<Step>) -> Self {
        Self { token, peer, steps, measure: Measure::default(), total: None }
    }

    /// Every step that came before the answer is told before the answer.
    pub(super) async fn during<T>(mut self, tool: &str, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let begun = Instant::now();
        let mut beat = begun + FIRST_BEAT;
        loop {
            tokio::select! {
                biased;
                Some(step) = self.steps.recv() => {
                    beat = Instant::now() + BEAT;
                    self.tell(step).await;
                }
                outcome = &mut call => {
                    while let Ok(step) = self.steps.try_recv() {
                        self.tell(step).await;
                    }
                    return outcome;
                }
                () = sleep_until(beat) => {
                    beat += BEAT;
                    let progress = self.measure.again();
                    self.say(progress, format!("{tool}: under way, {} s", begun.elapsed().as_secs())).await;
                }
            }
        }
    }

    async fn tell(&mut self, step: Step) {
        let progress = self.measure.at(step.done);
        self.total = step.total.map(|total| self.measure.before.saturating_add(total)).or(self.total);
        self.say(progress, step.message).await;
    }

    async fn say(&self, progress: f64, message: String) {
        let mut news = ProgressNotificationParam::new(self.token.clone(), progress).with_message(message);
        news.total = self.total.map(f64::from).filter(|total| progress <= *total);
        let _ = self.peer.notify_progress(news).await;
    }
}

/// The protocol wants each to be greater than the one before: between two whole steps there is room for any number
/// of others, and where a tool counts anew, that goes on from where it was.
#[derive(Default)]
struct Measure {
    /// What was counted before it began anew.
    before: u32,
    whole: Option<u32>,
    between: u32,
}

impl Measure {
    fn at(&mut self, done: u32) -> f64 {
        match self.whole {
            Some(whole) if done == whole => return self.again(),
            Some(whole) if done < whole => {
                self.before = self.before.saturating_add(whole);
                self.whole = Some(done);
                if done == 0 {
                    return self.again();
                }
            }
            _ => self.whole = Some(done),
        }
        self.between = 0;
        f64::from(self.before) + f64::from(done)
    }

    fn again(&mut self) -> f64 {
        let whole = *self.whole.get_or_insert(0);
        self.between += 1;
        let between = f64::from(self.between);
        f64::from(self.before) + f64::from(whole) + between / (between + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_greater_than_the_one_before_and_whole_ones_stay_whole() {
        let mut measure = Measure::default();
        let mut told = vec![measure.again(), measure.at(0), measure.again(), measure.at(3), measure.at(3)];
        told.extend((0..1000).map(|_| measure.again()));
        told.push(measure.at(4));
        assert!(told[0] > 0.0);
        assert_eq!((told[3], told.last()), (3.0, Some(&4.0)));
        // What begins anew goes on.
        told.extend([measure.again(), measure.at(0), measure.again(), measure.at(2), measure.at(1)]);
        assert!(told.windows(2).all(|two| two[0] < two[1]), "{told:?}");
        assert_eq!((told[told.len() - 2], told.last(), measure.before), (6.0, Some(&7.0), 6));
    }
}
