//! The channels of an imported workspace. One that the platform would not take is left out and named in
//! the answer with the reason.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::channels::{self, NewChannel};
use super::super::platform::Platform;
use super::template::{Channel, Wanted};

/// Types that were kept, and what was skipped.
pub(super) fn insert(
    rows: &Connection,
    platform: &Platform,
    workspace: &str,
    wanted: &Wanted,
) -> (Vec<Value>, Vec<Value>) {
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    for channel in &wanted.channels {
        match insert_one(rows, platform, workspace, channel) {
            Ok(()) => kept.push(channel.kind.as_str().into()),
            Err(reason) => {
                skipped.push(json!({ "workspace": wanted.name, "type": channel.kind, "reason": reason }));
            }
        }
    }
    (kept, skipped)
}

fn insert_one(rows: &Connection, platform: &Platform, workspace: &str, channel: &Channel) -> Result<(), String> {
    let unset: Vec<&str> = channel.config.values().filter_map(Value::as_str).filter(|text| is_variable(text)).collect();
    if !unset.is_empty() {
        return Err(format!("missing env: [{}]", unset.join(" ")));
    }
    channels::check(&channel.kind, &channel.config)?;
    let new = NewChannel {
        kind: &channel.kind,
        config: channel.config.clone(),
        allowed_users: None,
        enabled: channel.enabled.unwrap_or(true),
    };
    let made = channels::insert(rows, platform, Some(workspace), new);
    made.map(drop).map_err(|_| "failed to create channel".to_owned())
}

/// The tenant has no environment of its own to fill these from.
fn is_variable(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}')
}
