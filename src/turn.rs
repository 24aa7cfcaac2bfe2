//! Two processes that change files of one directory at the same time do it one after the other: installing into a
//! client's file, setting a variable of an env file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Whoever holds it longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits, on this thread. It is given back when it is dropped.
pub fn take(directory: &Path) -> io::Result<File> {
    let guard = guard(directory)?;
    let end = Instant::now() + PATIENCE;
    loop {
        match guard.try_lock() {
            Ok(()) => return Ok(guard),
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds a lock on the directory"))
}

#[cfg(unix)]
fn guard(directory: &Path) -> io::Result<File> {
    File::open(directory)
}

/// There are no locks on directories.
#[cfg(not(unix))]
fn guard(directory: &Path) -> io::Result<File> {
    let path = directory.join(".molecule-org-mcp.lock");
    std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)
}
