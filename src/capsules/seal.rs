//! Capsules at rest: ChaCha20-Poly1305 under a key that lies in a file of its own, which only its owner may
//! read. A copy of the capsules without that file opens nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use secrecy::{ExposeSecret, SecretSlice};
use uuid::Uuid;

use crate::secrets::place::write_private_bytes;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

pub(super) struct Key(ChaCha20Poly1305);

/// The key of that file; the first who needs one makes it, unless there are capsules already.
pub(super) fn key(path: &Path, capsules: &Path) -> io::Result<Key> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path, capsules)?,
        read => read?.into(),
    };
    let cipher = ChaCha20Poly1305::new_from_slice(bytes.expose_secret())
        .map_err(|_| io::Error::other(format!("capsules.key isn't a key of {KEY_BYTES} bytes")))?;
    Ok(Key(cipher))
}

/// A new key would open none of the capsules that lie there, and nobody would miss the old one in time.
/// Linked into place, so that whoever comes second never sees half a key: they read the first one's.
fn make(path: &Path, capsules: &Path) -> io::Result<SecretSlice<u8>> {
    // In this order: whoever wrote a capsule since we looked made the key before.
    if !is_empty(capsules)? && !path.exists() {
        return Err(io::Error::other("capsules.key is missing, and there are capsules that only it opens"));
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let draft = path.with_extension(format!("{}.draft", Uuid::new_v4().simple()));
    write_private_bytes(&draft, &key)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    // The name in the directory has to last as long as what is sealed with it.
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => fs::read(path).map(Into::into),
    }
}

fn is_empty(directory: &Path) -> io::Result<bool> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        found => found.map(|mut found| found.next().is_none()),
    }
}

impl Key {
    /// Nonce and ciphertext in one. What it is sealed for has to be named to open it.
    pub(super) fn seal(&self, bound: &str, content: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let payload = Payload { msg: content, aad: bound.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| io::Error::other("can't be sealed"))?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    pub(super) fn open(&self, bound: &str, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let opened = || {
            let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
            let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
            self.0.decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: bound.as_bytes() }).ok()
        };
        opened().ok_or_else(|| io::Error::other("a capsule was changed, or sealed under another key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_for_that_name_opens() {
        let home = tempfile::tempdir().unwrap();
        let key = |name: &str| key(&home.path().join(name), &home.path().join("none")).unwrap();
        let sealed = key("a.key").seal("t/1", b"what it was").unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"what"));
        assert_eq!(key("a.key").open("t/1", &sealed).unwrap(), b"what it was");
        assert!(key("a.key").open("t/2", &sealed).is_err() && key("b.key").open("t/1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(key("a.key").open("t/1", &bent).is_err(), "{at}");
        }
        assert!(key("a.key").open("t/1", &sealed[..5]).is_err());
    }
}
