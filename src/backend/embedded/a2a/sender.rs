//! On whose behalf a message is sent. Without the header that names a workspace nothing is asked, not
//! even a bearer; a workspace shows its own token, if it has one, unless it speaks to itself.

use std::sync::Arc;

use axum::http::HeaderMap;

use super::super::answer::{Refusal, forbidden};
use super::super::platform::Platform;
use super::super::{guard, ids};

/// What only the platform calls itself.
const RESERVED: [&str; 4] = ["system:", "webhook:", "test:", "channel:"];

#[derive(Clone)]
pub(crate) enum Sender {
    /// Somebody at the canvas: whoever names no workspace.
    Canvas,
    Workspace(String),
    /// Its schedules, and what waited in the queue without a sender.
    Platform,
}

impl Sender {
    pub(super) async fn of(platform: &Arc<Platform>, target: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        let named = headers.get("x-workspace-id").and_then(|value| value.to_str().ok()).unwrap_or("");
        if named.is_empty() {
            return Ok(Self::Canvas);
        }
        if RESERVED.iter().any(|prefix| named.starts_with(prefix)) {
            return Err(forbidden("invalid caller ID"));
        }
        // what is no id is nobody's kin, and refused by that
        let Some(id) = ids::canonical(named) else { return Ok(Self::Workspace(named.to_owned())) };
        if ids::canonical(target).as_ref() != Some(&id) {
            guard::caller_token(platform, &id, guard::bearer(headers)).await?;
        }
        Ok(Self::Workspace(id))
    }

    pub(super) fn workspace(&self) -> Option<&str> {
        match self {
            Self::Workspace(id) => Some(id),
            Self::Canvas | Self::Platform => None,
        }
    }
}
