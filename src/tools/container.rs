//! What needs a workspace's running container: chat files, plugins. The tenant refuses some of it and
//! answers an empty list for the rest; either way this says why, and what to do.

use super::workspaces::wire::{Detail, called};
use crate::failure::{Code, Failure};

pub fn runs(one: &Detail) -> bool {
    !one.is_external() && matches!(one.status.as_str(), "online" | "degraded")
}

/// Why nothing in its container can be looked at or changed.
pub fn not_running(one: &Detail) -> Failure {
    let who = called(&one.name, &one.id);
    if one.is_external() {
        return Failure::new(Code::NotSupported, format!("{who} is external: the tenant has no container of it"))
            .next("Do it where that agent runs; this tenant can't.");
    }
    let next = match one.status.as_str() {
        "removed" => return Failure::new(Code::NotFound, "that workspace was removed"),
        "paused" => "Start it with resume_workspace, then call again.",
        "provisioning" => "Wait until get_workspace says `online`, then call again.",
        _ => "Start it with restart_workspace, then call again.",
    };
    let told = format!("the container of {who} isn't running; its status is `{}`", one.status);
    Failure::new(Code::PreconditionFailed, told).next(next)
}
