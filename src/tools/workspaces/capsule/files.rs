//! A workspace's readable files below /configs: so many and so large that the capsule stays small, and none
//! whose name says that it holds a credential.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{File, Missing, part};
use crate::failure::Failure;
use crate::tools::files::place::{Entry, Root, entries, refuse_credentials};
use crate::tools::files::read::{Found, fetch};
use crate::tools::ids::{FilePath, WorkspaceId};
use crate::tools::invocation::Invocation;

/// As deep as the tenant lists.
const DEEPEST: i64 = 5;
/// Of one workspace.
const MOST_FILES: usize = 200;
/// What a file may hold to be written again.
const LARGEST: u64 = 256 << 10;
/// Of all files of a capsule.
const TOGETHER: usize = 32 << 20;

/// What is left of the room for files.
pub(super) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(TOGETHER))
    }
}

impl Budget {
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

pub(super) async fn keep_files(
    id: &WorkspaceId,
    budget: &Budget,
    missing: &mut Vec<Missing>,
    call: &Invocation,
) -> Result<Vec<File>, Failure> {
    let listed: Vec<Entry> = part("files", missing, call, || entries(id, Root::Configs, None, DEEPEST, call)).await?;
    let mut kept = Vec::new();
    for entry in listed.into_iter().filter(|entry| !entry.dir) {
        let what = format!("file {}", entry.path);
        let found = match wanted(&entry, kept.len()) {
            Ok(path) => part(&what, missing, call, || found(id, &path, call)).await?,
            Err(why) => {
                missing.push(Missing { what, why: why.to_owned() });
                continue;
            }
        };
        match found {
            Some(file) if file.is_binary() => missing.push(Missing { what, why: "it is binary".to_owned() }),
            Some(file) if !budget.take(file.content.len()) => {
                missing.push(Missing { what, why: "the capsule is full".to_owned() });
            }
            Some(file) => kept.push(File { path: entry.path, content: file.content }),
            None => {}
        }
    }
    Ok(kept)
}

async fn found(id: &WorkspaceId, path: &FilePath, call: &Invocation) -> Result<Option<Found>, Failure> {
    fetch(id, Root::Configs, path, call).await.map(Some)
}

fn wanted(entry: &Entry, kept: usize) -> Result<FilePath, &'static str> {
    if refuse_credentials(&entry.path).is_err() {
        return Err("files of that name hold credentials");
    }
    if entry.size > LARGEST {
        return Err("it is larger than 256 KiB");
    }
    if kept >= MOST_FILES {
        return Err("200 files of it are kept");
    }
    FilePath::try_from(entry.path.clone()).map_err(|_| "its path can't be asked for")
}
