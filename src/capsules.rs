//! What is kept of workspaces before they are deleted: a sealed file each in the data directory, and a row
//! that says what is in it and until when. What stands in one is for the tools that make and open it
//! (`tools/workspaces/capsule`); this room keeps it, finds it, and forgets it in time. It also remembers how
//! far a restoring came, so that another try makes no twins.

mod seal;
mod shelf;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::failure::{Code, Failure};
use crate::secrets::place::{create_private, write_private_bytes};
use crate::store::Store;
use shelf::Shelf;

/// A file of which there is no row is somebody's who died, or who is just writing it.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Of one tenant; several may have theirs in one directory.
#[derive(Clone)]
pub struct Capsules {
    shelf: Shelf,
    places: Arc<Places>,
}

struct Places {
    files: PathBuf,
    key: PathBuf,
    tenant: String,
}

/// What is written on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The invocation that made it.
    pub id: String,
    pub made: DateTime<Utc>,
    /// None: it is kept until somebody takes it away.
    pub until: Option<DateTime<Utc>>,
    /// What is in it, the topmost first.
    pub workspaces: Vec<Named>,
    /// Bytes of what is in it.
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: String,
    pub name: String,
}

impl Label {
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Capsules {
    pub fn new(store: Store, data: &Path, tenant: &str) -> Self {
        let (files, key) = (data.join("capsules"), data.join("capsules.key"));
        let places = Places { files, key, tenant: tenant.to_owned() };
        Self { shelf: Shelf::new(store, tenant), places: Arc::new(places) }
    }

    /// Returns once it is on the disk. Nothing is deleted before.
    pub async fn keep(&self, label: Label, content: Vec<u8>) -> Result<(), Failure> {
        let (places, id) = (Arc::clone(&self.places), label.id.clone());
        let written = spawn_blocking(move || places.write(&id, &content)).await;
        written.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(unkept)?;
        self.shelf.put(label).await
    }

    /// One that is there and not over.
    pub async fn find(&self, id: &str, now: DateTime<Utc>) -> Result<Option<Label>, Failure> {
        Ok(self.shelf.get(id).await?.filter(|label| !label.is_over(now)))
    }

    /// So many of those that are there, the newest first.
    pub async fn newest(&self, most: u32, now: DateTime<Utc>) -> Result<Vec<Label>, Failure> {
        self.shelf.newest(most, now).await
    }

    pub async fn open(&self, label: &Label) -> Result<Vec<u8>, Failure> {
        let (places, id) = (Arc::clone(&self.places), label.id.clone());
        let read = spawn_blocking(move || places.read(&id)).await;
        read.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            Failure::new(Code::PreconditionFailed, "that capsule can't be opened")
                .next("Ask the operator to look at `capsules` and `capsules.key` in the data directory.")
                .operator(error.to_string())
        })
    }

    /// Takes away those whose time is over, of every tenant; says how many.
    pub async fn prune(&self, now: DateTime<Utc>) -> Result<usize, Failure> {
        let over = self.shelf.take_over(now).await?;
        let known = self.shelf.ids().await?;
        let (places, count) = (Arc::clone(&self.places), over.len());
        let swept = spawn_blocking(move || places.sweep(&over, &known)).await;
        swept.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            Failure::new(Code::PreconditionFailed, "old capsules can't be taken away").operator(error.to_string())
        })?;
        Ok(count)
    }

    /// Nobody else restores it until this invocation is over, which the journal says. False: somebody is at it.
    pub async fn claim(&self, id: &str, invocation: String) -> Result<bool, Failure> {
        self.shelf.claim(id.to_owned(), invocation).await
    }

    /// What was done of a restoring, and what came of each step.
    pub async fn steps(&self, id: &str) -> Result<BTreeMap<String, String>, Failure> {
        self.shelf.steps(id).await
    }

    pub async fn step(&self, id: &str, step: String, made: String) -> Result<(), Failure> {
        self.shelf.step(id.to_owned(), step, made).await
    }
}

impl Places {
    /// What a capsule is sealed for: copied under another name it doesn't open.
    fn bound(&self, id: &str) -> String {
        format!("{}/{id}", self.tenant)
    }

    fn write(&self, id: &str, content: &[u8]) -> io::Result<()> {
        let sealed = seal::key(&self.key, &self.files)?.seal(&self.bound(id), content)?;
        create_private(&self.files)?;
        write_private_bytes(&self.files.join(id), &sealed)?;
        // The name in the directory has to last, too.
        #[cfg(unix)]
        fs::File::open(&self.files)?.sync_all()?;
        Ok(())
    }

    fn read(&self, id: &str) -> io::Result<Vec<u8>> {
        let sealed = fs::read(self.files.join(id))?;
        seal::key(&self.key, &self.files)?.open(&self.bound(id), &sealed)
    }

    fn sweep(&self, over: &[String], known: &[String]) -> io::Result<()> {
        let found = match fs::read_dir(&self.files) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for file in found {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let is_abandoned = || {
                let written = file.metadata().and_then(|about| about.modified());
                let age = written.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
                !known.contains(&name) && age.is_some_and(|age| age > ABANDONED)
            };
            if over.contains(&name) || is_abandoned() {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }
}

fn unkept(error: io::Error) -> Failure {
    Failure::new(Code::PreconditionFailed, "what would be deleted couldn't be saved first")
        .next("Ask the operator to look at `capsules` and `capsules.key` in the data directory; nothing was deleted.")
        .operator(error.to_string())
}
