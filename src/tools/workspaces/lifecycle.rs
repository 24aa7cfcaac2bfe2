//! restart, pause and resume. What the tenant would break, or throw away without asking, is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusals::{refuse_external, refuse_removed, refuse_running};
use super::wire::{Detail, called, descendants, fetch_everything, fetch_one};
use super::{PAUSE, RESTART, RESUME};
use crate::failure::{Changed, Code, Failure};
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::tool::Act;

#[derive(Serialize, JsonSchema)]
pub struct Moved {
    id: WorkspaceId,
    name: String,
    /// As read back: `provisioning` goes on to `online` or `failed` by itself.
    pub(super) status: String,
    /// How many workspaces it was done to, those below included.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestartWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although tasks run; they are lost.
    #[serde(default)]
    interrupting: bool,
}

impl Act for RestartWorkspace {
    type Answer = Moved;

    fn effect(&self) -> Option<Effect> {
        self.interrupting.then_some(Effect::Destroy)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        restart(fetch_one(&self.workspace_id, call).await?, self.interrupting, call).await
    }
}

pub async fn restart(before: Detail, interrupting: bool, call: &Invocation) -> Result<Moved, Failure> {
    refuse_removed(&before)?;
    refuse_external(&before, "restarting")?;
    refuse_running(&before, before.active_tasks, interrupting, "restarting")?;
    let ask = call.tenant.ask(&RESTART).part("workspace_id", &before.id);
    ask.received().await.map_err(|failure| unnamed(failure, call))?;
    moved(before, None, call).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although tasks run in it or below it; they are lost.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Deserialize)]
struct Paused {
    paused_count: Option<u32>,
}

impl Act for PauseWorkspace {
    type Answer = Moved;

    fn effect(&self) -> Option<Effect> {
        self.interrupting.then_some(Effect::Destroy)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        pause(fetch_one(&self.workspace_id, call).await?, self.interrupting, call).await
    }
}

pub async fn pause(before: Detail, interrupting: bool, call: &Invocation) -> Result<Moved, Failure> {
    refuse_removed(&before)?;
    if before.status == "paused" {
        return Err(Failure::new(Code::Conflict, "it is paused already").next("Nothing needs to be done."));
    }
    let all = fetch_everything(call).await?;
    let below = descendants(&all, &before.id);
    let tasks = before.active_tasks + below.iter().map(|one| one.active_tasks).sum::<u32>();
    refuse_running(&before, tasks, interrupting, "pausing")?;
    let answer: Paused = call.tenant.ask(&PAUSE).part("workspace_id", &before.id).fetch().await?;
    let after = moved(before, answer.paused_count, call).await?;
    if after.status != "paused" {
        return Err(not_done("paused", &after.status));
    }
    Ok(after)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeWorkspace {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Go ahead although tasks are counted in it or below it; they are lost.
    #[serde(default)]
    interrupting: bool,
}

#[derive(Deserialize)]
struct Resumed {
    resumed_count: Option<u32>,
}

impl Act for ResumeWorkspace {
    type Answer = Moved;

    fn effect(&self) -> Option<Effect> {
        self.interrupting.then_some(Effect::Destroy)
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        resume(fetch_one(&self.workspace_id, call).await?, self.interrupting, call).await
    }
}

pub async fn resume(before: Detail, interrupting: bool, call: &Invocation) -> Result<Moved, Failure> {
    refuse_removed(&before)?;
    if before.status != "paused" {
        return Err(Failure::new(Code::Conflict, format!("it is {}, not paused", before.status))
            .next("Only a paused workspace can be resumed; a failed one is restarted."));
    }
    refuse_external(&before, "resuming")?;
    let all = fetch_everything(call).await?;
    let paused: Vec<_> = descendants(&all, &before.id).into_iter().filter(|one| one.status == "paused").collect();
    if let Some(external) = paused.iter().find(|one| one.is_external()) {
        let who = called(&external.name, &external.id);
        return Err(Failure::new(
            Code::Conflict,
            format!("below it is {who}, external; resuming would break that one"),
        )
        .next("Resume the others one by one."));
    }
    let tasks = before.active_tasks + paused.iter().map(|one| one.active_tasks).sum::<u32>();
    refuse_running(&before, tasks, interrupting, "resuming")?;
    let ask = call.tenant.ask(&RESUME).part("workspace_id", &before.id);
    let answer: Resumed = ask.fetch().await.map_err(|failure| unnamed(failure, call))?;
    let after = moved(before, answer.resumed_count, call).await?;
    if after.status == "paused" {
        return Err(not_done("resumed", &after.status));
    }
    Ok(after)
}

/// What it is now. That it was done is known even where this can't be read.
pub(super) async fn moved(before: Detail, count: Option<u32>, call: &Invocation) -> Result<Moved, Failure> {
    let now = patiently(call, || fetch_one(&before.id, call))
        .await
        .map_err(|failure| failure.changed(Changed::Yes).next("It was done; look at the status with get_workspace."))?;
    Ok(Moved { id: before.id, name: before.name, status: now.status, count })
}

/// The tenant names the paused workspace above, which may be others'.
fn unnamed(failure: Failure, call: &Invocation) -> Failure {
    if failure.code() != Code::Conflict || !call.caller.is_bound() {
        return failure;
    }
    Failure::new(Code::Conflict, "a workspace above it is paused").next("That one has to be resumed first.")
}

fn not_done(wanted: &str, status: &str) -> Failure {
    Failure::new(Code::UnexpectedAnswer, format!("the tenant answered `{wanted}`, but it is {status}"))
        .changed(Changed::Unknown)
        .next("Look again with get_workspace in a moment.")
}
