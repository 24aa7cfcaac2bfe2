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
use rusqlite::Connection;
use uuid::Uuid;

use super::before::carry_over;
use super::chain::{Count, end};
use super::entry::{Outcome, OutcomeDetail, Row, Scribe, json, stamp};
use crate::store::{Change, Store, Work};

pub(super) struct Process {
    folder: PathBuf,
    scribe: Scribe,
    /// Held while we live. None when the directory can't be written, and then nor can the journal.
    lock: Option<(File, PathBuf)>,
}

impl Process {
    pub(super) fn register(directory: &Path, store: &Store, tenant: &str) -> Self {
        let id: Arc<str> = Uuid::now_v7().to_string().into();
        let scribe = Scribe { tenant: tenant.into(), process: Arc::clone(&id) };
        let folder = directory.join("processes");
        let lock = match take_place(&folder, &id) {
            Ok(lock) => Some(lock),
            Err(error) => {
                tracing::error!(%error, "the data directory can't be written");
                None
            }
        };
        store.write_later(sweep(folder.clone(), scribe.clone()));
        Self { folder, scribe, lock }
    }

    /// Closes what dead processes left open.
    pub(super) fn closing(&self) -> Work {
        let (folder, own) = (self.folder.clone(), Arc::clone(&self.scribe.process));
        Box::new(move |change| close_what_died(&folder, &own, change))
    }

    pub(super) fn scribe(&self) -> Scribe {
        self.scribe.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some((_, path)) = self.lock.take() {
            let _ = fs::remove_file(path);
        }
    }
}

/// How many processes live in a directory, and how many died with calls under way or without saying goodbye.
pub fn census(directory: &Path) -> (usize, usize) {
    let folder = directory.join("processes");
    let all = fs::read_dir(&folder).map_or(0, Iterator::count);
    let dead = dead(&folder, "").len();
    (all.saturating_sub(dead), dead)
}

fn take_place(folder: &Path, id: &str) -> io::Result<(File, PathBuf)> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id}.lock"));
    loop {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.lock()?;
        // Before it was locked, another process may have taken it for a dead one's, and away.
        if path.exists() {
            return Ok((file, path));
        }
    }
}

/// Notes where our own entries begin, and closes what dead processes left open.
fn sweep(folder: PathBuf, own: Scribe) -> Work {
    Box::new(move |change| {
        carry_over(change)?;
        note_beginning(&folder, &own, end(change, &own.tenant)?.count);
        close_what_died(&folder, &own.process, change)
    })
}

fn close_what_died(folder: &Path, own: &str, change: &Change<'_>) -> rusqlite::Result<()> {
    for (id, mut file, path) in dead(folder, own) {
        // The file goes only when nothing was left to close: this transaction may yet fail, and
        // then the next start must find it again.
        if close_open_intents(change, &id, beginning(&mut file))? == 0 {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

/// The lock file says in which chain its process writes and from where on, so that a sweep reads only
/// that far back.
fn note_beginning(folder: &Path, own: &Scribe, count: u64) {
    let noted = OpenOptions::new().write(true).open(folder.join(format!("{}.lock", own.process)));
    if let Ok(mut file) = noted {
        let _ = file.write_all(format!("{count} {}", own.tenant).as_bytes());
    }
}

fn beginning(file: &mut File) -> Option<(u64, String)> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    let (count, tenant) = text.split_once(' ')?;
    Some((count.parse().ok()?, tenant.to_owned()))
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

fn close_open_intents(change: &Change<'_>, process: &str, from: Option<(u64, String)>) -> rusqlite::Result<usize> {
    let open = open_intents(change, process, from)?;
    for row in &open {
        row.append(change)?;
    }
    if !open.is_empty() {
        tracing::warn!(process, closed = open.len(), "calls of a process that died have an unknown outcome");
    }
    Ok(open.len())
}

/// The outcomes that a dead process owes. A lock file that doesn't say where its entries begin costs a
/// look at all of them.
fn open_intents(connection: &Connection, process: &str, from: Option<(u64, String)>) -> rusqlite::Result<Vec<Row>> {
    let (place, count, tenant) = match from {
        Some((count, tenant)) => ("i.tenant = ?1", count, tenant),
        None => ("?1 = ''", 0, String::new()),
    };
    let sql = format!(
        "SELECT i.tenant, i.invocation, i.tool, i.effect, i.key_prefix FROM journal i
         WHERE {place} AND i.position > ?2 AND i.process = ?3 AND i.kind = 'intent' AND NOT EXISTS
            (SELECT 1 FROM journal o WHERE o.invocation = i.invocation AND o.kind = 'outcome')
         ORDER BY i.rowid"
    );
    let detail = OutcomeDetail {
        changed: "unknown".into(),
        error: Some("the process ended before the outcome was known".into()),
        ..OutcomeDetail::default()
    };
    let (at, body) = (stamp(Utc::now()), json(&detail));
    let owed = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            scribe: Scribe { tenant: row.get::<_, String>(0)?.into(), process: process.into() },
            invocation: row.get(1)?,
            kind: "outcome",
            at: at.clone(),
            tool: row.get(2)?,
            effect: row.get(3)?,
            key_prefix: row.get(4)?,
            result: Some(Outcome::UNKNOWN.to_owned()),
            body: body.clone(),
        })
    };
    connection.prepare(&sql)?.query_map((tenant, Count(count), process), owed)?.collect()
}
