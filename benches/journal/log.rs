//! The bare log: one thread appends what has gathered and syncs it, then says so to everybody who waits.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Outcome;

pub struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Vec<Job>>,
    news: Condvar,
}

struct Job {
    bytes: Vec<u8>,
    done: oneshot::Sender<()>,
}

impl Log {
    pub fn open(path: &Path) -> Outcome<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new().name("log".into()).spawn(move || run(&of_thread, file))?;
        Ok(Self(shared))
    }

    pub async fn append(&self, bytes: Vec<u8>) -> Outcome<()> {
        let (done, synced) = oneshot::channel();
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).push(Job { bytes, done });
        self.0.news.notify_one();
        Ok(synced.await?)
    }
}

/// Until the disk fails; whoever waits then sees it.
fn run(shared: &Shared, mut file: File) {
    let mut bytes = Vec::new();
    loop {
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.is_empty() {
            queue = shared.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let batch = std::mem::take(&mut *queue);
        drop(queue);
        bytes.clear();
        batch.iter().for_each(|job| bytes.extend_from_slice(&job.bytes));
        if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for job in batch {
            let _ = job.done.send(());
        }
    }
}
