//! Where the journal's checkpoints are kept elsewhere: a file, or an HTTP endpoint. Whoever changes the
//! journal on this machine can't change what stands there.
//!
//! It never holds up an entry: checkpoints wait in a queue, and each is tried until it is taken.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;

use crate::backend::Base;
use crate::outside;

/// Checkpoints that may wait. Each covers all before it, so that losing some loses little.
const QUEUE: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// As the operator writes it: `file:/var/anchors/acme.jsonl`, `https://anchor.example/acme`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Each checkpoint is appended as a line.
    File(PathBuf),
    /// Each checkpoint is posted as JSON; any 2xx takes it.
    Http(String),
}

impl Anchor {
    /// The error never repeats the text: an address may hold a credential.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = Path::new(path);
            return if path.is_absolute() {
                Ok(Self::File(path.to_owned()))
            } else {
                Err("an anchor's file is named by its whole path, as in file:/var/anchors/acme.jsonl".to_owned())
            };
        }
        Base::parse(text).map(|_| Self::Http(text.trim().to_owned())).map_err(|error| {
            format!("expected `file:` and a path, or an https address without credentials, query or fragment ({error})")
        })
    }
}

/// The queue's end that the journal holds.
#[derive(Clone, Debug)]
pub struct Sending {
    queue: Sender<String>,
    /// How many of those that were put in are done with.
    done: watch::Receiver<u64>,
    put: Arc<AtomicU64>,
}

impl Sending {
    /// From within the runtime, where it goes on until the last sender is gone.
    pub fn start(anchor: Anchor) -> Self {
        let (queue, waiting) = channel(QUEUE);
        let (told, done) = watch::channel(0);
        tokio::spawn(send_all(anchor, waiting, told));
        Self { queue, done, put: Arc::default() }
    }

    pub fn put(&self, line: String) {
        match self.queue.try_send(line) {
            Ok(()) => drop(self.put.fetch_add(1, Ordering::Relaxed)),
            Err(_) => tracing::error!("the anchor can't keep up: a checkpoint isn't kept elsewhere"),
        }
    }

    /// Until what was put is taken, or `patience` ends.
    pub async fn settle(&self, patience: Duration) {
        let put = self.put.load(Ordering::Relaxed);
        let mut done = self.done.clone();
        if tokio::time::timeout(patience, done.wait_for(|done| *done >= put)).await.is_err() {
            tracing::error!("the last checkpoints aren't kept elsewhere yet; the next start's will cover them");
        }
    }
}

async fn send_all(anchor: Anchor, mut waiting: Receiver<String>, told: watch::Sender<u64>) {
    let mut http = None;
    while let Some(line) = waiting.recv().await {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = send(&anchor, &mut http, &line).await {
            tracing::error!(%error, "a checkpoint isn't kept elsewhere; it is tried again in {} s", pause.as_secs());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        told.send_modify(|done| *done += 1);
    }
}

async fn send(anchor: &Anchor, http: &mut Option<reqwest::Client>, line: &str) -> Result<(), String> {
    match anchor {
        Anchor::File(path) => {
            let (path, line) = (path.clone(), line.to_owned());
            let appended = tokio::task::spawn_blocking(move || append(&path, &line)).await;
            appended.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        }
        Anchor::Http(address) => {
            let client = match http {
                Some(client) => client,
                None => http.insert(outside::client()?),
            };
            let request = client.post(address).header("content-type", "application/json").body(line.to_owned());
            outside::taken(request).await
        }
    }
}

/// In one write, so that several processes may append to one file.
pub fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_a_whole_path_or_a_safe_address() {
        assert_eq!(Anchor::parse("file:/a/b"), Ok(Anchor::File("/a/b".into())));
        assert_eq!(Anchor::parse("https://a.example/b"), Ok(Anchor::Http("https://a.example/b".into())));
        assert!(Anchor::parse("http://127.0.0.1:1/b").is_ok());
        for wrong in ["", "file:a", "/a/b", "http://a.example", "https://u:canary@a.example", "ftp://a"] {
            let error = Anchor::parse(wrong).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
