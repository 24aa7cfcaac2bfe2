//! The file that this server's org key is read from, and putting another key into it: whole or not at all, with
//! the owner and rights that the file had.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use uuid::Uuid;

/// Longer than any key.
const LONGEST: u64 = 4096;

#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    pub fn new(path: &Path) -> Self {
        Self(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn read(&self) -> io::Result<SecretString> {
        let mut text = String::new();
        File::open(&self.0)?.take(LONGEST).read_to_string(&mut text)?;
        Ok(text.trim().to_owned().into())
    }

    /// Makes sure that another key can be put there. A link stays a link: the file it leads to is replaced.
    pub fn prepare(&self) -> io::Result<Draft> {
        let target = fs::canonicalize(&self.0)?;
        let found = fs::metadata(&target)?;
        if !found.is_file() || found.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it isn't a file that may be written"));
        }
        let path = target.with_extension(format!("{}.new", Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let draft = Draft { file: options.open(&path)?, path, target };
        #[cfg(unix)]
        belong_like(&draft.file, &found)?;
        draft.file.set_permissions(found.permissions())?;
        Ok(draft)
    }
}

/// Whoever else reads the file goes on reading it.
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

/// A file beside it that waits for the new key. Dropped unused, it leaves nothing behind.
pub struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Where the key will be.
    pub fn location(&self) -> String {
        self.target.display().to_string()
    }

    /// Returns once the key is on the disk, in the file's place.
    pub fn put(mut self, key: &str) -> io::Result<()> {
        self.file.write_all(key.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        // The name is on the disk when its directory is, where directories can be synced.
        if let Some(directory) = self.target.parent().and_then(|directory| File::open(directory).ok()) {
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

impl Drop for Draft {
    /// Once it is in its place nothing of this name is there any more.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_old() {
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::new(&home.path().join("key"));
        fs::write(file.path(), "old\n").unwrap();
        drop(file.prepare().unwrap());
        assert_eq!((file.read().unwrap().expose_secret(), names(home.path())), ("old", vec!["key".to_owned()]));
        file.prepare().unwrap().put("new").unwrap();
        assert_eq!((file.read().unwrap().expose_secret(), names(home.path())), ("new", vec!["key".to_owned()]));
    }

    #[cfg(unix)]
    #[test]
    fn rights_and_links_stay_as_they_were() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        KeyFile::new(&link).prepare().unwrap().put("new").unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&real).unwrap() == "new\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn what_may_not_be_written_is_known_before() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::new(&home.path().join("key"));
        assert!(file.prepare().is_err(), "none is there");
        fs::write(file.path(), "old").unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o400)).unwrap();
        assert!(file.prepare().is_err(), "it may be read alone");
        assert_eq!(names(home.path()), ["key"]);
    }
}
