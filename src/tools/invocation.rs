//! What a running tool may use: the tenant as this call sees it, the clock, the caller, and the
//! rooms of this server that some tools speak of.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::cursor::Seal;
use super::surface::Surface;
use crate::backend::Tenant;
use crate::consent::Consents;
use crate::journal::Journal;
use crate::policy::live::Live;
use crate::progress::Progress;
use crate::secrets::Directories;
use crate::transport::caller::Caller;

/// One call under way.
pub struct Invocation {
    pub id: Uuid,
    pub tenant: Tenant,
    pub progress: Progress,
    pub caller: Caller,
    /// When the call began; ages are counted from here.
    pub now: DateTime<Utc>,
    pub server: Arc<Server>,
}

impl Invocation {
    /// Who the tenant shall say did it: this server's caller, never free text and never "human".
    pub fn signature(&self) -> String {
        format!("molecule-org-mcp:{}/{} key {}", self.caller.name, self.caller.door.as_str(), self.server.key_tag)
    }
}

/// What is the same for every call.
pub struct Server {
    /// The tenant's address.
    pub address: String,
    /// What a consent is bound to: the same, or `embedded` for ours, whose address changes with each process.
    pub tenant: String,
    /// The first eight characters of our org key, or a tag for another credential.
    pub key_tag: String,
    /// That key's id, once it has been looked up.
    pub key_id: OnceLock<String>,
    pub directories: Directories,
    /// Where what is deleted is kept.
    pub capsules: PathBuf,
    /// What may be done; asked anew for each call.
    pub policy: Live,
    pub journal: Journal,
    /// What people are asked.
    pub consents: Consents,
    pub catalogue: Catalogue,
    /// How much of it is listed.
    pub surface: Surface,
    /// Whether the list says what tools answer.
    pub output_schemas: bool,
    /// For the cursors of its lists.
    pub seal: Seal,
}

impl Server {
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.get().map(String::as_str)
    }

    /// Whether a key listed under this prefix is the one that this server holds.
    pub fn is_own_key(&self, prefix: &str) -> bool {
        self.key_tag == prefix
    }
}
