//! `env_file:FILE#VARIABLE`: one variable of a file such as `.env`, set or replaced in place. All else in the
//! file stays as it is, and so do its mode and owner. Whoever reads it sees the old file or the new one.

mod text;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{Delivered, Slot};
use crate::failure::{Code, Failure};
use crate::secrets::name::Variable;
use crate::secrets::place::is_private;
use crate::secrets::{Credential, Directories};
use crate::turn;

/// Larger ones are something else.
const LONGEST: u64 = 1024 * 1024;

/// A variable of a file that can be read, understood and replaced.
pub(super) struct Line {
    path: PathBuf,
    variable: Variable,
}

pub(super) fn prove(file: &str, variable: &Variable, directories: &Directories) -> Result<Line, Failure> {
    let path = directories.locate(file)?;
    let (_, found) = changed(&path, variable, "x")?;
    Draft::beside(&path, found.as_ref()).map_err(|error| unwritable(&path, &error))?;
    Ok(Line { path, variable: variable.clone() })
}

impl Slot for Line {
    fn deliver(self: Box<Self>, credential: &Credential) -> BoxFuture<'_, Result<Delivered, Failure>> {
        async move {
            let replaced = set(&self.path, &self.variable, credential.expose())?;
            let replaced = if replaced { " (replaced)" } else { "" };
            Ok(Delivered { location: format!("variable {}{replaced} in {}", self.variable, self.path.display()) })
        }
        .boxed()
    }
}

/// Says whether there was one. What others wrote meanwhile is in it, too.
fn set(path: &Path, variable: &Variable, value: &str) -> Result<bool, Failure> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let _guard = turn::take(directory).map_err(|error| unwritable(path, &error))?;
    let (text, found) = changed(path, variable, value)?;
    let replace = || {
        let mut draft = Draft::beside(path, found.as_ref())?;
        draft.file.write_all(text.text.as_bytes())?;
        draft.file.sync_all()?;
        draft.take_place_of(path)?;
        sync(directory)
    };
    replace().map_err(|error| unwritable(path, &error))?;
    Ok(text.replaced)
}

/// The file's text with the variable set, and what the file is, where there is one.
fn changed(path: &Path, variable: &Variable, value: &str) -> Result<(text::Set, Option<Metadata>), Failure> {
    let (before, found) = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
        Err(error) => return Err(unwritable(path, &error)),
        Ok(found) => (read(path, &found)?, Some(found)),
    };
    let set = text::set(&before, variable.as_str(), value).map_err(|why| {
        Failure::new(Code::PreconditionFailed, format!("{} {why}", path.display()))
            .next("Ask the operator to look at the file, or name another.")
    })?;
    Ok((set, found))
}

fn read(path: &Path, found: &Metadata) -> Result<String, Failure> {
    let refused = |what: &str, next: &str| {
        Err(Failure::new(Code::PreconditionFailed, format!("{} {what}", path.display())).next(next))
    };
    if !found.is_file() {
        return refused("isn't a plain file", "Name the file itself; links aren't followed.");
    }
    if found.len() > LONGEST {
        return refused("is longer than 1 MiB", "Name another file.");
    }
    if !is_private(path).unwrap_or(false) {
        return refused("can be read by others", "Ask the operator to chmod 600 it, then try again.");
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => refused("isn't a text", "Name another file."),
        Err(error) => Err(unwritable(path, &error)),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::PreconditionFailed, format!("{} can't be written", path.display()))
        .next("Ask the operator to look at the file and its directory, or name another.")
        .operator(format!("{}: {error}", path.display()))
}

/// A file beside the one that it will replace, with that one's mode and owner. Goes again if it doesn't.
struct Draft {
    file: File,
    path: Option<PathBuf>,
}

impl Draft {
    fn beside(path: &Path, found: Option<&Metadata>) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}.new", Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let draft = Self { file: options.open(&beside)?, path: Some(beside) };
        if let Some(found) = found {
            draft.resemble(found)?;
        }
        Ok(draft)
    }

    #[cfg(unix)]
    fn resemble(&self, found: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = self.file.metadata()?;
        if (own.uid(), own.gid()) != (found.uid(), found.gid()) {
            fchown(&self.file, Some(found.uid()), Some(found.gid()))?;
        }
        self.file.set_permissions(found.permissions())
    }

    #[cfg(not(unix))]
    fn resemble(&self, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    fn take_place_of(mut self, path: &Path) -> io::Result<()> {
        if let Some(own) = &self.path {
            fs::rename(own, path)?;
            self.path = None;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(unix)]
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::thread;

    use super::*;

    fn variable(name: &str) -> Variable {
        Variable::new(name).unwrap()
    }

    fn with_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_keeps_its_mode_and_everything_else_in_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".env");
        fs::write(&path, "# ours\r\nA=1\r\nexport KEY=old # why\r\n").unwrap();
        with_mode(&path, 0o400);
        let allowed = Directories::new(home.path().to_owned(), vec![]);
        drop(prove(".env", &variable("KEY"), &allowed).unwrap());
        assert!(set(&path, &variable("KEY"), "new").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "# ours\r\nA=1\r\nexport KEY=new # why\r\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "a draft stayed behind");
    }

    #[test]
    fn proving_makes_nothing_and_a_new_file_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new.env");
        let allowed = Directories::new(home.path().to_owned(), vec![]);
        drop(prove("new.env", &variable("KEY"), &allowed).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert!(!set(&path, &variable("KEY"), "v").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "KEY=v\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_link_and_a_file_that_others_read_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let allowed = Directories::new(home.path().to_owned(), vec![]);
        let open = home.path().join("open.env");
        fs::write(&open, "A=1\n").unwrap();
        with_mode(&open, 0o640);
        symlink(&open, home.path().join("link.env")).unwrap();
        fs::create_dir(home.path().join("folder")).unwrap();
        for (file, told) in
            [("open.env", "can be read by others"), ("link.env", "plain file"), ("folder", "plain file")]
        {
            let failure = prove(file, &variable("KEY"), &allowed).err().unwrap();
            assert!(failure.message().contains(told), "{file}: {failure}");
        }
    }

    #[test]
    fn nobody_loses_a_line_that_another_sets_at_the_same_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".env");
        thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || set(path, &variable(&format!("KEY_{number}")), "v").unwrap());
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 16);
    }
}
