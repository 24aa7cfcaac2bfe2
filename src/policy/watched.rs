//! A policy file under watch: whether it says something else than before. What it says is compared, not
//! its name or time, so that links and files put in its place are noticed like any change.

use super::Rules;
use super::origin::{Origin, read};

pub struct Watched {
    origin: Origin,
    /// As it was at the last look.
    before: Option<Found>,
    /// As it was when it was last told of.
    told: Option<Found>,
}

type Found = Result<String, String>;

impl Watched {
    pub fn new(origin: Origin) -> Self {
        Self { origin, before: None, told: None }
    }

    /// The rules of a file that says something new, or why it can't be used; each change is told once.
    /// What is `settled` was seen before: a file that is being written may be whole by the next look.
    pub fn look(&mut self, only_settled: bool) -> Option<Result<Rules, String>> {
        let found = read(self.origin.file.as_deref()?);
        let settled = self.before.as_ref() == Some(&found);
        self.before = Some(found.clone());
        if (only_settled && !settled) || self.told.as_ref() == Some(&found) {
            return None;
        }
        self.told = Some(found.clone());
        Some(found.and_then(|text| self.origin.under(&text)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn watched(path: &std::path::Path) -> Watched {
        Watched::new(Origin { file: Some(path.to_owned()), read_only: false, toolsets: [].into() })
    }

    fn read_only(told: Option<Result<Rules, String>>) -> Option<bool> {
        told.map(|rules| rules.unwrap().read_only)
    }

    #[test]
    fn a_change_is_told_once_when_it_has_settled() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("policy.toml");
        fs::write(&path, "[ceiling]\nread_only = true").unwrap();
        let mut watched = watched(&path);
        assert_eq!(read_only(watched.look(true)), None);
        assert_eq!(read_only(watched.look(true)), Some(true));
        assert_eq!(read_only(watched.look(true)), None);
        fs::write(&path, "[ceiling]").unwrap();
        assert_eq!(read_only(watched.look(true)), None);
        fs::write(&path, "[ceiling]\nread_only = false").unwrap();
        assert_eq!(read_only(watched.look(true)), None);
        assert_eq!(read_only(watched.look(true)), Some(false));
        fs::write(&path, "[ceiling]\nread_only = true").unwrap();
        assert_eq!(read_only(watched.look(false)), Some(true));
    }

    #[test]
    fn a_removed_file_is_a_mistake_and_so_is_one_that_others_can_write_to() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("policy.toml");
        fs::write(&path, "[ceiling]").unwrap();
        let mut watched = watched(&path);
        assert!(watched.look(false).unwrap().is_ok());
        fs::remove_file(&path).unwrap();
        assert!(watched.look(false).unwrap().unwrap_err().contains("policy.toml"));
        assert!(watched.look(false).is_none());
        fs::write(&path, "[ceiling]").unwrap();
        assert!(watched.look(false).unwrap().is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
            assert!(watched.look(false).unwrap().unwrap_err().contains("chmod go-w"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_to_what_it_names_now() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        fs::write(place("one"), "[ceiling]\nread_only = true").unwrap();
        fs::write(place("two"), "[ceiling]\nread_only = false").unwrap();
        std::os::unix::fs::symlink(place("one"), place("policy.toml")).unwrap();
        let mut watched = watched(&place("policy.toml"));
        assert_eq!(read_only(watched.look(false)), Some(true));
        std::os::unix::fs::symlink(place("two"), place("next")).unwrap();
        fs::rename(place("next"), place("policy.toml")).unwrap();
        assert_eq!(read_only(watched.look(false)), Some(false));
    }
}
