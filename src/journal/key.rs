//! The key that signs checkpoints: made once in a data directory, in a file that only its owner can
//! read, and shared by all processes there.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use uuid::Uuid;

use super::chain::Hash;
use crate::failure::{Code, Failure};
use crate::secrets::place::write_private;

const ALGORITHM: &str = "ed25519:";

pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    fn place(directory: &Path) -> PathBuf {
        directory.join("journal-key")
    }

    /// The directory's key, made if there is none.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        let path = Self::place(directory);
        let used = Self::read(&path).and_then(|key| match key {
            Some(key) => Ok(key),
            None => Self::make(&path),
        });
        used.map_err(|error| unusable(&path, &error))
    }

    /// The directory's key, where it has one.
    pub fn find(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::place(directory);
        Self::read(&path).map_err(|error| unusable(&path, &error))
    }

    fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        refuse_readable(path)?;
        let seed = URL_SAFE_NO_PAD.decode(text.trim_ascii()).ok();
        let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
        match pair {
            Some(pair) => Ok(Some(Self(pair))),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "it doesn't hold a key")),
        }
    }

    /// Several processes may start at once: the first one's stands.
    fn make(path: &Path) -> io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let draft = path.with_extension(Uuid::new_v4().simple().to_string());
        write_private(&draft, &URL_SAFE_NO_PAD.encode(seed))?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        Self::read(path)?.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it vanished"))
    }

    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        let key = self.0.public_key();
        bytes.iter_mut().zip(key.as_ref()).for_each(|(byte, of)| *byte = *of);
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, statement: &Hash) -> Vec<u8> {
        self.0.sign(&statement.0).as_ref().to_vec()
    }
}

#[cfg(unix)]
fn refuse_readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can read it: chmod 600 it"))
}

#[cfg(not(unix))]
fn refuse_readable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::PreconditionFailed, "the key that signs the journal's checkpoints can't be used")
        .next("Ask the operator to look at the data directory.")
        .operator(format!("{}: {error}", path.display()))
}

/// What a checkpoint is verified with; as text it begins with `ed25519:`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(ALGORITHM)?).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn signed(&self, statement: &Hash, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(&statement.0, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_first_makes_the_key_and_all_use_it() {
        let home = tempfile::tempdir().unwrap();
        assert!(SigningKey::find(home.path()).unwrap().is_none());
        let keys: Vec<PublicKey> = std::thread::scope(|scope| {
            let open = || SigningKey::open(home.path()).unwrap().public();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        assert_eq!(PublicKey::parse(&keys[0].to_string()), Some(keys[0]));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_isnt_used() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        SigningKey::open(home.path()).unwrap();
        let path = SigningKey::place(home.path());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(SigningKey::open(home.path()).is_err());
    }

    #[test]
    fn only_its_own_signature_of_the_same_statement_counts() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (key, other) = (SigningKey::open(home.path()).unwrap(), SigningKey::open(other.path()).unwrap());
        let (said, unsaid) = (Hash::of(&[b"said"]), Hash::of(&[b"unsaid"]));
        let signature = key.sign(&said);
        assert!(key.public().signed(&said, &signature));
        assert!(!key.public().signed(&unsaid, &signature));
        assert!(!other.public().signed(&said, &signature));
        assert!(!key.public().signed(&said, &signature[1..]));
        assert!(PublicKey::parse("ed25519:").is_none() && PublicKey::parse("").is_none());
    }
}
