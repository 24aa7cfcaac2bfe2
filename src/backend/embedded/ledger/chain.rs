//! How entries are signed and held together: HMAC-SHA256 over everything in an entry but the workspace
//! and the signature itself, and each agent's entries name the signature before.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

type Key = [u8; 32];

const PURPOSE: &[u8] = b"molecule-audit-ledger-v1";
const ROUNDS: u32 = 210_000;

/// The members are in the order in which they are signed.
#[derive(Clone, Serialize)]
pub(crate) struct Event {
    pub(super) agent_id: String,
    pub(super) human_oversight_flag: bool,
    pub(super) id: String,
    pub(super) input_hash: Option<String>,
    pub(super) model_used: Option<String>,
    pub(super) operation: String,
    pub(super) output_hash: Option<String>,
    pub(super) prev_hmac: Option<String>,
    pub(super) risk_flag: bool,
    pub(super) session_id: String,
    /// As it's shown; a fraction of the second isn't signed.
    pub(super) timestamp: String,
    #[serde(flatten)]
    pub(super) unsigned: Option<Unsigned>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Unsigned {
    pub(super) hmac: String,
    pub(super) workspace_id: String,
}

/// Has the key of the ledger, which takes a while to derive and is the same for ever.
pub(crate) struct Signer {
    salt: Option<String>,
    key: OnceLock<Key>,
}

impl Signer {
    pub(crate) fn new(salt: Option<String>) -> Self {
        Self { salt, key: OnceLock::new() }
    }

    /// None where the tenant has no salt: then it can say nothing of a chain.
    pub(crate) fn key(&self) -> Option<&Key> {
        let salt = self.salt.as_ref()?;
        Some(self.key.get_or_init(|| pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(salt.as_bytes(), PURPOSE, ROUNDS)))
    }
}

impl Event {
    pub(super) fn signature(&self, key: &Key) -> String {
        let timestamp = self.timestamp.split(['.', 'Z']).next().unwrap_or_default();
        let signed = Self { timestamp: format!("{timestamp}Z"), unsigned: None, ..self.clone() };
        let text = serde_json::to_string(&signed).unwrap_or_default();
        // as Go writes JSON; these three stand in texts only
        let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether each agent's entries begin a chain here, and every one is genuine and follows the one before.
pub(super) fn is_whole(key: &Key, events: &[Event]) -> bool {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    events.iter().all(|event| {
        let Some(Unsigned { hmac, .. }) = &event.unsigned else { return false };
        let before = last.insert(&event.agent_id, hmac);
        event.prev_hmac.as_deref() == before && event.signature(key) == *hmac
    })
}
