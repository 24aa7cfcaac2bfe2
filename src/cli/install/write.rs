//! Changing a client's file: as it was goes beside it first, then it is replaced as a whole, with the owner and the
//! rights that it had. A link stays a link.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::secrets::place::create_private;

/// Where its content really is.
pub(super) struct Place(PathBuf);

impl Place {
    pub fn of(file: &Path) -> io::Result<Self> {
        let file = std::path::absolute(file)?;
        match file.symlink_metadata() {
            Ok(found) if found.is_symlink() => fs::canonicalize(&file).map(Self),
            _ => Ok(Self(file)),
        }
    }

    /// None where there is no file yet.
    pub fn read(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts `after` there, if it still says `before`. Answers where that is kept now: one file, whatever else is
    /// changed later.
    pub fn change(&self, before: Option<&str>, after: &str) -> io::Result<Option<PathBuf>> {
        if let Some(directory) = self.0.parent().filter(|directory| !directory.is_dir()) {
            create_private(directory)?;
        }
        let draft = Draft::private(&self.0)?;
        let draft = if before.is_some() { draft.like(&self.0)? } else { draft };
        let kept = before.map(|before| self.keep(before)).transpose()?;
        // The client writes to it as well, whenever it likes.
        if self.read()?.as_deref() != before {
            return Err(io::Error::other("it was changed by somebody else at the same moment: try again"));
        }
        draft.put(&[after.as_bytes()])?;
        Ok(kept)
    }

    fn keep(&self, before: &str) -> io::Result<PathBuf> {
        let mut name = OsString::from(&self.0);
        name.push(".before-molecule-org-mcp");
        let kept = PathBuf::from(name);
        Draft::private(&kept)?.like(&self.0)?.put(&[before.as_bytes()])?;
        Ok(kept)
    }
}
