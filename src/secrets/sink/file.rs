//! `file` and `file:NAME`: a file of its own in an allowed directory, which only its owner may read. It is made
//! when it is proved, and goes again if nothing is delivered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Delivered, Slot};
use crate::failure::{Code, Failure};
use crate::secrets::{Credential, Directories};

/// A file that exists, is empty, is ours alone, and waits for its credential.
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
    delivered: bool,
}

/// Makes the file, exclusively and for the owner only. `usual` names it where the caller didn't.
pub(super) fn prove(name: Option<&str>, directories: &Directories, usual: &str) -> Result<NewFile, Failure> {
    let name = name.map_or_else(|| file_name(usual), str::to_owned);
    let path = directories.locate(&name)?;
    match create(&path) {
        Ok(file) => Ok(NewFile { file, path, delivered: false }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Failure::new(Code::Conflict, format!("{} exists already", path.display()))
                .next("Name another file: nothing is overwritten."))
        }
        Err(error) => Err(Failure::new(Code::PreconditionFailed, "the sink can't be written; nothing was minted")
            .next("Ask the operator to look at the directory, or name another file.")
            .operator(format!("{}: {error}", path.display()))),
    }
}

impl Slot for NewFile {
    fn deliver(mut self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            self.write(credential).map_err(|error| {
                Failure::new(Code::Internal, "the credential couldn't be written to its sink")
                    .next("Ask the operator to look at the directory for credentials, then mint again.")
                    .operator(format!("{}: {error}", self.path.display()))
            })?;
            self.delivered = true;
            Ok(Delivered { location: self.path.display().to_string() })
        }
        .boxed()
    }
}

impl NewFile {
    /// Returns once it is on the disk.
    fn write(&mut self, credential: &Credential) -> io::Result<()> {
        self.file.write_all(credential.expose().as_bytes())?;
        self.file.write_all(b"\n")?;
        self.file.sync_all()?;
        // A file that was taken away meanwhile would keep the credential where nobody can read it.
        self.path.symlink_metadata().map(|_| ())
    }
}

impl Drop for NewFile {
    /// A place that was proved and not used leaves nothing behind.
    fn drop(&mut self) {
        if !self.delivered {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file name from a key's name: what isn't a letter, digit, `-`, `_` or `.` becomes `-`, and the
/// moment and chance make it new: another process may mint under the same name now.
fn file_name(usual: &str) -> String {
    let plain: String =
        usual.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).take(80).collect();
    let moment = chrono::Utc::now().format("%Y%m%dT%H%M%S");
    let chance = uuid::Uuid::new_v4().as_fields().0;
    format!("{}-{moment}-{chance:08x}", plain.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn delivers_once_to_a_file_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let allowed = Directories::new(home.path().join("credentials"), vec![]);
        let proved = prove(Some("ci"), &allowed, "x").unwrap();
        let place = Box::new(proved).deliver(&Credential::new("value".into())).await.unwrap().location;
        assert_eq!(fs::read_to_string(&place).unwrap(), "value\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = prove(Some("ci"), &allowed, "x").err().unwrap();
        assert_eq!(again.code(), Code::Conflict);
    }

    #[test]
    fn nothing_stays_behind_when_nothing_was_delivered() {
        let home = tempfile::tempdir().unwrap();
        let allowed = Directories::new(home.path().to_owned(), vec![]);
        drop(prove(Some("ci"), &allowed, "x").unwrap());
        assert!(!home.path().join("ci").exists());
    }

    #[test]
    fn no_way_leads_out_of_the_directory() {
        let home = tempfile::tempdir().unwrap();
        let inside = home.path().join("credentials");
        fs::create_dir(&inside).unwrap();
        let allowed = Directories::new(inside.clone(), vec![]);
        let elsewhere = home.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&elsewhere, inside.join("link")).unwrap();
        let through_link = format!("{}", inside.join("link/x").display());
        for way in ["../x", "a/b", "/etc/x", "..", &through_link] {
            assert!(prove(Some(way), &allowed, "x").is_err(), "{way}");
        }
        assert!(fs::read_dir(&elsewhere).unwrap().next().is_none());
    }
}
