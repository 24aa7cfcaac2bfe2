//! Where the rules come from: what was chosen at the start, and the policy file, which may change while
//! the server runs. The narrower of both holds.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Rules, file};
use crate::tools::toolset::Toolset;

/// No policy is longer.
const LONGEST: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub struct Origin {
    pub file: Option<PathBuf>,
    pub read_only: bool,
    pub toolsets: BTreeSet<Toolset>,
}

impl Origin {
    /// What the file says at this moment. An error names the file.
    pub fn rules(&self) -> Result<Rules, String> {
        match &self.file {
            Some(path) => self.under(&read(path)?),
            None => Ok(self.narrowed(Rules::default())),
        }
    }

    /// If the file said this.
    pub fn under(&self, text: &str) -> Result<Rules, String> {
        file::rules(text).map(|rules| self.narrowed(rules)).map_err(|error| match &self.file {
            Some(path) => of(path, &error),
            None => error,
        })
    }

    fn narrowed(&self, rules: Rules) -> Rules {
        Rules {
            read_only: self.read_only || rules.read_only,
            toolsets: self.toolsets.intersection(&rules.toolsets).copied().collect(),
            ..rules
        }
    }
}

/// The text of a policy file that nobody but the operator could have written.
pub fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let wrong = |error: std::io::Error| of(path, &error.to_string());
    // Before it is opened, because a pipe would make us wait for whoever writes to it.
    if !path.metadata().map_err(wrong)?.is_file() {
        return Err(of(path, "it isn't a file"));
    }
    let opened = File::open(path).map_err(wrong)?;
    owner::trusted(&opened).map_err(|error| of(path, &error))?;
    match opened.take(LONGEST + 1).read_to_string(&mut text).map_err(wrong)? {
        length if length as u64 > LONGEST => Err(of(path, "it is longer than 1 MiB")),
        _ => Ok(text),
    }
}

fn of(path: &Path, error: &str) -> String {
    format!("policy {}: {error}", path.display())
}

#[cfg(unix)]
mod owner {
    use std::fs::{File, Metadata};
    use std::os::unix::fs::MetadataExt;

    const ROOT: u32 = 0;

    pub(super) fn trusted(file: &File) -> Result<(), String> {
        let found = file.metadata().map_err(|error| error.to_string())?;
        judged(&found, own_id())
    }

    fn judged(found: &Metadata, own: Option<u32>) -> Result<(), String> {
        if found.mode() & 0o022 != 0 {
            return Err("others can write to it: chmod go-w it".to_owned());
        }
        match found.uid() {
            ROOT => Ok(()),
            owner if Some(owner) == own => Ok(()),
            owner => Err(format!("it belongs to another user ({owner}); it must be yours or root's")),
        }
    }

    /// Whom this process acts as: the system says so by the owner of what belongs to the process.
    fn own_id() -> Option<u32> {
        let process = std::fs::metadata("/proc/self").ok().map(|found| found.uid());
        process.or_else(|| std::fs::metadata(dirs::home_dir()?).ok().map(|found| found.uid()))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_file_of_another_user_is_not_trusted() {
            let file = tempfile::NamedTempFile::new().unwrap();
            let found = || file.as_file().metadata().unwrap();
            assert_eq!(own_id(), Some(found().uid()));
            assert!(judged(&found(), own_id()).is_ok());
            // Root may give files away; whoever isn't root is somebody else to another.
            let _ = std::os::unix::fs::chown(file.path(), Some(found().uid() + 1), None);
            let stranger = Some(found().uid() + 1);
            assert!(judged(&found(), stranger).unwrap_err().contains("another user"));
            assert!(judged(&found(), None).is_err());
        }
    }
}

#[cfg(not(unix))]
mod owner {
    use std::fs::File;

    pub(super) fn trusted(_: &File) -> Result<(), String> {
        Ok(())
    }
}
