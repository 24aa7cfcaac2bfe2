//! The directories that the operator allows for credentials, and names inside them.

use std::env;
use std::fs::{self, DirBuilder, File, FileType};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::draft::Draft;
use crate::failure::{Code, Failure};

/// Allowed directories; the first is where a plain name goes.
#[derive(Clone, Debug)]
pub struct Directories(Vec<PathBuf>);

impl Directories {
    pub fn new(first: PathBuf, others: Vec<PathBuf>) -> Self {
        let mut all = vec![first];
        all.extend(others);
        Self(all)
    }

    /// Where `name` is: a plain name in the first directory, or a whole path inside any of them.
    /// The directory part is resolved, so that a link can't lead out of it.
    pub fn locate(&self, name: &str) -> Result<PathBuf, Failure> {
        let asked = Path::new(name);
        let path = match (asked.is_absolute(), self.0.first()) {
            (false, Some(first)) => first.join(plain_name(asked)?),
            _ => asked.to_owned(),
        };
        let file = path.file_name().ok_or_else(|| outside(self))?;
        let directory = path.parent().ok_or_else(|| outside(self))?;
        self.make(directory)?;
        let resolved = fs::canonicalize(directory).map_err(|_| outside(self))?;
        let allowed = self.0.iter().any(|one| fs::canonicalize(one).is_ok_and(|one| resolved.starts_with(one)));
        if allowed { Ok(resolved.join(file)) } else { Err(outside(self)) }
    }

    /// The text of a file there, of so many bytes at most.
    pub fn read(&self, name: &str, most: u64) -> Result<String, Failure> {
        let path = self.locate(name)?;
        // A link in an allowed directory could name any file of this user.
        let is_plain = path.symlink_metadata().is_ok_and(|found| found.is_file());
        if !is_plain {
            return Err(unreadable("there is no such file in the directory for credentials"));
        }
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(most + 1).read_to_string(&mut text));
        match read {
            Ok(length) if length as u64 > most => {
                Err(Failure::new(Code::TooLarge, format!("the file is longer than {} KiB", most >> 10)))
            }
            Ok(_) => Ok(text),
            Err(error) => Err(unreadable("that file can't be read as text").operator(error.to_string())),
        }
    }

    /// Only the allowed directories themselves are made, never something below a caller's path.
    fn make(&self, directory: &Path) -> Result<(), Failure> {
        if !self.0.iter().any(|one| one == directory) || directory.is_dir() {
            return Ok(());
        }
        create_private(directory).map_err(|error| {
            Failure::new(Code::PreconditionFailed, "the directory for credentials can't be made")
                .next("Ask the operator to look at the data directory.")
                .operator(format!("{}: {error}", directory.display()))
        })
    }
}

fn unreadable(message: &str) -> Failure {
    Failure::new(Code::PreconditionFailed, message)
        .next("Ask the operator to put it there; never pass a secret as an argument.")
}

fn plain_name(name: &Path) -> Result<&Path, Failure> {
    let mut parts = name.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => Ok(name),
        _ => Err(Failure::invalid("a file is named by a plain file name, or by its whole path")),
    }
}

fn outside(directories: &Directories) -> Failure {
    let allowed: Vec<String> = directories.0.iter().map(|one| one.display().to_string()).collect();
    Failure::new(Code::ForbiddenByPolicy, "that file isn't in a directory that the operator allows for credentials")
        .next(format!("Use a plain file name, or a path in: {}.", allowed.join(", ")))
}

/// Makes a directory that only its owner may look into.
pub fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whether nobody but its owner may read a file.
#[cfg(unix)]
pub fn is_private(path: &Path) -> io::Result<bool> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions());
    Ok(mode & 0o077 == 0)
}

#[cfg(not(unix))]
pub fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Whether nobody reads a key there but its owner, or the service that systemd hands it to. Such a file is root's, with
/// a mode that a list of its own narrows down, and systemd made it like that.
pub fn is_guarded(key: &Path) -> io::Result<bool> {
    Ok(is_private(key)? || is_handed_over(key))
}

fn is_handed_over(key: &Path) -> bool {
    let handed = env::var_os("CREDENTIALS_DIRECTORY").and_then(|directory| fs::canonicalize(directory).ok());
    handed.is_some_and(|handed| fs::canonicalize(key).is_ok_and(|key| key.starts_with(handed)))
}

/// The text of a file, of so many bytes at most. A pipe may never say anything, and a device may never end.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    if let Some(kind) = other_kind(fs::metadata(path)?.file_type()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, and a file is expected")));
    }
    let mut text = String::new();
    let length = File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if length as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most} bytes")));
    }
    Ok(text)
}

/// What it is, where it is no file.
fn other_kind(found: FileType) -> Option<&'static str> {
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&found) {
        return Some("a pipe");
    }
    match (found.is_file(), found.is_dir()) {
        (true, _) => None,
        (_, true) => Some("a directory"),
        _ => Some("a device or a socket"),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    Draft::private(path)?.put(&[text.as_bytes(), b"\n"])
}

/// The same for what is no text.
pub fn write_private_bytes(path: &Path, content: &[u8]) -> io::Result<()> {
    Draft::private(path)?.put(&[content])
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_is_read_and_only_so_much_of_it() {
        let home = tempfile::tempdir().unwrap();
        let (pipe, file, link) = (home.path().join("pipe"), home.path().join("file"), home.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        fs::write(&file, "12345678").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read_text(&link, 8).unwrap(), "12345678");
        for (path, words) in [
            (pipe.as_path(), "a pipe"),
            (Path::new("/dev/zero"), "a device"),
            (home.path(), "a directory"),
            (file.as_path(), "longer than 7 bytes"),
        ] {
            assert!(read_text(path, 7).unwrap_err().to_string().contains(words), "{words}");
        }
    }
}
