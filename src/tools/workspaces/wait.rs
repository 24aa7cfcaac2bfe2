//! wait_for_workspace: until it has a status, or a deadline. That the deadline came first is an answer
//! and not a failure.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::list::Status;
use super::patience::Patience;
use super::wire::fetch_one;
use crate::events::Change;
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

const USUAL: u32 = 60;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitForWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Until it has one of these; default `online` or `failed`.
    status: Option<BTreeSet<Status>>,
    /// How long at most; default 60.
    seconds: Option<Whole<1, 600>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Waited {
    id: WorkspaceId,
    name: String,
    /// As seen last.
    status: String,
    /// Whether that is one that was waited for. If not: wait again, or see diagnose_workspace.
    reached: bool,
    waited_seconds: f64,
    /// Statuses on the way, in order.
    seen: Vec<String>,
}

impl Act for WaitForWorkspace {
    type Answer = Waited;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let wanted = self.wanted()?;
        let most = self.seconds.map_or(USUAL, |seconds| u32::try_from(seconds.get()).unwrap_or(USUAL));
        let mut patience = Patience::of(most.into());
        let mut seen: Vec<String> = Vec::new();
        // Where somebody watches anyway, the tenant says when to look.
        let mut changes = call.server.events.changes();
        loop {
            let now = fetch_one(&self.workspace_id, call).await?;
            if seen.last() != Some(&now.status) {
                call.progress.step(patience.whole_seconds(), Some(most), format!("it is {}", now.status));
                seen.push(now.status.clone());
            }
            let reached = wanted.contains(now.status.as_str());
            // One that was removed doesn't come back.
            if reached
                || now.status == "removed"
                || !patience.rest_unless(a_change(&self.workspace_id, &mut changes)).await
            {
                let waited_seconds = patience.seconds();
                return Ok(Waited { id: now.id, name: now.name, status: now.status, reached, waited_seconds, seen });
            }
        }
    }
}

async fn a_change(of: &WorkspaceId, changes: &mut Receiver<Arc<Change>>) {
    loop {
        match changes.recv().await {
            Ok(change) if change.workspaces.contains(of) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl WaitForWorkspace {
    fn wanted(&self) -> Result<BTreeSet<&'static str>, Failure> {
        match &self.status {
            None => Ok(BTreeSet::from(["online", "failed"])),
            Some(wanted) if wanted.is_empty() => Err(Failure::invalid("`status` names nothing to wait for")),
            Some(wanted) => Ok(wanted.iter().map(|status| status.as_str()).collect()),
        }
    }
}
