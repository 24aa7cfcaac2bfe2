//! delete_workspace: what would be lost is said first, and a half-failed answer is looked into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DELETE;
use super::capsule::{self, Saved};
use super::wire::{Workspace, called, descendants, fetch_everything, fetch_one};
use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although everything below it goes too.
    #[serde(default)]
    including_children: bool,
    /// Go ahead although tasks run in it or below it.
    #[serde(default)]
    interrupting: bool,
    /// Erase its rows as well: secrets, memories, history.
    #[serde(default)]
    purge: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct DeletedWorkspace {
    id: WorkspaceId,
    name: String,
    /// `removed`, or `purged`.
    status: String,
    #[serde(flatten)]
    saved: Saved,
    /// What went with it.
    also_removed: Vec<Named>,
    /// What the administrator should still look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Named {
    id: WorkspaceId,
    name: String,
}

#[derive(Deserialize)]
struct Removed {
    status: String,
}

impl Act for DeleteWorkspace {
    type Answer = DeletedWorkspace;

    /// What would be refused is refused before a person is asked.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let all = fetch_everything(call).await?;
        let target = self.find(&all, call).await?;
        self.check(&target.name, target.active_tasks, &descendants(&all, &self.workspace_id))?;
        Ok(None)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_everything(call).await?;
        let target = self.find(&all, call).await?;
        let below = descendants(&all, &self.workspace_id);
        self.check(&target.name, target.active_tasks, &below)?;
        let notes = notes(target.is_external, &below);
        let lost = std::iter::once(&self.workspace_id).chain(below.iter().map(|one| &one.id)).cloned().collect();
        let saved = capsule::save(lost, call).await?;
        self.look_again(&below, call).await?;
        let answer = self.send(call).await?;
        Ok(DeletedWorkspace {
            id: self.workspace_id.clone(),
            name: target.name,
            status: answer.status,
            saved,
            also_removed: below.iter().map(|one| Named { id: one.id.clone(), name: one.name.clone() }).collect(),
            notes: notes.into_iter().chain(answer.note).collect(),
        })
    }
}

struct Target {
    name: String,
    active_tasks: u32,
    is_external: bool,
}

struct Sent {
    status: String,
    note: Option<String>,
}

impl DeleteWorkspace {
    /// The tenant answers success for ids that it doesn't know; we don't. One that was only removed
    /// can still be purged.
    async fn find(&self, all: &[Workspace], call: &Invocation) -> Result<Target, Failure> {
        if let Some(one) = all.iter().find(|one| one.id == self.workspace_id) {
            let is_external = one.is_external();
            return Ok(Target { name: one.name.clone(), active_tasks: one.active_tasks, is_external });
        }
        let one = fetch_one(&self.workspace_id, call).await?;
        if one.status == "removed" && !self.purge {
            return Err(Failure::new(Code::NotFound, "that workspace was removed already")
                .next("Call again with `purge: true` to erase what it left."));
        }
        Ok(Target { is_external: one.is_external(), name: one.name, active_tasks: one.active_tasks })
    }

    /// Saving takes its time, and others go on meanwhile.
    async fn look_again(&self, saved: &[&Workspace], call: &Invocation) -> Result<(), Failure> {
        let all = patiently(call, || fetch_everything(call)).await?;
        let target = self.find(&all, call).await?;
        let below = descendants(&all, &self.workspace_id);
        capsule::refuse_others(saved, &below)?;
        self.check(&target.name, target.active_tasks, &below)
    }

    fn check(&self, name: &str, tasks: u32, below: &[&Workspace]) -> Result<(), Failure> {
        let running = tasks + below.iter().map(|one| one.active_tasks).sum::<u32>();
        let mut missing = Vec::new();
        let mut lost = Vec::new();
        if !below.is_empty() && !self.including_children {
            missing.push("`including_children: true`");
            let named: Vec<String> = below.iter().take(10).map(|one| called(&one.name, &one.id)).collect();
            let more = if below.len() > 10 { ", …" } else { "" };
            lost.push(format!("{} below it: {}{more}", below.len(), named.join(", ")));
        }
        if running > 0 && !self.interrupting {
            missing.push("`interrupting: true`");
            lost.push(format!("{running} running task(s)"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let what = called(name, &self.workspace_id);
        Err(Failure::new(Code::Conflict, format!("deleting {what} would also lose {}", lost.join(" and ")))
            .next(format!("Tell the person; if all of it should go, call again with {}.", missing.join(" and "))))
    }

    async fn send(&self, call: &Invocation) -> Result<Sent, Failure> {
        let mut ask = call.tenant.ask(&DELETE).part("workspace_id", &self.workspace_id).query("confirm", true);
        if self.purge {
            ask = ask.query("purge", true);
        }
        let answer = ask.expecting(&[500]).received().await?;
        if answer.status != 500 {
            let removed: Removed = answer.decode()?;
            return Ok(Sent { status: removed.status, note: None });
        }
        self.look_after_failure(call).await
    }

    /// A 500 here may come after a removal that worked: only looking tells.
    async fn look_after_failure(&self, call: &Invocation) -> Result<Sent, Failure> {
        let now = fetch_one(&self.workspace_id, call).await;
        let gone = match now {
            Ok(now) => now.status == "removed",
            Err(failure) if failure.code() == Code::NotFound => true,
            Err(failure) => return Err(failure.changed(Changed::Unknown)),
        };
        if !gone {
            return Err(Failure::new(Code::TenantError, "the tenant couldn't delete it; it is still there")
                .confirmed(Changed::No));
        }
        let note = if self.purge {
            "The tenant couldn't stop a container: the workspace is removed, but not purged, and its container may still run."
        } else {
            "The tenant couldn't stop a container: the workspace is removed, but its container may still run."
        };
        Ok(Sent { status: "removed".to_owned(), note: Some(note.to_owned()) })
    }
}

fn notes(target_is_external: bool, below: &[&Workspace]) -> Vec<String> {
    let external = usize::from(target_is_external) + below.iter().filter(|one| one.is_external()).count();
    let machines = below.len() + 1 - external;
    let mut notes = Vec::new();
    if external > 0 {
        notes.push(format!("{external} external agent(s) keep running where they are, without access."));
    }
    if machines > 0 {
        notes.push(
            "On a hosted tenant the machine of a deleted workspace keeps running until the control plane stops it."
                .to_owned(),
        );
    }
    notes
}
