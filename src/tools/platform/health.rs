//! get_platform_health.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HEALTH, LIVENESS};
use crate::failure::Failure;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

/// Its loops go round every half minute.
const LATE_AFTER_SECONDS: i64 = 120;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPlatformHealth {}

#[derive(Serialize, JsonSchema)]
pub struct PlatformHealth {
    /// `ok` when the server answers.
    status: String,
    answered_in_ms: u64,
    /// Background work, as far as it has started since the server did.
    subsystems: Vec<Subsystem>,
    /// Why nothing is known of the background work.
    #[serde(skip_serializing_if = "Option::is_none")]
    subsystems_unknown: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Subsystem {
    name: String,
    last_tick_at: DateTime<Utc>,
    seconds_ago: i64,
    /// Silent for two minutes or more.
    is_late: bool,
}

#[derive(Deserialize)]
struct Health {
    status: String,
}

#[derive(Deserialize)]
struct Liveness {
    subsystems: BTreeMap<String, Tick>,
}

#[derive(Deserialize)]
struct Tick {
    last_tick_at: DateTime<Utc>,
    seconds_ago: i64,
}

impl Act for GetPlatformHealth {
    type Answer = PlatformHealth;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let asked = Instant::now();
        let health: Health = call.tenant.ask(&HEALTH).fetch().await?;
        let answered_in_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A server that answers is worth telling, whatever it says of its loops.
        let (subsystems, subsystems_unknown) = match call.tenant.ask(&LIVENESS).fetch::<Liveness>().await {
            Ok(liveness) => (liveness.subsystems.into_iter().map(subsystem).collect(), None),
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        Ok(PlatformHealth { status: health.status, answered_in_ms, subsystems, subsystems_unknown })
    }
}

fn subsystem((name, tick): (String, Tick)) -> Subsystem {
    let is_late = tick.seconds_ago >= LATE_AFTER_SECONDS;
    Subsystem { name, last_tick_at: tick.last_tick_at, seconds_ago: tick.seconds_ago, is_late }
}
