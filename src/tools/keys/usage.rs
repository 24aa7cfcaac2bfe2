//! What this server did with its keys, as the journal has it. Keys that it never held aren't in there.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::list::OrgKey;
use crate::failure::Failure;
use crate::tools::invocation::Invocation;

/// How far back it is looked, by time and by entries of the journal.
const PERIOD: TimeDelta = TimeDelta::days(30);
const ENTRIES: u64 = 100_000;
/// Tools named of each key.
const TOOLS: usize = 5;

#[derive(Serialize, JsonSchema)]
pub struct Usage {
    /// Nothing before this was looked at.
    since: DateTime<Utc>,
    /// Nor more than so many of the newest entries of the journal; a call has two.
    entries: u64,
    /// Live keys that this server worked with.
    keys: Vec<KeyUsage>,
}

#[derive(Default, Serialize, JsonSchema)]
struct KeyUsage {
    prefix: String,
    calls: u64,
    /// Of these calls; refusals count.
    failures: u64,
    last: String,
    /// The five most used, with their calls.
    tools: BTreeMap<String, u64>,
}

pub(super) async fn usage(keys: &[OrgKey], call: &Invocation) -> Result<Usage, Failure> {
    let since = call.now - PERIOD;
    let counted = call.server.journal.usage(since, ENTRIES).await?;
    let mut by_key: BTreeMap<&str, KeyUsage> = BTreeMap::new();
    // The most used tools first.
    for tool in &counted {
        let Some(key) = keys.iter().find(|key| key.prefix == tool.key_prefix) else { continue };
        let usage = by_key.entry(&key.prefix).or_default();
        usage.calls += tool.calls;
        usage.failures += tool.failures;
        usage.last = usage.last.clone().max(tool.last.clone());
        if usage.tools.len() < TOOLS {
            usage.tools.insert(tool.tool.clone(), tool.calls);
        }
    }
    let keys = by_key.into_iter().map(|(prefix, usage)| KeyUsage { prefix: prefix.to_owned(), ..usage }).collect();
    Ok(Usage { since, entries: ENTRIES, keys })
}
