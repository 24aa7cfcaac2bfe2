//! Undo capsules: what workspaces were, saved before they are deleted, for restore_workspace. The fields and
//! the configuration must be had, or nothing is deleted. What the tenant can't give of the rest is named as
//! missing; what it might give in a moment (it is too busy, or away) holds the deletion up.

mod contents;
mod files;
mod gather;
mod memories;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

pub use contents::*;

use super::wire::Workspace;
use crate::capsules::{Label, Named};
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::{each_told, patiently};

/// Parts that are named in an answer.
const NAMED: usize = 20;

/// A capsule that is on the disk.
#[derive(Serialize, JsonSchema)]
pub struct Saved {
    /// restore_workspace takes it.
    pub capsule: String,
    /// Until when; absent: until the operator takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<DateTime<Utc>>,
    /// What isn't in it, and why; 20 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_in_capsule: Vec<String>,
}

/// Saves these. Without a capsule nothing is deleted.
pub(super) async fn save(lost: Vec<WorkspaceId>, call: &Invocation) -> Result<Saved, Failure> {
    let shared = gather::Shared::fetch(call).await?;
    let kept: Result<Vec<Kept>, Failure> =
        each_told(call, "what is kept of each workspace", lost.iter().map(|id| gather::keep(id, &shared, call)))
            .await
            .into_iter()
            .collect();
    let workspaces = parents_first(kept?);
    let not_in_capsule = missing(&workspaces);
    let capsule = Capsule { version: VERSION, invocation: call.id.to_string(), at: call.now, workspaces };
    let content = serde_json::to_vec(&capsule)
        .map_err(|error| Failure::new(Code::Internal, "a capsule can't be written").operator(error.to_string()))?;
    let label = label(&capsule, content.len(), call);
    let saved = Saved { capsule: label.id.clone(), kept_until: label.until, not_in_capsule };
    call.server.capsules.keep(label, content).await?;
    let _ = call.capsule.set(saved.capsule.clone());
    if let Err(failure) = call.server.capsules.prune(call.now).await {
        tracing::warn!(%failure, "old capsules weren't taken away");
    }
    Ok(saved)
}

/// What came while the others were saved is in no capsule, and nobody agreed to lose it.
pub(super) fn refuse_others(saved: &[&Workspace], now: &[&Workspace]) -> Result<(), Failure> {
    let ids = |of: &[&Workspace]| -> BTreeSet<WorkspaceId> { of.iter().map(|one| one.id.clone()).collect() };
    if ids(saved) == ids(now) {
        return Ok(());
    }
    Err(Failure::new(Code::Conflict, "what is below it changed while it was being saved")
        .next("Look at list_workspaces, tell the person, then call again if it should all go."))
}

fn label(capsule: &Capsule, size: usize, call: &Invocation) -> Label {
    let days = call.rules.keep_days.map(|days| TimeDelta::days(days.into()));
    Label {
        id: capsule.invocation.clone(),
        made: capsule.at,
        until: days.and_then(|days| capsule.at.checked_add_signed(days)),
        workspaces: capsule
            .workspaces
            .iter()
            .map(|kept| Named { id: kept.workspace.id.to_string(), name: kept.workspace.name.clone() })
            .collect(),
        size: size as u64,
    }
}

/// In this order each finds its parent made already. A circle of parents comes as it is.
fn parents_first(mut left: Vec<Kept>) -> Vec<Kept> {
    let mut sorted: Vec<Kept> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |one: &Kept| {
            let above = one.workspace.parent_id.as_ref();
            left.iter().any(|other| Some(&other.workspace.id) == above && other.workspace.id != one.workspace.id)
        };
        let next = left.iter().position(|one| !waits(one)).unwrap_or(0);
        sorted.push(left.remove(next));
    }
    sorted
}

fn missing(workspaces: &[Kept]) -> Vec<String> {
    let all = workspaces.iter().flat_map(|kept| kept.missing.iter().map(|part| (&kept.workspace.name, part)));
    all.take(NAMED).map(|(name, part)| format!("{name}: {}: {}", part.what, part.why)).collect()
}

/// One part: what the tenant can't give is noted, and what it may give in a moment fails.
async fn part<T: Default, F>(
    what: &str,
    missing: &mut Vec<Missing>,
    call: &Invocation,
    ask: impl FnMut() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    match patiently(call, ask).await {
        Err(failure) if !is_passing(failure.code()) => {
            missing.push(Missing { what: what.to_owned(), why: failure.message().to_owned() });
            Ok(T::default())
        }
        settled => settled,
    }
}

fn is_passing(code: Code) -> bool {
    matches!(code, Code::RateLimited | Code::TenantUnreachable | Code::TenantTimeout | Code::Cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(n: u8, parent: Option<u8>) -> Kept {
        let id = |n: u8| format!("00000000-0000-4000-8000-{n:012}");
        serde_json::from_value(json!({
            "workspace": { "id": id(n), "name": "x", "status": "online", "parent_id": parent.map(id) },
            "config": {}, "model": null, "files": [], "schedules": [], "channels": [], "memories": [], "values": [],
            "secrets": [], "plugins": [], "instructions": [], "missing": [],
        }))
        .unwrap()
    }

    #[test]
    fn whoever_stood_above_comes_first_and_a_circle_ends() {
        let order = |all: Vec<Kept>| -> Vec<char> {
            parents_first(all).iter().filter_map(|one| one.workspace.id.as_str().chars().last()).collect()
        };
        assert_eq!(
            order(vec![kept(3, Some(2)), kept(2, Some(1)), kept(4, Some(9)), kept(1, None)]),
            ['4', '1', '2', '3']
        );
        assert_eq!(order(vec![kept(1, Some(2)), kept(2, Some(1))]).len(), 2);
    }
}
