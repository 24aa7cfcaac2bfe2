//! Steps of a long call, for whoever wants to watch.

use tokio::sync::mpsc::UnboundedSender;

use crate::fence;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub done: u32,
    pub total: Option<u32>,
    pub message: String,
}

/// Where steps go; a call that nobody watches drops them.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<UnboundedSender<Step>>);

impl Progress {
    pub fn to(watcher: UnboundedSender<Step>) -> Self {
        Self(Some(watcher))
    }

    pub fn step(&self, done: u32, total: Option<u32>, message: impl Into<String>) {
        if let Some(watcher) = &self.0 {
            let message = fence::line(&message.into()).into_owned();
            // A watcher who left isn't a reason to stop.
            let _ = watcher.send(Step { done, total, message });
        }
    }

    /// A step of a call that is watched on the way.
    pub fn pass(&self, step: Step) {
        if let Some(watcher) = &self.0 {
            let _ = watcher.send(step);
        }
    }
}
