//! restore_workspace: deleted workspaces made anew from their capsule, parents first. What is done is
//! remembered with the capsule, so that another call with it goes on and makes no twins.

mod answer;
mod furnish;
mod make;
mod shared;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

pub use answer::Restored;
use answer::{Back, Lost};
use furnish::furnish;
use steps::Steps;

use super::capsule::{Capsule, Kept, VERSION};
use super::wire::{Workspace, fetch_everything};
use crate::capsules::Label;
use crate::failure::{Changed, Code, Failure};
use crate::fence;
use crate::text::start;
use crate::tools::ids::{InvocationId, WorkspaceId, WorkspaceName};
use crate::tools::invocation::Invocation;
use crate::tools::many::each;
use crate::tools::tool::Act;

/// Capsules that are named where the one asked for isn't there.
const NAMED: u32 = 5;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreWorkspace {
    /// `capsule` of delete_workspace's answer; query_journal has it, too.
    #[schemars(with = "String")]
    capsule: InvocationId,
    /// What it goes below; default: where it was, or nothing if that is gone.
    parent_id: Option<WorkspaceId>,
    /// Another name for the topmost one.
    #[schemars(with = "Option<String>")]
    name: Option<WorkspaceName>,
}

impl Act for RestoreWorkspace {
    type Answer = Restored;

    /// Nobody is asked about a capsule that isn't there.
    async fn look(&self, call: &Invocation) -> Result<Option<serde_json::Value>, Failure> {
        let label = self.find(call).await?;
        Ok(Some(serde_json::json!({ "workspaces": label.workspaces })))
    }

    async fn act(self, call: &Invocation) -> Result<Restored, Failure> {
        let capsule = self.open(call).await?;
        self.claim(call).await?;
        let steps = Steps::load(self.capsule.as_str(), call).await?;
        let all = fetch_everything(call).await?;
        self.check(&capsule, &steps, &all)?;
        let made = self.make_all(&capsule, &steps, &all, call).await?;
        call.progress.step(1, Some(2), "the workspaces are made; what was in them follows");
        let furnished = capsule.workspaces.iter().zip(&made).map(|(kept, id)| furnish(kept, id, &steps, call));
        let furnished: Result<Vec<(Back, Vec<Lost>)>, Failure> = each(furnished).await.into_iter().collect();
        Ok(Restored::of(furnished.map_err(half)?))
    }
}

impl RestoreWorkspace {
    async fn find(&self, call: &Invocation) -> Result<Label, Failure> {
        let capsules = &call.server.capsules;
        if let Some(label) = capsules.find(self.capsule.as_str(), call.now).await? {
            return Ok(label);
        }
        let newest: Vec<String> = capsules.newest(NAMED, call.now).await?.iter().map(told).collect();
        let next = match newest.as_slice() {
            [] => "No capsule is kept here now.".to_owned(),
            some => format!("The newest are: {}.", some.join("; ")),
        };
        Err(Failure::new(Code::NotFound, "no such capsule is kept here, or its time is over").next(next))
    }

    async fn open(&self, call: &Invocation) -> Result<Capsule, Failure> {
        let label = self.find(call).await?;
        let content = call.server.capsules.open(&label).await?;
        let opened = serde_json::from_slice::<Capsule>(&content).ok().filter(|capsule| capsule.version == VERSION);
        opened.ok_or_else(|| {
            Failure::new(Code::PreconditionFailed, "that capsule was made by another version of this server")
        })
    }

    /// Two at once would make everything twice. A call whose process died is over, too.
    async fn claim(&self, call: &Invocation) -> Result<(), Failure> {
        let claimed = || call.server.capsules.claim(self.capsule.as_str(), call.id.to_string());
        if claimed().await? {
            return Ok(());
        }
        call.server.journal.close_what_died().await?;
        if claimed().await? {
            return Ok(());
        }
        Err(Failure::new(Code::Conflict, "another call restores from that capsule now")
            .next("Wait until it is over; then call again with the same capsule if something is missing."))
    }

    fn check(&self, capsule: &Capsule, steps: &Steps, all: &[Workspace]) -> Result<(), Failure> {
        if self.name.is_some() && tops(capsule).count() > 1 {
            return Err(Failure::invalid("`name` is for one workspace, and this capsule holds several side by side"));
        }
        let there: BTreeSet<&WorkspaceId> = all.iter().map(|one| &one.id).collect();
        if self.parent_id.as_ref().is_some_and(|parent| !there.contains(parent)) {
            return Err(Failure::new(Code::NotFound, "there is no workspace `parent_id`"));
        }
        if let Some(gone) = steps.made(capsule).find(|id| !there.contains(id)) {
            return Err(Failure::new(Code::Conflict, format!("it was restored before, as {gone}, which is gone, too"))
                .next("Restore that one from the capsule that its own deletion left; query_journal names it."));
        }
        Ok(())
    }

    /// The new ids, in the order of the capsule.
    async fn make_all(
        &self,
        capsule: &Capsule,
        steps: &Steps,
        all: &[Workspace],
        call: &Invocation,
    ) -> Result<Vec<WorkspaceId>, Failure> {
        let mut new: BTreeMap<&WorkspaceId, WorkspaceId> = BTreeMap::new();
        let mut made = Vec::new();
        for kept in &capsule.workspaces {
            let old = &kept.workspace;
            let within = old.parent_id.as_ref().and_then(|parent| new.get(parent));
            let is_top = within.is_none();
            let was_below = || old.parent_id.as_ref().filter(|parent| all.iter().any(|one| one.id == **parent));
            let parent = within.or(self.parent_id.as_ref()).or_else(was_below).cloned();
            let name = self.name.as_ref().filter(|_| is_top).map_or(old.name.as_str(), WorkspaceName::as_str);
            let id = make::make(old, name, parent.as_ref(), steps, call).await.map_err(half)?;
            new.insert(&old.id, id.clone());
            made.push(id);
        }
        Ok(made)
    }
}

/// Those that stood below nothing in it.
fn tops(capsule: &Capsule) -> impl Iterator<Item = &Kept> {
    let ids: BTreeSet<&WorkspaceId> = capsule.workspaces.iter().map(|kept| &kept.workspace.id).collect();
    let above = move |kept: &&Kept| kept.workspace.parent_id.as_ref().is_none_or(|parent| !ids.contains(parent));
    capsule.workspaces.iter().filter(above)
}

fn told(label: &Label) -> String {
    let first = label.workspaces.first().map_or(String::new(), |one| fence::quoted(&start(&one.name, 60)));
    let more = match label.workspaces.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!("{} ({first}{more}, deleted {})", label.id, label.made.format("%F %R UTC"))
}

fn half(failure: Failure) -> Failure {
    match failure.has_changed() {
        Changed::No if failure.code() == Code::InvalidInput => failure,
        _ => failure.next("Call again with the same capsule: what is there stays, and the rest follows."),
    }
}
