//! What a running tool may use: the tenant as this call sees it, the clock, the caller, and the
//! rooms of this server that some tools speak of.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::cursor::Seal;
use super::ids::WorkspaceId;
use super::surface::Surface;
use crate::backend::{Tenant, has_key_form};
use crate::failure::{Code, Failure};
use crate::journal::Journal;
use crate::policy::binding::Tree;
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
    /// Who stands below whom, where the caller is bound to some workspaces.
    pub tree: Tree,
    pub server: Arc<Server>,
}

impl Invocation {
    /// Whether a workspace is one that the caller may know of.
    pub fn sees(&self, id: &WorkspaceId) -> bool {
        !self.caller.is_bound() || self.caller.sees(&self.tree.lineage(id))
    }

    /// Whether a value from a source may go into a workspace, where its agent can read it. Our own key never
    /// may, and one that was minted only for those who could have minted it.
    pub fn may_pass_on(&self, secret: &str) -> Result<(), Failure> {
        let keeps = self.tenant.is_own_key(secret) || self.caller.is_limited() && has_key_form(secret);
        if !keeps {
            return Ok(());
        }
        Err(Failure::new(
            Code::ForbiddenByPolicy,
            "that source holds a key of the platform, which gives more power than this",
        )
        .next("Ask the operator; no grant gives more than itself."))
    }

    /// Who the tenant shall say did it: this server's caller, never free text and never "human".
    pub fn signature(&self) -> String {
        format!("molecule-org-mcp:{}/{} key {}", self.caller.name, self.caller.door.as_str(), self.server.key_tag)
    }
}

/// What is the same for every call.
pub struct Server {
    /// The tenant's address.
    pub address: String,
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
