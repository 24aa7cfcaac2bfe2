//! Where this program is, as a client has to be told: by its whole path, because desktop programs don't see a
//! shell's PATH.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::Ending;
use crate::secrets::command::on_path;

/// Ours are named like this.
pub(super) const NAME: &str = "molecule-org-mcp";

/// Where PATH finds it stays the same when a package manager puts the next version behind that.
pub(super) fn path() -> Result<PathBuf, Ending> {
    let program = real()?;
    let found = on_path(NAME).filter(|found| found.canonicalize().is_ok_and(|found| found == program));
    Ok(found.unwrap_or(program))
}

/// Where it is, whatever led to it.
pub(super) fn real() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    Ok(program.canonicalize().unwrap_or(program))
}

/// What to say of a place that may be gone tomorrow.
pub(super) fn passing(program: &Path) -> Option<String> {
    let built = program.parent().is_some_and(|profile| {
        profile.ends_with("debug")
            || profile.ends_with("release") && profile.parent().is_some_and(|up| up.ends_with("target"))
    });
    // Of npx and of uvx, wherever their caches are.
    let cached = |part: &OsStr| part == "_npx" || part == "archive-v0";
    let temporary = program.starts_with(env::temp_dir())
        || dirs::cache_dir().is_some_and(|cache| program.starts_with(cache))
        || program.components().any(|part| cached(part.as_os_str()));
    let what = match (built, temporary) {
        (true, _) => "where cargo builds, and the next build replaces it",
        (false, true) => "in a place for what is temporary",
        (false, false) => return None,
    };
    Some(format!("{} is {what}. Better: install it for good (docs/install.md), then run that.", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wont_last_is_told_from_what_is_installed() {
        for passes in [
            "/src/it/target/debug/x",
            "/src/it/target/release/x",
            "/home/me/.npm/_npx/1/x",
            "/me/.cache/uv/archive-v0/1/x",
        ] {
            assert!(passing(Path::new(passes)).is_some(), "{passes}");
        }
        for stays in ["/usr/bin/x", "/home/me/.cargo/bin/x", "/opt/release/x"] {
            assert_eq!(passing(Path::new(stays)), None, "{stays}");
        }
    }
}
