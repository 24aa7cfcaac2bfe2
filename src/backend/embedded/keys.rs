//! Org keys and workspace tokens: 32 random bytes, 43 characters, of which only a hash and the first
//! eight characters are kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::answer::{Refusal, Refuse, broken};

pub(crate) struct Key {
    pub(crate) plain: SecretString,
    pub(crate) prefix: String,
    pub(crate) hash: String,
}

impl Key {
    pub(crate) fn mint() -> Result<Self, Refusal> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).refuse(broken("failed to create token"))?;
        let plain = URL_SAFE_NO_PAD.encode(bytes);
        let prefix = plain.chars().take(8).collect();
        Ok(Self { prefix, hash: hash(&plain), plain: plain.into() })
    }

    /// The one time that it's shown.
    pub(crate) fn reveal(&self) -> &str {
        self.plain.expose_secret()
    }
}

pub(crate) fn hash(plain: &str) -> String {
    Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two secrets are the same, without saying by the time it takes where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one.as_bytes()) == Sha256::digest(other.as_bytes())
}
