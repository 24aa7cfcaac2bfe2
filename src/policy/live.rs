//! The rules that hold now. They can be replaced while calls run; each call sees one version to its end.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::Rules;

#[derive(Debug)]
pub struct Live {
    held: RwLock<Held>,
    changed: watch::Sender<()>,
}

#[derive(Clone, Debug)]
struct Held {
    rules: Arc<Rules>,
    /// Why the file on disk isn't what holds.
    broken: Option<Arc<str>>,
}

impl Live {
    pub fn new(rules: Rules) -> Self {
        Self { held: RwLock::new(Held { rules: Arc::new(rules), broken: None }), changed: watch::Sender::new(()) }
    }

    pub fn now(&self) -> Arc<Rules> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).rules)
    }

    pub fn replace(&self, rules: Rules) {
        self.hold(Held { rules: Arc::new(rules), broken: None });
        self.changed.send_replace(());
    }

    /// The rules stay as they are, because those on disk can't be used.
    pub fn keep(&self, why: &str) {
        self.hold(Held { rules: self.now(), broken: Some(why.into()) });
    }

    /// Says when other rules hold.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Which policy holds, in words.
    pub fn standing(&self) -> String {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        let name = held.rules.digest.as_deref().unwrap_or("built-in");
        match held.broken {
            Some(why) => format!("{name}; the file on disk is broken: {why}"),
            None => name.to_owned(),
        }
    }

    fn hold(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }
}
