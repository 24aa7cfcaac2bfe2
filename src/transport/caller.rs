//! Who is asking, and through which door. Every transport makes one `Caller` a call; policy, the
//! journal and the audit tags know nothing else about where a call came from.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::policy::binding::{Lineage, Tree};
use crate::policy::grant::Grant;
use crate::tools::ids::WorkspaceId;

/// The door a call came through, as the journal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    Stdio,
    Http,
    Cli,
    /// Nobody came: this server does by itself what it was told to before, when its time has come.
    #[serde(skip_deserializing)]
    Server,
}

impl Door {
    /// Those that somebody can come through.
    pub const ALL: [Self; 3] = [Self::Stdio, Self::Http, Self::Cli];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Cli => "cli",
            Self::Server => "server",
        }
    }
}

/// The program at the other end, as it names itself. A claim, good for audit and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom the door recognised: `local` for a person's own process, `owner` for the HTTP bearer, or the
    /// name of a grant.
    pub name: Cow<'static, str>,
    pub door: Door,
    /// What the caller was given. Without one it is the operator, at this door.
    pub grant: Option<Arc<Grant>>,
    /// The grant is one of ours: it is read anew before each call.
    issued: bool,
    pub client: Option<ClientName>,
    /// The W3C trace id, where the caller sent one.
    pub trace: Option<String>,
}

impl Caller {
    /// The operator, or a process of theirs.
    pub fn operator(name: &'static str, door: Door) -> Self {
        Self { name: Cow::Borrowed(name), door, grant: None, issued: false, client: None, trace: None }
    }

    /// A person or script at this machine's command line.
    pub fn terminal() -> Self {
        Self::operator("local", Door::Cli)
    }

    /// This server, when it does by itself what somebody was allowed to have it do later.
    pub fn itself() -> Self {
        Self::operator("molecule-org-mcp", Door::Server)
    }

    pub fn is_itself(&self) -> bool {
        self.door == Door::Server
    }

    /// Whoever holds this grant, which somebody else vouches for.
    pub fn holding(grant: Arc<Grant>, door: Door) -> Self {
        let name = Cow::Owned(grant.name.clone());
        Self { name, door, grant: Some(grant), issued: false, client: None, trace: None }
    }

    /// Whoever presented the credential of this grant of ours.
    pub fn presenting(grant: Arc<Grant>, door: Door) -> Self {
        Self { issued: true, ..Self::holding(grant, door) }
    }

    /// The grant, where it is one of ours.
    pub fn issued_grant(&self) -> Option<&Arc<Grant>> {
        self.grant.as_ref().filter(|_| self.issued)
    }

    /// The caller's own grant and those above it.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grant.iter().flat_map(|grant| grant.chain())
    }

    /// To some workspaces, so that what is said of others stays out.
    pub fn is_bound(&self) -> bool {
        self.grant.as_ref().is_some_and(|grant| grant.is_bound())
    }

    /// Whether it runs in this workspace itself.
    pub fn runs_in(&self, id: &WorkspaceId) -> bool {
        self.grants().any(|grant| grant.own_workspace.as_ref() == Some(id))
    }

    /// Whether a workspace is one that the caller may know of.
    pub fn sees(&self, place: &Lineage) -> bool {
        self.grants().all(|grant| grant.binding.as_ref().is_none_or(|own| own.holds(place)))
    }

    /// The same by its id, where it is known who stands below whom.
    pub fn knows(&self, id: &WorkspaceId, tree: &Tree) -> bool {
        !self.is_bound() || self.sees(&tree.lineage(id))
    }

    /// The same for whoever is the same: what a consent is bound to, and what is counted.
    pub fn identity(&self) -> String {
        match &self.grant {
            Some(grant) => format!("grant:{}", grant.id),
            None => format!("{}/{}", self.name, self.door.as_str()),
        }
    }
}
