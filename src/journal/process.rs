//! Which processes share the data directory, and which of them died with calls under way.
//!
//! Each holds an exclusive lock on a file of its own for as long as it lives; the operating system
//! lets go of it however the process ends. Whoever can take a stranger's lock knows that the stranger
//! is dead, and writes *unknown* behind the intents that it left open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::entry::{Outcome, OutcomeDetail, stamp};
use crate::store::{Store, Work};

pub(super) struct Process {
    id: Arc<str>,
    /// Held while we live. None when the directory can't be written, and then nor can the journal.
    lock: Option<(File, PathBuf)>,
}

impl Process {
    pub(super) fn register(directory: &Path, store: &Store) -> Self {
        let id: Arc<str> = Uuid::now_v7().to_string().into();
        let folder = directory.join("processes");
        let lock = match take_place(&folder, &id) {
            Ok(lock) => Some(lock),
            Err(error) => {
                tracing::error!(%error, "the data directory can't be written");
                None
            }
        };
        store.write_later(sweep(folder, Arc::clone(&id)));
        Self { id, lock }
    }

    pub(super) fn id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some((_, path)) = self.lock.take() {
            let _ = fs::remove_file(path);
        }
    }
}

fn take_place(folder: &Path, id: &str) -> io::Result<(File, PathBuf)> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id}.lock"));
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    file.lock()?;
    Ok((file, path))
}

/// Notes where our own entries begin, and closes what dead processes left open.
fn sweep(folder: PathBuf, own: Arc<str>) -> Work {
    Box::new(move |connection| {
        let last: Option<i64> =
            connection.query_row("SELECT max(seq) FROM journal", [], |row| row.get(0)).optional()?.flatten();
        note_beginning(&folder, &own, last.unwrap_or(0));
        for (id, mut file, path) in dead(&folder, &own) {
            // The file goes only when nothing was left to close: this transaction may yet fail, and
            // then the next start must find it again.
            if close_open_intents(connection, &id, beginning(&mut file))? == 0 {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    })
}

/// The lock file says from where on its process wrote, so that a sweep reads only that far back.
fn note_beginning(folder: &Path, own: &str, seq: i64) {
    let noted = OpenOptions::new().write(true).open(folder.join(format!("{own}.lock")));
    if let Ok(mut file) = noted {
        let _ = file.write_all(seq.to_string().as_bytes());
    }
}

fn beginning(file: &mut File) -> i64 {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.read_to_string(&mut text);
    text.trim().parse().unwrap_or(0)
}

/// Processes whose lock we could take: held until the end of the sweep, so that only one sweeps each.
fn dead(folder: &Path, own: &str) -> Vec<(String, File, PathBuf)> {
    let Ok(listing) = fs::read_dir(folder) else { return Vec::new() };
    listing
        .flatten()
        .filter_map(|found| {
            let path = found.path();
            let id = path.file_stem()?.to_str()?.to_owned();
            if id == own {
                return None;
            }
            let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
            file.try_lock().ok()?;
            Some((id, file, path))
        })
        .collect()
}

fn close_open_intents(connection: &Connection, process: &str, from: i64) -> rusqlite::Result<usize> {
    const SQL: &str = "INSERT INTO journal
        (invocation, kind, at, process, tool, effect, key_prefix, result, body)
        SELECT i.invocation, 'outcome', ?1, i.process, i.tool, i.effect, i.key_prefix, ?2, ?3
        FROM journal i
        WHERE i.seq > ?4 AND i.process = ?5 AND i.kind = 'intent' AND NOT EXISTS
            (SELECT 1 FROM journal o WHERE o.invocation = i.invocation AND o.kind = 'outcome')";
    let detail = OutcomeDetail {
        changed: "unknown".into(),
        error: Some("the process ended before the outcome was known".into()),
        ..OutcomeDetail::default()
    };
    let body = serde_json::to_string(&detail).unwrap_or_default();
    let closed = connection.execute(SQL, params![stamp(Utc::now()), Outcome::UNKNOWN, body, from, process])?;
    if closed > 0 {
        tracing::warn!(process, closed, "calls of a process that died have an unknown outcome");
    }
    Ok(closed)
}
