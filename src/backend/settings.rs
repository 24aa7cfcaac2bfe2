//! What the operator configured about one tenant. The configuration room makes it, the client
//! keeps it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::address::Base;

#[derive(Clone, Debug)]
pub struct Settings {
    pub base: Base,
    pub token: Arc<SecretString>,
    /// Sent as `X-Molecule-Org-Id`; a hosted tenant answers nothing without it.
    pub org_id: Option<String>,
    pub limits: Limits,
}

#[derive(Clone, Debug)]
pub struct Limits {
    pub connect: Duration,
    /// For one call with all its repeats, from the moment it has a place.
    pub total: Duration,
    /// Calls at the tenant at one time.
    pub in_flight: usize,
    /// How long a call waits for a place.
    pub queue: Duration,
    pub answer_bytes: usize,
    /// The first one included. Acts have one, whatever stands here.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            in_flight: 64,
            queue: Duration::from_secs(10),
            answer_bytes: 8 * 1024 * 1024,
            attempts: 3,
        }
    }
}
