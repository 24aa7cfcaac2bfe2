//! Changing a client's file: as it was goes beside it first, then it is replaced as a whole, with the owner and the
//! rights that it had. A link stays a link.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::fence;
use crate::secrets::place::create_private;
use crate::turn;

/// Who may read what is kept of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Who might read the file.
    Same,
    OnlyOwner,
}

/// Where its content really is.
pub(super) struct Place(PathBuf);

impl Place {
    pub fn of(file: &Path) -> io::Result<Self> {
        let file = std::path::absolute(file)?;
        match file.symlink_metadata() {
            Ok(found) if found.is_symlink() => match fs::canonicalize(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => Err(leads_nowhere(&file)),
                place => place.map(Self),
            },
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

    /// While it is held, no other process of ours changes a file beside this one.
    pub fn turn(&self) -> io::Result<File> {
        let directory = self.0.parent().ok_or(ErrorKind::NotADirectory)?;
        if !directory.is_dir() {
            create_private(directory)?;
        }
        turn::take(directory)
    }

    /// Puts `after` there, if it still says `before`. Answers where that is kept now: one file, whatever else is
    /// changed later.
    pub fn change(&self, before: Option<&str>, after: &str, rights: Rights) -> io::Result<Option<PathBuf>> {
        if before == Some(after) {
            return Ok(None);
        }
        let draft = Draft::private(&self.0)?;
        let mut draft = if before.is_some() { draft.like(&self.0)? } else { draft };
        draft.write(&[after.as_bytes()])?;
        let kept = before.map(|before| self.keep(before, rights)).transpose()?;
        // The client writes to it as well, whenever it likes.
        if self.read()?.as_deref() != before {
            return Err(io::Error::other("it was changed by somebody else at the same moment: try again"));
        }
        draft.take_place()?;
        Ok(kept)
    }

    fn keep(&self, before: &str, rights: Rights) -> io::Result<PathBuf> {
        let mut name = OsString::from(&self.0);
        name.push(".before-molecule-org-mcp");
        let kept = PathBuf::from(name);
        let draft = Draft::private(&kept)?.like(&self.0)?;
        let draft = if rights == Rights::OnlyOwner { draft.only_owner()? } else { draft };
        draft.put(&[before.as_bytes()])?;
        Ok(kept)
    }
}

fn leads_nowhere(link: &Path) -> io::Error {
    let to = fs::read_link(link).unwrap_or_default();
    io::Error::other(format!("it is a link to {}, which isn't there", fence::line(&to.to_string_lossy())))
}
