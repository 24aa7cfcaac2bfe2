//! The secrets that this process holds right now, and the filter that every outgoing byte passes: the last line,
//! behind the types that let none out in the first place. Whoever holds a secret has a `Held`; whoever lets
//! bytes out asks `without`. What goes to the tenant, to a sink, or to a person on purpose isn't asked about.
//!
//! The register shares the secret's own memory and lets go of it; what looks for the secret is dropped with it, and
//! built anew when next needed. Its own copies are wiped, but for those in an automaton, which exists only once
//! something was found (`net.rs`).

mod forms;
mod gate;
mod net;
mod register;

use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

pub use net::Net;
use register::Register;

pub const REMOVED: &str = "[removed]";
/// A credential stays known for so long after it was let go: the answer that may quote it is still on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(30);

static REGISTER: LazyLock<RwLock<Register>> = LazyLock::new(RwLock::default);

/// A secret that is known for as long as this lives.
pub struct Held {
    number: u64,
    value: Arc<SecretString>,
    after: Duration,
    /// For this one alone.
    net: OnceLock<Net>,
}

impl Held {
    pub fn new(value: Arc<SecretString>) -> Self {
        let number = change(|register, _| register.add(Arc::clone(&value)));
        Self { number, value, after: Duration::ZERO, net: OnceLock::new() }
    }

    /// For what a call holds: known for a while after the call is done with it.
    pub(super) fn passing(value: SecretString) -> Self {
        let mut held = Self::new(Arc::new(value));
        held.after = ON_ITS_WAY;
        held
    }

    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    pub(super) fn shared(&self) -> Arc<SecretString> {
        Arc::clone(&self.value)
    }

    /// The bytes without this one, in whatever form, or nothing where it isn't in them.
    pub fn out_of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.net.get_or_init(|| Net::over(std::iter::once(&self.value))).without(bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let until = (!self.after.is_zero()).then(|| Instant::now() + self.after);
        change(|register, _| register.leave(self.number, until));
        // Otherwise it is wiped with the next message, whenever that comes.
        if let (Some(_), Ok(runtime)) = (until, tokio::runtime::Handle::try_current()) {
            let after = self.after;
            runtime.spawn(async move {
                tokio::time::sleep(after).await;
                change(Register::sweep);
            });
        }
    }
}

/// What the operator configured is known until the process ends, as it stands in its environment.
pub fn for_good(value: &Arc<SecretString>) {
    change(|register, _| register.add(Arc::clone(value)));
}

/// What finds the secrets that are held at this moment. For many short texts in a row.
pub fn net() -> Arc<Net> {
    let known = REGISTER.read().unwrap_or_else(PoisonError::into_inner).net(Instant::now);
    known.unwrap_or_else(|| change(Register::build))
}

/// The bytes without any secret, or nothing where there was none in them.
pub fn without(bytes: &[u8]) -> Option<Vec<u8>> {
    net().without(bytes)
}

pub fn clean(bytes: Vec<u8>) -> Vec<u8> {
    without(&bytes).unwrap_or(bytes)
}

pub fn clean_text(text: String) -> String {
    net().clean_text(text)
}

fn change<T>(act: impl FnOnce(&mut Register, Instant) -> T) -> T {
    act(&mut REGISTER.write().unwrap_or_else(PoisonError::into_inner), Instant::now())
}

#[cfg(test)]
mod tests;
