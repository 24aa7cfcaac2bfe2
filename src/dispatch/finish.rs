//! A call that is finished whether or not anybody waits for it.
//!
//! It runs where it is awaited, because a task of its own would cost every call a switch of thread. If
//! it is dropped half way, what is left of it becomes a task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) struct Finish<T: Send + 'static> {
    /// None once it is finished.
    call: Option<Call<T>>,
    runtime: Handle,
}

impl<T: Send + 'static> Finish<T> {
    pub(super) fn new(call: impl Future<Output = T> + Send + 'static) -> Self {
        Self { call: Some(Box::pin(call)), runtime: Handle::current() }
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let output = ready!(call.as_mut().poll(context));
        self.call = None;
        Poll::Ready(output)
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.runtime.spawn(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_finished() {
        let (done, finished) = oneshot::channel();
        let call = Finish::new(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            done.send(()).unwrap();
        });
        assert!(tokio::time::timeout(Duration::from_millis(1), call).await.is_err());
        tokio::time::timeout(Duration::from_secs(5), finished).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_somebody_waits_for_gives_its_output() {
        assert_eq!(Finish::new(async { 7 }).await, 7);
    }
}
