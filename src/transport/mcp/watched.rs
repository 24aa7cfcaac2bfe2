//! Steps of a call on their way to a client that asked for them.

use std::pin::pin;

use rmcp::model::*;
use rmcp::service::{Peer, RoleServer};
use tokio::sync::mpsc;

use crate::dispatch::Step;

pub(super) struct Watched {
    token: ProgressToken,
    peer: Peer<RoleServer>,
    steps: mpsc::UnboundedReceiver<Step>,
    told: Option<u32>,
}

impl Watched {
    pub(super) fn new(token: ProgressToken, peer: Peer<RoleServer>, steps: mpsc::UnboundedReceiver<Step>) -> Self {
        Self { token, peer, steps, told: None }
    }

    /// Every step that came before the answer is told before the answer.
    pub(super) async fn during<T>(mut self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        loop {
            tokio::select! {
                biased;
                Some(step) = self.steps.recv() => self.tell(step).await,
                outcome = &mut call => {
                    while let Ok(step) = self.steps.try_recv() {
                        self.tell(step).await;
                    }
                    return outcome;
                }
            }
        }
    }

    async fn tell(&mut self, step: Step) {
        // The protocol wants each to be greater than the one before.
        if self.told.is_some_and(|told| step.done <= told) {
            return;
        }
        self.told = Some(step.done);
        let mut news = ProgressNotificationParam::new(self.token.clone(), step.done.into()).with_message(step.message);
        news.total = step.total.map(f64::from);
        let _ = self.peer.notify_progress(news).await;
    }
}
