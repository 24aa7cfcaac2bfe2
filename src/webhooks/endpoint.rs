//! Where events go, as the policy file says it.

use std::collections::BTreeSet;
use std::fmt;

use super::event::Kind;
use super::secret::SecretPlace;
use crate::backend::Base;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub address: Address,
    /// What bodies are signed with.
    pub secret: SecretPlace,
    pub events: BTreeSet<Kind>,
}

/// An https address; http on this machine only. It may hold a token in its path, so it isn't shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The error never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        Base::parse(text)
            .map(|_| Self(text.trim().to_owned()))
            .map_err(|error| format!("expected an https address without credentials, query or fragment ({error})"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}
