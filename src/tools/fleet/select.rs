//! Which workspaces: a list, or a workspace with all below it. What a person agreed to is what is done: a
//! subtree that has changed since is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::failure::{Code, Failure};
use crate::tools::ids::{InvocationId, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::workspaces::fetch_all;
use crate::tools::workspaces::wire::{Workspace, descendants};

pub(super) const MOST: usize = 500;

/// What every fleet takes.
pub(super) struct Choice {
    pub workspace_ids: Option<BTreeSet<WorkspaceId>>,
    pub subtree: Option<WorkspaceId>,
    /// Where `workspace_ids` come from, if an earlier call left them.
    pub resume: Option<InvocationId>,
    pub at_once: usize,
}

/// One that was chosen, and how many are above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub id: WorkspaceId,
    pub depth: usize,
}

impl Choice {
    /// The list that was looked at, and no other.
    pub(super) async fn settled(&self, call: &Invocation) -> Result<Vec<Chosen>, Failure> {
        let chosen = self.chosen(call).await?;
        if call.seen.as_ref().is_some_and(|before| *before != seen(&chosen)) {
            return Err(Failure::new(Code::Conflict, "the subtree changed while this was being decided")
                .next("Look at list_workspaces, then call again."));
        }
        Ok(chosen)
    }

    /// The list as it is now, by their ids.
    pub(super) async fn chosen(&self, call: &Invocation) -> Result<Vec<Chosen>, Failure> {
        let all = fetch_all(call).await?;
        let ids = self.expand(&all)?;
        let parents: BTreeMap<&WorkspaceId, Option<&WorkspaceId>> =
            all.iter().map(|one| (&one.id, one.parent_id.as_ref())).collect();
        let depth = |id: &WorkspaceId| {
            let above =
                std::iter::successors(parents.get(id).copied().flatten(), |id| parents.get(*id).copied().flatten());
            // A circle of parents has an end here.
            above.take(all.len()).count()
        };
        Ok(ids.into_iter().map(|id| Chosen { depth: depth(&id), id }).collect())
    }

    fn expand(&self, all: &[Workspace]) -> Result<BTreeSet<WorkspaceId>, Failure> {
        let ids = match (&self.workspace_ids, &self.subtree) {
            (Some(ids), None) => ids.clone(),
            (None, Some(root)) if all.iter().any(|one| one.id == *root) => {
                let below = descendants(all, root).into_iter().map(|one| one.id.clone());
                std::iter::once(root.clone()).chain(below).collect()
            }
            (None, Some(_)) => return Err(Failure::new(Code::NotFound, "there is no workspace `subtree`")),
            _ => {
                return Err(Failure::invalid("which workspaces? Give one of `workspace_ids`, `subtree` and `resume`"));
            }
        };
        if !(1..=MOST).contains(&ids.len()) {
            let message = format!("expected 1 to {MOST} workspaces, and these are {}", ids.len());
            return Err(Failure::invalid(message).next("Do it in several calls."));
        }
        Ok(ids)
    }
}

/// How it stands in the intent.
pub(super) fn seen(chosen: &[Chosen]) -> Value {
    let ids: Vec<&WorkspaceId> = chosen.iter().map(|one| &one.id).collect();
    json!({ "workspaces": ids })
}
