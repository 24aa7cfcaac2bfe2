//! Work that may hang, because a person is asked by the system or a program doesn't end: on a thread of its
//! own, and nobody waits for it longer than they have to.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// What came of it, or nothing within the limit. The thread ends when the work does.
pub(super) async fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let thread = thread::Builder::new().name("aside".to_owned());
    thread.spawn(move || tell.send(work())).ok()?;
    tokio::time::timeout(limit, told).await.ok()?.ok()
}
