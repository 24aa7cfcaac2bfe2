//! The org key that goes with requests. It may be another while we run: each request takes the key of the
//! moment in which it leaves, and whoever wants an old one gone waits until no request carries it any more.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use super::client::bearer;
use super::key;
use super::key_file::KeyFile;
use crate::draft::Draft;
use crate::failure::{Code, Failure};
use crate::secrets::held::Held;

/// How often it is looked whether the last request with an old key has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    ring: RwLock<Ring>,
    file: OnceLock<KeyFile>,
    /// Whoever looks at the file, or changes it, does so alone; with the key in it that the tenant refused last.
    looking: Mutex<Option<Arc<SecretString>>>,
}

struct Ring {
    now: Arc<Key>,
    former: Vec<Weak<Key>>,
    /// All there were in this process, the newest first: none of them is ever shown.
    secrets: Arc<[Arc<Held>]>,
}

/// One key and what is known of it.
pub(super) struct Key {
    secret: Arc<SecretString>,
    tag: Arc<str>,
    id: OnceLock<String>,
    pub(super) bearer: HeaderValue,
}

impl Key {
    fn new(secret: Arc<SecretString>) -> Result<Self, Failure> {
        let text = secret.expose_secret();
        let (tag, bearer) = (key::tag(text).into(), bearer(text)?);
        Ok(Self { secret, tag, bearer, id: OnceLock::new() })
    }
}

impl Keyring {
    pub(super) fn new(secret: Arc<SecretString>) -> Result<Self, Failure> {
        let secrets = [Arc::new(Held::new(Arc::clone(&secret)))].into();
        let ring = Ring { now: Arc::new(Key::new(secret)?), former: Vec::new(), secrets };
        Ok(Self(Arc::new(Inner { ring: RwLock::new(ring), file: OnceLock::new(), looking: Mutex::default() })))
    }

    /// The key was read from this file, and is read from there again when that changes. Said once.
    pub fn kept_in(&self, file: KeyFile) {
        let _ = self.0.file.set(file);
    }

    pub fn file(&self) -> Option<&KeyFile> {
        self.0.file.get()
    }

    /// How journal and log name the key: an org key's first eight characters, or `other:` and eight hex digits
    /// of its digest.
    pub fn tag(&self) -> Arc<str> {
        self.look(|ring| Arc::clone(&ring.now.tag))
    }

    /// The key's id, once it has been looked up.
    pub fn id(&self) -> Option<String> {
        self.look(|ring| ring.now.id.get().cloned())
    }

    /// What the tenant lists under this prefix has this id.
    pub fn is_listed(&self, prefix: &str, id: &str) {
        self.look(|ring| {
            if *ring.now.tag == *prefix {
                // A second answer would be the same.
                let _ = ring.now.id.set(id.to_owned());
            }
        });
    }

    /// Whether a key listed under this prefix is the one that requests go out with.
    pub fn is_own(&self, prefix: &str) -> bool {
        self.look(|ring| *ring.now.tag == *prefix)
    }

    /// The same, also for keys that this process held before.
    pub fn was_own(&self, prefix: &str) -> bool {
        self.secrets().iter().any(|secret| key::tag(secret.expose()) == prefix)
    }

    /// Whether any of the keys themselves is in a text, as it is or in another form.
    pub fn is_in(&self, text: &str) -> bool {
        self.secrets().iter().any(|one| text.contains(one.expose()) || one.out_of(text.as_bytes()).is_some())
    }

    /// Requests go out with this one from now on.
    pub fn adopt(&self, secret: Arc<SecretString>, id: Option<String>) -> Result<(), Failure> {
        let key = Key::new(secret)?;
        id.into_iter().for_each(|id| drop(key.id.set(id)));
        let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.now.secret.expose_secret() == key.secret.expose_secret() {
            return Ok(());
        }
        let new = Arc::new(Held::new(Arc::clone(&key.secret)));
        ring.secrets = std::iter::once(&new).chain(&*ring.secrets).cloned().collect();
        let before = std::mem::replace(&mut ring.now, Arc::new(key));
        ring.former.push(Arc::downgrade(&before));
        Ok(())
    }

    /// Returns when no request is under way with a former key, or when that takes too long. False: one still is.
    pub async fn at_rest(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while self.look(|ring| ring.former.iter().any(|key| key.strong_count() > 0)) {
            if Instant::now() > until {
                return false;
            }
            sleep(BETWEEN_LOOKS).await;
        }
        true
    }

    /// Puts another key into the file, and requests go out with it; nobody looks at the file meanwhile.
    pub async fn succeed(&self, draft: Draft, secret: Arc<SecretString>, id: Option<String>) -> Result<(), Failure> {
        let _alone = self.looking().await;
        draft.put(&[secret.expose_secret().as_bytes(), b"\n"]).map_err(|error| {
            Failure::new(Code::Internal, "the new key couldn't be written to the file that this server reads it from")
                .next("Ask the operator to look at that file and its directory.")
                .operator(error.to_string())
        })?;
        self.adopt(secret, id)
    }

    pub(super) async fn looking(&self) -> MutexGuard<'_, Option<Arc<SecretString>>> {
        self.0.looking.lock().await
    }

    /// A request carries it for as long as it is under way.
    pub(super) fn now(&self) -> Arc<Key> {
        self.look(|ring| Arc::clone(&ring.now))
    }

    pub(super) fn now_secret(&self) -> Arc<SecretString> {
        self.look(|ring| Arc::clone(&ring.now.secret))
    }

    /// Which of the keys it is, counted from the start.
    pub(super) fn turn(&self) -> usize {
        self.look(|ring| ring.secrets.len())
    }

    pub(super) fn secrets(&self) -> Arc<[Arc<Held>]> {
        self.look(|ring| Arc::clone(&ring.secrets))
    }

    fn look<T>(&self, of: impl FnOnce(&Ring) -> T) -> T {
        of(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(letter: &str) -> Arc<SecretString> {
        Arc::new(letter.repeat(43).into())
    }

    #[tokio::test]
    async fn a_former_key_is_waited_for_and_never_forgotten() {
        let keys = Keyring::new(secret("a")).unwrap();
        let under_way = keys.now();
        keys.adopt(secret("b"), Some("an id".into())).unwrap();
        assert_eq!((&*keys.tag(), keys.id().as_deref()), ("bbbbbbbb", Some("an id")));
        assert!(keys.is_own("bbbbbbbb") && !keys.is_own("aaaaaaaa") && keys.was_own("aaaaaaaa"));
        assert!(keys.is_in(&format!("KEY={}\n", "a".repeat(43))) && !keys.is_in(&"c".repeat(43)));
        assert!(!keys.at_rest(Duration::ZERO).await, "a request still carries it");
        drop(under_way);
        assert!(keys.at_rest(Duration::ZERO).await);
    }

    #[test]
    fn the_same_key_again_is_no_other() {
        let keys = Keyring::new(secret("a")).unwrap();
        keys.is_listed("aaaaaaaa", "its id");
        keys.adopt(secret("a"), None).unwrap();
        assert_eq!((keys.turn(), keys.id().as_deref()), (1, Some("its id")));
    }
}
