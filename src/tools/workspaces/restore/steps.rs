//! What is done of a restoring: one word for each step of each workspace, written down once it is done.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::workspaces::capsule::Capsule;

pub(super) struct Steps {
    capsule: String,
    done: Mutex<BTreeMap<String, String>>,
}

const MADE: &str = "made";

impl Steps {
    pub(super) async fn load(capsule: &str, call: &Invocation) -> Result<Self, Failure> {
        let done = call.server.capsules.steps(capsule).await?;
        Ok(Self { capsule: capsule.to_owned(), done: Mutex::new(done) })
    }

    /// What came of a step, where it was done.
    pub(super) fn get(&self, old: &WorkspaceId, step: &str) -> Option<String> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.get(&name(old, step)).cloned()
    }

    pub(super) fn count(&self, old: &WorkspaceId, step: &str) -> usize {
        self.get(old, step).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    pub(super) async fn set(
        &self,
        old: &WorkspaceId,
        step: &str,
        came_of_it: impl ToString,
        call: &Invocation,
    ) -> Result<(), Failure> {
        let (name, made) = (name(old, step), came_of_it.to_string());
        call.server.capsules.step(&self.capsule, name.clone(), made.clone()).await?;
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(name, made);
        Ok(())
    }

    pub(super) fn made_of(&self, old: &WorkspaceId) -> Option<WorkspaceId> {
        self.get(old, MADE).and_then(|id| WorkspaceId::try_from(id).ok())
    }

    pub(super) async fn set_made(
        &self,
        old: &WorkspaceId,
        new: &WorkspaceId,
        call: &Invocation,
    ) -> Result<(), Failure> {
        self.set(old, MADE, new, call).await
    }

    /// All that were made so far.
    pub(super) fn made(&self, capsule: &Capsule) -> impl Iterator<Item = WorkspaceId> {
        capsule.workspaces.iter().filter_map(|kept| self.made_of(&kept.workspace.id))
    }
}

fn name(old: &WorkspaceId, step: &str) -> String {
    format!("{old}/{step}")
}
