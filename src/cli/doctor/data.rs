//! What lies on this machine's disk: whose it is, who else may read it, and how much room there is.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::finding::{Check, Finding, Report};
use super::patient::Patient;
use crate::secrets::place::{is_guarded, is_private};

pub(super) const CHECKS: &[Check] = &[Check::DataDirectory, Check::Disk, Check::KeyFile, Check::CredentialDirs];

/// Files that are looked at, and folders below each other.
const FILES: usize = 10_000;
const DEEPEST: usize = 6;
/// Bytes below which work stops soon, and below which somebody should know.
const SCARCE: u64 = 50 << 20;
const LITTLE: u64 = 500 << 20;
/// Locks, which say nothing.
const OPEN_TO_ALL: &str = "processes";

/// Off the runtime's thread: a disk may hang.
pub(super) async fn look(patient: Arc<Patient>, mut report: Report) {
    let looked = spawn_blocking(move || {
        [directory(&patient.data), disk(&patient.data), key_file(&patient), credential_dirs(&patient.credential_dirs)]
    });
    looked.await.into_iter().flatten().for_each(|finding| report.tell(finding));
}

fn directory(data: &Path) -> Finding {
    let place = data.display();
    let found = match fs::metadata(data) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::DataDirectory.ok(format!("{place} isn't there yet; the first start makes it"));
        }
        Err(error) => {
            return Check::DataDirectory.problem(format!("{place}: {error}"), "Give this user a directory (--data).");
        }
    };
    if !found.is_dir() {
        return Check::DataDirectory.problem(format!("{place} isn't a directory"), "Name another one (--data).");
    }
    if !is_ours(&found) {
        let next = "Run this as its owner, or name another one (--data).";
        return Check::DataDirectory.problem(format!("{place} belongs to another user"), next);
    }
    match (is_private(data), readable(data)) {
        (Ok(true), Ok(open)) => match open.first() {
            None => Check::DataDirectory.ok(format!("{place}, its owner's alone")),
            Some(first) => Check::DataDirectory.warning(
                format!(
                    "{} files in {place} could be read by others if the directory were open: {}",
                    open.len(),
                    first.display()
                ),
                format!("chmod -R go= {place}"),
            ),
        },
        (Ok(false), _) => Check::DataDirectory.problem(
            format!("{place} can be looked into by other users: keys and the journal lie there"),
            format!("chmod -R go= {place}"),
        ),
        (Err(error), _) | (_, Err(error)) => Check::DataDirectory.problem(
            format!("{place} can't be looked through: {error}"),
            "Give it, and what is in it, to the user that runs this server.",
        ),
    }
}

/// Files that others may read or write, as far as their own rights go.
fn readable(data: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut open, mut seen) = (Vec::new(), 0);
    let mut folders = vec![(data.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
            let kind = entry?;
            seen += 1;
            if kind.is_dir() && depth < DEEPEST && path.file_name().is_none_or(|name| name != OPEN_TO_ALL) {
                folders.push((path, depth + 1));
            } else if kind.is_file() && matches!(is_private(&path), Ok(false)) {
                open.push(path);
            }
            if seen > FILES {
                return Ok(open);
            }
        }
    }
    open.sort();
    Ok(open)
}

#[cfg(unix)]
fn is_ours(found: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_: &Metadata) -> bool {
    true
}

fn disk(data: &Path) -> Finding {
    let there = data.ancestors().find(|above| above.exists());
    match there.and_then(free) {
        Some(free) => room(free),
        None => Check::Disk.unknown("this system doesn't say how much room there is"),
    }
}

