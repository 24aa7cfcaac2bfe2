//! list_peers, discover_workspace, check_access: who is beside whom, where an agent can be reached, and
//! who may talk to whom. The registry's own lists are for agents and refuse our key, so the first two are
//! computed from the workspaces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CHECK_ACCESS;
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::{AgentCard, Workspace};
use crate::tools::workspaces::{confirm_exists, fetch_everything, fetch_one};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPeers {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Peer {
    id: WorkspaceId,
    name: String,
    relation: Relation,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    status: String,
    active_tasks: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Relation {
    Parent,
    Sibling,
    Child,
}

impl List for ListPeers {
    type Item = Peer;

    fn mark(peer: &Peer) -> String {
        peer.id.to_string()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Peer>, Failure> {
        let all = fetch_everything(call).await?;
        let me = listed(&all, &self.workspace_id)?;
        let known = all.iter().filter(|one| call.sees(&one.id));
        let related = known.filter_map(|one| relation(me, one).map(|relation| (relation, one)));
        let mut peers: Vec<Peer> = related.map(|(relation, one)| peer(relation, one)).collect();
        peers.sort_by_key(|peer| peer.relation);
        Ok(peers)
    }
}

/// Roots are siblings of each other.
fn relation(me: &Workspace, one: &Workspace) -> Option<Relation> {
    if me.id == one.id {
        None
    } else if me.parent_id.as_ref() == Some(&one.id) {
        Some(Relation::Parent)
    } else if one.parent_id.as_ref() == Some(&me.id) {
        Some(Relation::Child)
    } else if me.parent_id == one.parent_id {
        Some(Relation::Sibling)
    } else {
        None
    }
}

fn peer(relation: Relation, one: &Workspace) -> Peer {
    Peer {
        id: one.id.clone(),
        name: one.name.clone(),
        relation,
        role: one.role.clone(),
        status: one.status.clone(),
        active_tasks: one.active_tasks,
    }
}

pub(super) fn listed<'a>(all: &'a [Workspace], id: &WorkspaceId) -> Result<&'a Workspace, Failure> {
    all.iter().find(|one| one.id == *id).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("there is no workspace {id}, or it was removed"))
            .next("Use an id from list_workspaces.")
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Discovered {
    id: WorkspaceId,
    name: String,
    status: String,
    /// Whether the tenant has an address to deliver to; not whether somebody answers there.
    has_address: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    /// What the agent says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_card: Option<AgentCard>,
}

impl Act for DiscoverWorkspace {
    type Answer = Discovered;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let one = fetch_one(&self.workspace_id, call).await?;
        Ok(Discovered {
            has_address: !one.url.is_empty() && one.status != "removed",
            id: one.id,
            name: one.name,
            status: one.status,
            url: one.url,
            agent_card: one.agent_card,
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckAccess {
    /// Who would talk; from list_workspaces.
    #[serde(alias = "workspace_id")]
    caller_id: WorkspaceId,
    /// To whom.
    target_id: WorkspaceId,
}

#[derive(Serialize, JsonSchema)]
pub struct Access {
    caller_id: WorkspaceId,
    target_id: WorkspaceId,
    allowed: bool,
}

#[derive(Deserialize)]
struct Allowed {
    allowed: bool,
}

impl Act for CheckAccess {
    type Answer = Access;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        // Of what doesn't exist the tenant says `false`, which would read like a rule.
        tokio::try_join!(confirm_exists(&self.caller_id, call), confirm_exists(&self.target_id, call))?;
        let allowed = may_talk(&self.caller_id, &self.target_id, call).await?;
        Ok(Access { caller_id: self.caller_id, target_id: self.target_id, allowed })
    }
}

pub(super) async fn may_talk(caller: &WorkspaceId, target: &WorkspaceId, call: &Invocation) -> Result<bool, Failure> {
    let pair = serde_json::json!({ "caller_id": caller, "target_id": target });
    let answer: Allowed = call.tenant.ask(&CHECK_ACCESS).body(&pair).fetch().await?;
    Ok(answer.allowed)
}
