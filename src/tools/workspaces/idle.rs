//! find_idle_workspaces: "tell me which ones are idle", in one call.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ACTIVITY;
use super::wire::{Workspace, fetch_all, fetch_one};
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::each_told;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindIdleWorkspaces {
    /// Silent for at least this long; default 60.
    minutes: Option<Whole<1, 525_600>>,
}

#[derive(Serialize, JsonSchema)]
pub struct IdleWorkspaces {
    /// Longest silent first.
    items: Vec<IdleLine>,
    count: usize,
    /// Running and without a task, but nothing shows when they last did something.
    unknown: Vec<Unknown>,
    /// Running workspaces that are busy or were active lately.
    active: usize,
    /// Workspaces that aren't running, and so aren't judged.
    not_running: usize,
}

#[derive(Serialize, JsonSchema)]
struct IdleLine {
    id: WorkspaceId,
    name: String,
    status: String,
    last_active_at: DateTime<Utc>,
    idle_minutes: i64,
}

#[derive(Serialize, JsonSchema)]
struct Unknown {
    id: WorkspaceId,
    name: String,
}

/// What can be said of one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    NotRunning,
    Active,
    Since(DateTime<Utc>),
    Unknown,
}

#[derive(Deserialize)]
struct Activity {
    created_at: DateTime<Utc>,
}

impl Act for FindIdleWorkspaces {
    type Answer = IdleWorkspaces;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let all = fetch_all(call).await?;
        let judged = judge(&all, TimeDelta::minutes(self.minutes.map_or(60, Whole::get)), call).await?;
        let mut answer = IdleWorkspaces { items: vec![], count: 0, unknown: vec![], active: 0, not_running: 0 };
        for (one, idle) in judged {
            match idle {
                Idle::NotRunning => answer.not_running += 1,
                Idle::Active => answer.active += 1,
                Idle::Unknown => answer.unknown.push(Unknown { id: one.id.clone(), name: one.name.clone() }),
                Idle::Since(last) => answer.items.push(IdleLine {
                    id: one.id.clone(),
                    name: one.name.clone(),
                    status: one.status.clone(),
                    last_active_at: last,
                    idle_minutes: (call.now - last).num_minutes(),
                }),
            }
        }
        answer.items.sort_by_key(|line| line.last_active_at);
        answer.count = answer.items.len();
        Ok(answer)
    }
}

/// Judges each workspace; only those that run and have no task are asked about, several at once.
pub async fn judge<'a>(
    all: &'a [Workspace],
    silence: TimeDelta,
    call: &Invocation,
) -> Result<Vec<(&'a Workspace, Idle)>, Failure> {
    let asked = all.iter().map(async |one| {
        if !one.is_running() {
            return Ok((one, Idle::NotRunning));
        }
        if one.active_tasks > 0 {
            return Ok((one, Idle::Active));
        }
        match last_sign(&one.id, call).await {
            Ok(last) => Ok((one, verdict(last, silence, call.now))),
            // Deleted since it was listed.
            Err(failure) if failure.code() == Code::NotFound => Ok((one, Idle::NotRunning)),
            Err(failure) => Err(failure),
        }
    });
    each_told(call, "when each was last heard of", asked).await.into_iter().collect()
}

fn verdict(last: Option<DateTime<Utc>>, silence: TimeDelta, now: DateTime<Utc>) -> Idle {
    match last {
        None => Idle::Unknown,
        Some(last) if now - last >= silence => Idle::Since(last),
        Some(_) => Idle::Active,
    }
}

/// The newer of its last call outwards and its last entry in the activity log.
async fn last_sign(id: &WorkspaceId, call: &Invocation) -> Result<Option<DateTime<Utc>>, Failure> {
    let log = call.tenant.ask(&ACTIVITY).part("workspace_id", id).query("limit", 1).fetch::<Vec<Activity>>();
    let (detail, log) = tokio::try_join!(fetch_one(id, call), log)?;
    Ok(log.first().map(|entry| entry.created_at).max(detail.last_outbound_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_to_the_minute() {
        let now = Utc::now();
        let hour = TimeDelta::minutes(60);
        let ago = |minutes| Some(now - TimeDelta::minutes(minutes));
        assert_eq!(verdict(None, hour, now), Idle::Unknown);
        assert_eq!(verdict(ago(59), hour, now), Idle::Active);
        assert!(matches!(verdict(ago(60), hour, now), Idle::Since(_)));
    }
}
