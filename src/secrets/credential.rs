//! A credential or secret value in our hands: doesn't print, isn't serialised by accident, is wiped.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub struct Credential(SecretString);

impl Credential {
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// For whoever goes on using it.
    pub fn shared(&self) -> Arc<SecretString> {
        Arc::new(self.0.clone())
    }

    /// The first eight characters, as the tenant lists a key by.
    pub fn prefix(&self) -> String {
        self.expose().chars().take(8).collect()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// In the clear, for the body of the one request that hands it to the tenant. A type that derives
/// `Serialize` can't hold a `Credential` unless it says so with `serialize_with`.
pub fn in_the_clear<S: Serializer>(secret: &Credential, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(serializer)
}
