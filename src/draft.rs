//! A file that waits beside another until it takes its place, whole or not at all: another org key, a client's
//! configuration, whatever is only its owner's to read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Dropped unused, it leaves nothing behind.
pub struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Of a file that only its owner may read.
    pub fn private(target: &Path) -> io::Result<Self> {
        let path = target.with_extension(format!("{}.new", Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&path)?, path, target: target.to_owned() })
    }

    /// With the owner and the rights of another, which is there: whoever else reads that goes on reading it.
    pub fn like(self, other: &Path) -> io::Result<Self> {
        let found = fs::metadata(other)?;
        if !found.is_file() || found.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it isn't a file that may be written"));
        }
        #[cfg(unix)]
        belong_like(&self.file, &found)?;
        self.file.set_permissions(found.permissions())?;
        Ok(self)
    }

    /// Whatever the rights of the other were.
    pub fn only_owner(self) -> io::Result<Self> {
        #[cfg(unix)]
        self.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(self)
    }

    /// Where it will be.
    pub fn location(&self) -> String {
        self.target.display().to_string()
    }

    /// Returns once the content is on the disk, in the file's place.
    pub fn put(mut self, pieces: &[&[u8]]) -> io::Result<()> {
        self.write(pieces)?;
        self.take_place()
    }

    /// Returns once the content is on the disk, still beside the file.
    pub fn write(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.file.write_all(piece))?;
        self.file.sync_all()
    }

    /// What was written is the file from now on.
    pub fn take_place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        // The name is on the disk when its directory is, where directories can be synced.
        if let Some(directory) = self.target.parent().and_then(|directory| File::open(directory).ok()) {
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

#[cfg(unix)]
fn belong_like(file: &File, other: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    let differs = |own: u32, other: u32| (own != other).then_some(other);
    match (differs(own.uid(), other.uid()), differs(own.gid(), other.gid())) {
        (None, None) => Ok(()),
        (user, group) => fchown(file, user, group),
    }
}

impl Drop for Draft {
    /// Once it is in its place nothing of this name is there any more.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
