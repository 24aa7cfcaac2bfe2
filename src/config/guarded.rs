//! What this server lives by is out of its callers' reach: a directory for credentials holds neither its state
//! nor its rules, and isn't among them.

use std::path::{Path, PathBuf};

use super::{ConfigError, wrong};

/// `files` are those that say what may be done.
pub(super) fn check<'a>(
    directories: &[PathBuf],
    data: &Path,
    files: impl Iterator<Item = &'a Path>,
) -> Result<(), ConfigError> {
    let files: Vec<&Path> = files.collect();
    let (state, own) = (real(data), real(&data.join("credentials")));
    for directory in directories {
        let place = real(directory);
        let near_state = state.starts_with(&place) || place.starts_with(&state) && place != own;
        let held = files.iter().find(|file| real(file).starts_with(&place));
        if let Some(what) = near_state.then_some(data).or(held.copied()) {
            return Err(wrong(format!(
                "credential_dirs: {} reaches {}, which callers mustn't",
                directory.display(),
                what.display()
            )));
        }
    }
    Ok(())
}

/// Where a path leads, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = whole.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match there {
        Some((above, real)) => whole.strip_prefix(above).map_or(real.clone(), |rest| real.join(rest)),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_for_credentials_is_apart_from_state_and_rules() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::create_dir_all(at("data/embedded")).unwrap();
        std::fs::create_dir_all(at("rules")).unwrap();
        let policy = at("rules/policy.toml");
        let fits = |directory: PathBuf| check(&[directory], &at("data"), [policy.as_path()].into_iter()).is_ok();
        for reaching in ["", "data", "data/embedded", "data/new", "data/../data", "rules"] {
            assert!(!fits(at(reaching)), "{reaching}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("data"), at("link")).unwrap();
            assert!(!fits(at("link")));
        }
        for apart in ["data/credentials", "secrets", "database", "rules/keys"] {
            assert!(fits(at(apart)), "{apart}");
        }
    }
}