#[cfg(unix)]
fn free(place: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(place).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn room(free: u64) -> Finding {
    let told = format!("{} MiB are free where the data directory is", free >> 20);
    let next = "Make room: without it nothing can be written down, and so nothing is done.";
    match free {
        ..SCARCE => Check::Disk.problem(told, next),
        SCARCE..LITTLE => Check::Disk.warning(told, next),
        _ => Check::Disk.ok(told),
    }
}

fn key_file(patient: &Patient) -> Finding {
    let Ok(Some(tenant)) = &patient.tenant else { return Check::KeyFile.unknown("there is no key to look at") };
    let Some(file) = &tenant.key_file else {
        return Check::KeyFile
            .ok("the key comes from the environment; only one that comes from a file can be rotated there");
    };
    let place = file.path().display();
    match is_guarded(file.path()) {
        Ok(true) if !file.can_be_replaced() => Check::KeyFile.warning(
            format!("{place} can't be replaced by this server, so `rotate_org_key` can't rotate it"),
            "Rotate it where it comes from, or let this server's user write the file and its directory.",
        ),
        Ok(true) => Check::KeyFile.ok(format!("{place}, its owner's alone")),
        Ok(false) => Check::KeyFile
            .warning(format!("{place} can be read by others, and it is full power"), format!("chmod 600 {place}")),
        Err(error) => Check::KeyFile.problem(format!("{place}: {error}"), "Put the key there."),
    }
}

fn credential_dirs(directories: &[PathBuf]) -> Finding {
    let wrong: Vec<String> = directories.iter().filter_map(|one| unfit(one)).collect();
    match (directories.len(), wrong.is_empty()) {
        (0, _) => Check::CredentialDirs.ok("none besides the data directory's own"),
        (count, true) => Check::CredentialDirs.ok(format!("{count}, their owner's alone")),
        (_, false) => Check::CredentialDirs.problem(
            wrong.join("; "),
            "Make them for this user alone (mkdir -m 700, chmod 700), or take them out of the configuration.",
        ),
    }
}

fn unfit(directory: &Path) -> Option<String> {
    let place = directory.display();
    match (directory.is_dir(), is_private(directory)) {
        (false, Ok(_)) => Some(format!("{place} isn't a directory")),
        (true, Ok(true)) => None,
        (true, Ok(false)) => Some(format!("{place} can be looked into by others")),
        // One that isn't there is made when a credential goes there.
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            directory.parent().is_none_or(|above| !above.is_dir()).then(|| format!("{place} can't be made"))
        }
        (_, Err(error)) => Some(format!("{place}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_full_disk_is_told_before_and_when_work_stops() {
        assert_eq!(
            [10 << 20, 100 << 20, 10 << 30].map(|free| room(free).state),
            [State::Problem, State::Warning, State::Ok]
        );
        let home = tempfile::tempdir().unwrap();
        assert_ne!(disk(&home.path().join("a/b")).state, State::Problem, "what isn't there yet lies somewhere");
    }

    #[cfg(unix)]
    #[test]
    fn who_else_may_look_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let data = home.path().join("data");
        assert_eq!(directory(&data).state, State::Ok, "not there yet");
        fs::create_dir_all(data.join("capsules")).unwrap();
        fs::create_dir_all(data.join(OPEN_TO_ALL)).unwrap();
        allow(&data, 0o700);
        let (lock, capsule) = (data.join(OPEN_TO_ALL).join("a.lock"), data.join("capsules/one"));
        for file in [&lock, &capsule] {
            fs::write(file, "x").unwrap();
            allow(file, 0o644);
        }
        let warned = directory(&data);
        assert!(warned.state == State::Warning && warned.found.starts_with("1 files"), "{warned:?}");
        allow(&capsule, 0o600);
        assert_eq!(directory(&data).state, State::Ok);
        allow(&data, 0o750);
        assert_eq!(directory(&data).state, State::Problem);
        assert_eq!(directory(&lock).state, State::Problem);

        assert_eq!(credential_dirs(&[]).state, State::Ok);
        assert!(credential_dirs(std::slice::from_ref(&data)).found.contains("looked into"));
        assert!(credential_dirs(&[home.path().join("x/y")]).found.contains("can't be made"));
        assert_eq!(credential_dirs(&[home.path().join("x")]).state, State::Ok, "made when it is needed");
    }
}
