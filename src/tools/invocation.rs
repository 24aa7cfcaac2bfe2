//! What a running tool may use: the tenant as this call sees it, the clock, the caller, and the
//! rooms of this server that some tools speak of.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::beside::Beside;
use super::catalogue::Catalogue;
use super::cursor::Seal;
use super::governance::rest;
use super::ids::WorkspaceId;
use super::surface::Surface;
use crate::backend::{Keyring, Tenant, holds_key_form};
use crate::capsules::Capsules;
use crate::consent::Consents;
use crate::deliveries::Deliveries;
use crate::drops::Drops;
use crate::events::Events;
use crate::failure::{Code, Failure};
use crate::fleets::Fleets;
use crate::grants::Grants;
use crate::imports::Imports;
use crate::jobs::{Job, Jobs};
use crate::journal::Journal;
use crate::journal::entry::KeyMark;
use crate::leases::Leases;
use crate::policy::Rules;
use crate::policy::binding::Tree;
use crate::policy::live::Live;
use crate::progress::Progress;
use crate::results::Results;
use crate::secrets::{Directories, Places};
use crate::transport::caller::{Caller, Door};
use crate::webhooks::Outbox;

/// How much of a list a call answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What a client can take.
    Page,
    /// All of it, for this server alone.
    Whole,
}

/// One call under way.
pub struct Invocation {
    pub id: Uuid,
    pub tool: &'static str,
    pub tenant: Tenant,
    pub progress: Progress,
    pub caller: Caller,
    /// The id of what this call made, for the journal.
    pub made: OnceLock<String>,
    /// The org keys that this call revoked, for the journal and whoever is told.
    pub revoked: Mutex<Vec<KeyMark>>,
    /// The capsule that keeps what this call deletes, for the journal.
    pub capsule: OnceLock<String>,
    pub beside: Beside,
    /// When the call began; ages are counted from here.
    pub now: DateTime<Utc>,
    pub extent: Extent,
    /// What the tool looked at before its intent was written down.
    pub seen: Option<Value>,
    /// An earlier call under the same idempotency key was begun then, and its outcome isn't known.
    pub unclear_since: Option<DateTime<Utc>>,
    /// Who stands below whom, where the caller is bound to some workspaces.
    pub tree: Tree,
    /// As they were when the call was let in.
    pub rules: Arc<Rules>,
    pub server: Arc<Server>,
}

impl Invocation {
    /// Whether a workspace is one that the caller may know of.
    pub fn sees(&self, id: &WorkspaceId) -> bool {
        self.caller.knows(id, &self.tree)
    }

    /// Whether the caller is held to less than everything.
    pub fn is_limited(&self) -> bool {
        self.rules.is_limited(&self.caller)
    }

    /// Whether the caller is let near this tool.
    pub fn may_use(&self, tool: &str) -> bool {
        self.server.catalogue.find(tool).is_some_and(|entry| self.rules.lists(&self.caller, entry, self.now))
    }

    /// Keeps a text that the answer shows only the start of, and says how to get the rest. None where the caller
    /// couldn't: a command's process is gone by then.
    pub fn keep(&self, whole: &str) -> Option<String> {
        let can_ask = self.caller.door != Door::Cli && self.may_use(rest::NAME);
        can_ask.then(|| format!("{} with `result_id` {}", rest::NAME, self.beside.rest(whole)))
    }

