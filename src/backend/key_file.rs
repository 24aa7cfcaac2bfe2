//! The file that this server's org key is read from, and putting another key into it: whole or not at all, with
//! the owner and rights that the file had.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::draft::Draft;

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
        Draft::private(&target)?.like(&target)
    }

    /// The same as far as it can be known without touching anything.
    pub fn can_be_replaced(&self) -> bool {
        fs::canonicalize(&self.0).is_ok_and(|target| {
            let writable = fs::metadata(&target).is_ok_and(|found| !found.permissions().readonly());
            writable && may_write(&target) && target.parent().is_some_and(may_write)
        })
    }
}

#[cfg(unix)]
fn may_write(place: &Path) -> bool {
    rustix::fs::access(place, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> bool {
    true
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
        file.prepare().unwrap().put(&[b"new\n"]).unwrap();
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
        KeyFile::new(&link).prepare().unwrap().put(&[b"new\n"]).unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&real).unwrap() == "new\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn what_may_not_be_written_is_known_before() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::new(&home.path().join("key"));
        assert!(file.prepare().is_err() && !file.can_be_replaced(), "none is there");
        fs::write(file.path(), "old").unwrap();
        assert!(file.can_be_replaced());
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o400)).unwrap();
        assert!(file.prepare().is_err() && !file.can_be_replaced(), "it may be read alone");
        assert_eq!(names(home.path()), ["key"]);
    }
}
