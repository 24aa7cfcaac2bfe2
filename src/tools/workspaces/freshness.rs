//! check_remote_agent_freshness: whether an agent elsewhere is still there. The tenant shows no time of
//! the last heartbeat, only that of the last call outwards; so where that doesn't settle it, one can
//! listen for a heartbeat to change something.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::patience::Patience;
use super::wire::{Detail, fetch_one};
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

const USUAL: u32 = 90;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRemoteAgentFreshness {
    /// From list_remote_agents.
    workspace_id: WorkspaceId,
    /// How recent is fresh, and how long to listen; default 90.
    #[serde(default, deserialize_with = "rounded")]
    threshold_seconds: Option<Whole<1, 600>>,
    /// Wait for a heartbeat where the last call doesn't show it.
    #[serde(default)]
    listen: bool,
}

/// Fractions are rounded up: other servers take them.
fn rounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Whole<1, 600>>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?.map(f64::ceil);
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range is refused all the same")]
    seconds.map(|seconds| Whole::try_from(seconds as i64).map_err(serde::de::Error::custom)).transpose()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Freshness {
    Fresh,
    Stale,
    Unknown,
}

#[derive(Serialize, JsonSchema)]
pub struct Checked {
    workspace_id: WorkspaceId,
    status: String,
    freshness: Freshness,
    /// What that rests on.
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_outbound_at: Option<DateTime<Utc>>,
    threshold_seconds: u32,
}

impl Act for CheckRemoteAgentFreshness {
    type Answer = Checked;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let threshold = self.threshold_seconds.map_or(USUAL, |seconds| u32::try_from(seconds.get()).unwrap_or(USUAL));
        let seen = fetch_one(&self.workspace_id, call).await?;
        let (freshness, why) = judge(&seen, threshold, call.now);
        if freshness != Freshness::Unknown || !self.listen {
            return Ok(checked(seen, freshness, why, threshold));
        }
        listen(seen, threshold, call).await
    }
}

/// What one look says.
fn judge(seen: &Detail, threshold: u32, now: DateTime<Utc>) -> (Freshness, String) {
    if !matches!(seen.status.as_str(), "online" | "degraded" | "provisioning") {
        return (Freshness::Stale, format!("it is {}", seen.status));
    }
    match seen.last_outbound_at.map(|last| now - last) {
        Some(age) if age <= TimeDelta::seconds(threshold.into()) => {
            (Freshness::Fresh, format!("it called out {} s ago", age.num_seconds().max(0)))
        }
        Some(age) => (
            Freshness::Unknown,
            format!("its last call out was {} s ago, which an idle agent may do; `listen` tells", age.num_seconds()),
        ),
        None => (Freshness::Unknown, "nothing shows when it was last heard; `listen` tells".to_owned()),
    }
}

/// A heartbeat shows by what it changes; one that reports the very same can't be told.
async fn listen(first: Detail, threshold: u32, call: &Invocation) -> Result<Checked, Failure> {
    let mut patience = Patience::of(threshold.into());
    let mut seen = first.clone();
    while patience.rest().await {
        seen = fetch_one(&first.id, call).await?;
        if let Some(sign) = sign(&first, &seen) {
            let why = format!("after {} s its {sign} changed", patience.seconds());
            return Ok(checked(seen, Freshness::Fresh, why, threshold));
        }
        call.progress.step(patience.whole_seconds(), Some(threshold), "nothing heard yet");
    }
    let why = format!("nothing changed in {threshold} s of listening (a heartbeat that reports the same isn't seen)");
    Ok(checked(seen, Freshness::Stale, why, threshold))
}

/// What differs that only its agent can have changed.
fn sign(before: &Detail, now: &Detail) -> Option<&'static str> {
    let signs = [
        ("uptime", before.uptime_seconds != now.uptime_seconds),
        ("last call out", before.last_outbound_at != now.last_outbound_at),
        ("number of tasks", before.active_tasks != now.active_tasks),
        ("error rate", before.last_error_rate.to_bits() != now.last_error_rate.to_bits()),
        ("status", before.status != now.status && matches!(now.status.as_str(), "online" | "degraded")),
    ];
    signs.into_iter().find(|(_, differs)| *differs).map(|(sign, _)| sign)
}

fn checked(seen: Detail, freshness: Freshness, why: String, threshold_seconds: u32) -> Checked {
    Checked {
        workspace_id: seen.id,
        status: seen.status,
        last_outbound_at: seen.last_outbound_at,
        freshness,
        why,
        threshold_seconds,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(status: &str, silent: Option<i64>, now: DateTime<Utc>) -> Detail {
        let last = silent.map(|seconds| now - TimeDelta::seconds(seconds));
        let id = "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc";
        serde_json::from_value(json!({ "id": id, "name": "A", "status": status, "last_outbound_at": last })).unwrap()
    }

    #[test]
    fn only_a_recent_call_or_a_dead_status_settles_it_at_once() {
        let now = Utc::now();
        for (status, silent, freshness) in [
            ("online", Some(5), Freshness::Fresh),
            ("degraded", Some(90), Freshness::Fresh),
            ("online", Some(91), Freshness::Unknown),
            ("online", None, Freshness::Unknown),
            ("provisioning", None, Freshness::Unknown),
            ("offline", Some(5), Freshness::Stale),
            ("removed", None, Freshness::Stale),
        ] {
            assert_eq!(judge(&seen(status, silent, now), 90, now).0, freshness, "{status} {silent:?}");
        }
    }

    #[test]
    fn a_heartbeat_is_what_changes_something() {
        let now = Utc::now();
        let before = seen("offline", Some(500), now);
        assert_eq!(sign(&before, &before), None);
        assert_eq!(sign(&before, &seen("paused", Some(500), now)), None, "not the agent's doing");
        assert_eq!(sign(&before, &seen("online", Some(500), now)), Some("status"));
        assert_eq!(sign(&before, &Detail { uptime_seconds: 7, ..before.clone() }), Some("uptime"));
    }
}