    /// Where this call may put credentials and find secret values.
    pub fn places(&self) -> Places<'_> {
        Places {
            directories: &self.server.directories,
            rules: &self.rules.credentials,
            drops: &self.server.drops,
            caller: &self.caller,
            is_limited: self.is_limited(),
            tool: self.tool,
            organisation: &self.server.tenant,
            about: "",
            tenant: &self.tenant,
        }
    }

    /// Whether a value from a source may go into a workspace, where its agent can read it. With our own key in it
    /// it never may, and with one that was minted only for those who could have minted it.
    pub fn may_pass_on(&self, secret: &str) -> Result<(), Failure> {
        let keeps = self.tenant.own_key_is_in(secret) || self.is_limited() && holds_key_form(secret);
        if !keeps {
            return Ok(());
        }
        Err(Failure::new(
            Code::ForbiddenByPolicy,
            "that source holds a key of the platform, or what looks like one, which gives more power than this",
        )
        .next("Ask the operator; no grant gives more than itself."))
    }

    /// Who the tenant shall say did it: this server's caller, never free text and never "human".
    pub fn signature(&self) -> String {
        let (door, key) = (self.caller.door.as_str(), self.server.keys.tag());
        match &self.caller.grant {
            // Its id first: a name is chosen, and could look like the rest.
            Some(grant) => format!("molecule-org-mcp:grant {}/{door} key {key} ({})", grant.id, grant.name),
            None => format!("molecule-org-mcp:{}/{door} key {key}", self.caller.name),
        }
    }

    /// The same call for one of many items: once begun it is finished, though the caller cancels, and its own
    /// steps aren't the call's.
    pub fn for_an_item(&self) -> Self {
        Self {
            id: self.id,
            tenant: self.tenant.regardless(),
            progress: Progress::default(),
            caller: self.caller.clone(),
            tool: self.tool,
            made: OnceLock::new(),
            revoked: Mutex::default(),
            capsule: OnceLock::new(),
            beside: self.beside.clone(),
            now: self.now,
            extent: self.extent,
            seen: None,
            unclear_since: None,
            tree: self.tree.clone(),
            rules: Arc::clone(&self.rules),
            server: Arc::clone(&self.server),
        }
    }

    /// Something new has this id. The first is what the call is about.
    pub fn made(&self, id: impl ToString) {
        let _ = self.made.set(id.to_string());
    }

    /// This org key is revoked, by this call.
    pub fn has_revoked(&self, key: KeyMark) {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner).push(key);
    }

    pub fn revoked(&self) -> Vec<KeyMark> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is the same for every call.
pub struct Server {
    /// The tenant's address.
    pub address: String,
    /// What the tenant is called in what is kept: its address, or `embedded`, whose port is another each time.
    pub tenant: String,
    /// The org key that it works with.
    pub keys: Keyring,
    /// Credentials on their way.
    pub deliveries: Deliveries,
    pub directories: Directories,
    /// Pages that a person uses once.
    pub drops: Drops,
    /// Where the operator keeps copies of organisation templates, a folder each.
    pub template_dirs: Vec<PathBuf>,
    /// Where what is deleted is kept.
    pub capsules: Capsules,
    /// What calls over many workspaces left undone.
    pub fleets: Fleets,
    /// Imports of org templates, one of each at a time.
    pub imports: Imports,
    /// Calls that go on after their first answer.
    pub jobs: Jobs,
    /// What may be done; asked anew for each call.
    pub policy: Live,
    pub grants: Grants,
    pub journal: Journal,
    /// What answers cut.
    pub results: Results,
    /// Org keys that end.
    pub leases: Leases,
    /// What is to be told elsewhere.
    pub outbox: Outbox,
    /// What changes, for whoever watches.
    pub events: Events,
    /// What people are asked.
    pub consents: Consents,
    /// The data directory, where it isn't the usual one: whoever answers has to name it.
    pub elsewhere: Option<PathBuf>,
    pub catalogue: Catalogue,
    /// How much of it is listed.
    pub surface: Surface,
    /// Whether the list says what tools answer.
    pub output_schemas: bool,
    /// For the cursors of its lists.
    pub seal: Seal,
}

impl Server {
    /// What a job came to is for whoever may still call its tool.
    pub fn shows(&self, job: &Job, caller: &Caller) -> bool {
        let rules = self.policy.now();
        self.catalogue.find(&job.tool).is_some_and(|entry| rules.lists(caller, entry, Utc::now()))
    }

    /// Whether a key listed under this prefix is the one that this server holds.
    pub fn is_own_key(&self, prefix: &str) -> bool {
        self.keys.is_own(prefix)
    }
}
