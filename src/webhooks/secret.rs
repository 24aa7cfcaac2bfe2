//! Where the secret is that bodies are signed with: a file or a variable of the server, never the policy
//! file itself. Read anew for each try, so that a new one holds at once.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secrets::Credential;
use crate::secrets::place::is_private;

/// Fewer bytes can be guessed.
const LEAST: usize = 16;
/// How the specification writes a secret: this, and base64.
const MARK: &str = "whsec_";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    File(PathBuf),
    Variable(String),
}

impl SecretPlace {
    /// The error never repeats the text: it may be the secret itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_variable = |name: &str| {
            let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            // The server's own credentials sign nothing.
            plain && !name.to_ascii_uppercase().starts_with("MOLECULE_")
        };
        match text.split_once(':') {
            Some(("file", path)) if Path::new(path).is_absolute() => Ok(Self::File(path.into())),
            Some(("env", name)) if is_variable(name) => Ok(Self::Variable(name.to_owned())),
            _ => Err("expected `file:` and a whole path, or `env:` and a variable that doesn't begin with \
                      MOLECULE_: the place of the secret and not the secret"
                .to_owned()),
        }
    }

    /// The bytes to sign with, or why there are none.
    pub fn read(&self) -> Result<Credential, String> {
        let text = match self {
            Self::Variable(name) => std::env::var(name).map_err(|_| format!("the server has no variable {name}"))?,
            Self::File(path) => {
                let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
                if !is_private(path).map_err(wrong)? {
                    return Err(format!("{} can be read by others: chmod 600 it", path.display()));
                }
                fs::read_to_string(path).map_err(wrong)?
            }
        };
        let text = text.trim();
        match key(text) {
            Some(key) if key.len() >= LEAST => Ok(Credential::new(text.to_owned())),
            Some(_) => Err(format!("the secret has fewer than {LEAST} bytes")),
            None => Err(format!("what follows `{MARK}` in the secret isn't base64")),
        }
    }
}

/// What is signed with: the decoded bytes where the secret is written as the specification does, else the
/// text itself.
pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    text.strip_prefix(MARK).map_or_else(|| Some(text.as_bytes().to_owned()), |encoded| STANDARD.decode(encoded).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_and_never_the_secret() {
        assert_eq!(SecretPlace::parse("file:/a/b"), Ok(SecretPlace::File("/a/b".into())));
        assert_eq!(SecretPlace::parse("env:HOOK"), Ok(SecretPlace::Variable("HOOK".to_owned())));
        for wrong in ["", "file:a", "env:", "env:A-B", "env:MOLECULE_ORG_TOKEN", "whsec_canary", "canary"] {
            let error = SecretPlace::parse(wrong).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_secret_is_long_enough_and_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("secret");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            SecretPlace::File(path.clone()).read()
        };
        read("x").unwrap_err();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(read("0123456789abcdef\n").unwrap().expose(), "0123456789abcdef");
        for wrong in ["short", "whsec_c2hvcnQ=", "whsec_not base64 at all!"] {
            let error = read(wrong).unwrap_err();
            assert!(!error.contains("short"), "{error}");
        }
        assert_eq!(key("whsec_AAEC"), Some(vec![0, 1, 2]));
    }
}
