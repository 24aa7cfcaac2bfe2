//! Secrets at rest: ChaCha20-Poly1305 under a key that lies beside the database in a file of its own.
//! What a value is sealed for (its workspace and key) is part of the seal, so that a row copied to
//! another place doesn't open there.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use secrecy::{ExposeSecret, SecretSlice};

use super::OpenError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

pub(crate) struct Vault {
    cipher: ChaCha20Poly1305,
}

impl Vault {
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join("secrets.key");
        let key = read_or_make(&path).map_err(|error| OpenError::file(&path, &error))?;
        let cipher = ChaCha20Poly1305::new_from_slice(key.expose_secret())
            .map_err(|_| OpenError::new(format!("{}: not a key of {KEY_BYTES} bytes", path.display())))?;
        Ok(Self { cipher })
    }

    /// Nonce and ciphertext in one; None only when the operating system has no randomness to give.
    pub(crate) fn seal(&self, place: &str, value: &str) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: value.as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), sealed.as_slice()].concat())
    }

    pub(crate) fn unseal(&self, place: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let plain = self.cipher.decrypt(&Nonce::from(nonce), payload).ok()?;
        String::from_utf8(plain).ok()
    }
}

/// Where a workspace's secret is sealed for; an empty workspace is the organisation.
pub(crate) fn place(workspace: &str, key: &str) -> String {
    format!("{workspace}/{key}")
}

fn read_or_make(path: &Path) -> std::io::Result<SecretSlice<u8>> {
    match fs::read(path) {
        Ok(key) => Ok(key.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

/// Written under another name and linked into place, so that a process which comes second never sees
/// half a key: it finds the name taken and reads the first one's.
fn make(path: &Path) -> std::io::Result<SecretSlice<u8>> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let draft = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4()));
    private().open(&draft)?.write_all(&key)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => fs::read(path).map(Into::into),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
