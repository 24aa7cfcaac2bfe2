//! Where a new credential goes. It is proved writable before anything is minted, and a credential
//! that couldn't be delivered is the caller's to revoke.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Credential, Places};
use crate::failure::{Code, Failure};

/// What a policy allows or doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    File,
}

impl Kind {
    pub const ALL: [Self; 1] = [Self::File];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
        }
    }
}

/// A place that a caller named: `file`, or `file:NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sink {
    name: Option<String>,
}

impl TryFrom<String> for Sink {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected `file`, or `file:NAME` with a file's name";
        match text.split_once(':') {
            None if text == "file" => Ok(Self { name: None }),
            Some(("file", name)) if !name.is_empty() && name.len() <= 1024 && !name.contains('\0') => {
                Ok(Self { name: Some(name.to_owned()) })
            }
            _ => Err(EXPECTED),
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "file:{name}"),
            None => f.write_str("file"),
        }
    }
}

impl JsonSchema for Sink {
    fn schema_name() -> Cow<'static, str> {
        "Sink".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^file(:.+)?$" })
    }
}

/// A file that exists, is empty, is ours alone, and waits for its credential.
pub struct Proved {
    file: File,
    path: PathBuf,
    delivered: bool,
}

impl Sink {
    pub fn file(name: &str) -> Self {
        Self { name: Some(name.to_owned()) }
    }

    /// Makes the file, exclusively and for the owner only. `usual` names it where the caller didn't.
    pub fn prove(&self, places: Places<'_>, usual: &str) -> Result<Proved, Failure> {
        places.rules.sink(Kind::File)?;
        let name = self.name.clone().unwrap_or_else(|| file_name(usual));
        let path = places.directories.locate(&name)?;
        match create(&path) {
            Ok(file) => Ok(Proved { file, path, delivered: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::new(Code::Conflict, format!("{} exists already", path.display()))
                    .next("Name another file: nothing is overwritten."))
            }
            Err(error) => Err(Failure::new(Code::PreconditionFailed, "the sink can't be written; nothing was minted")
                .next("Ask the operator to look at the directory, or name another file.")
                .operator(format!("{}: {error}", path.display()))),
        }
    }
}

impl Proved {
    /// Writes the credential and says where it is, once that is on the disk.
    pub fn deliver(mut self, credential: &Credential) -> Result<String, Failure> {
        self.write(credential).map_err(|error| {
            Failure::new(Code::Internal, "the credential couldn't be written to its sink")
                .next("Ask the operator to look at the directory for credentials, then mint again.")
                .operator(format!("{}: {error}", self.path.display()))
        })?;
        self.delivered = true;
        Ok(self.path.display().to_string())
    }

    fn write(&mut self, credential: &Credential) -> io::Result<()> {
        self.file.write_all(credential.expose().as_bytes())?;
        self.file.write_all(b"\n")?;
        self.file.sync_all()?;
        // A file that was taken away meanwhile would keep the credential where nobody can read it.
        self.path.symlink_metadata().map(|_| ())
    }
}

impl Drop for Proved {
    /// A place that was proved and not used leaves nothing behind.
    fn drop(&mut self) {
        if !self.delivered {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(path: &PathBuf) -> io::Result<File> {
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
    use crate::policy::credentials::CredentialRules;
    use crate::secrets::Directories;

    fn prove(sink: &Sink, directories: &Directories) -> Result<Proved, Failure> {
        sink.prove(Places { directories, rules: &CredentialRules::default() }, "x")
    }

    fn sink(text: &str) -> Sink {
        Sink::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn delivers_once_to_a_file_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let allowed = Directories::new(home.path().join("credentials"), vec![]);
        let proved = prove(&sink("file:ci"), &allowed).unwrap();
        let place = proved.deliver(&Credential::new("value".into())).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "value\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = prove(&sink("file:ci"), &allowed).err().unwrap();
        assert_eq!(again.code(), Code::Conflict);
    }

    #[test]
    fn nothing_stays_behind_when_nothing_was_delivered() {
        let home = tempfile::tempdir().unwrap();
        let allowed = Directories::new(home.path().to_owned(), vec![]);
        drop(prove(&sink("file:ci"), &allowed).unwrap());
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
        let through_link = format!("file:{}", inside.join("link/x").display());
        for way in ["file:../x", "file:a/b", "file:/etc/x", "file:..", &through_link] {
            assert!(prove(&sink(way), &allowed).is_err(), "{way}");
        }
        assert!(fs::read_dir(&elsewhere).unwrap().next().is_none());
    }
}
