//! Work that goes on while somebody needs it: begun by the first, ended with the last.

use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

use super::lock;

#[derive(Default)]
pub(super) struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    holders: usize,
    work: Option<AbortHandle>,
}

pub(super) struct Hold(Arc<Shared>);

impl Shared {
    pub fn hold<W>(self: &Arc<Self>, work: impl FnOnce() -> W) -> Hold
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let mut state = lock(&self.0);
        state.holders += 1;
        if state.work.is_none() {
            state.work = Some(tokio::spawn(work()).abort_handle());
        }
        Hold(Arc::clone(self))
    }

    pub fn is_held(&self) -> bool {
        lock(&self.0).holders > 0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.holders -= 1;
        if state.holders == 0
            && let Some(work) = state.work.take()
        {
            work.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_first_begins_it_and_the_last_ends_it() {
        let shared = Arc::new(Shared::default());
        for _ in 0..2 {
            let (alive, ended) = oneshot::channel::<()>();
            let first = shared.hold(|| async move {
                let _alive = alive;
                pending().await
            });
            let second = shared.hold(|| async { panic!("it goes on already") });
            drop(first);
            assert!(shared.is_held() && !ended.is_terminated());
            drop(second);
            assert!(!shared.is_held());
            ended.await.unwrap_err();
        }
    }
}
