//! What several tools refuse before they touch a workspace: what the tenant would break, bring back, or
//! throw away without asking.

use super::wire::{Detail, called, fetch_one};
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;

/// One that is there and wasn't removed: most routes take a removed one as if nothing were.
pub(super) async fn living(id: &WorkspaceId, call: &Invocation) -> Result<Detail, Failure> {
    let one = fetch_one(id, call).await?;
    refuse_removed(&one)?;
    Ok(one)
}

/// For what is meant for a workspace that lives, and needs nothing of it.
pub async fn confirm_lives(id: &WorkspaceId, call: &Invocation) -> Result<(), Failure> {
    living(id, call).await.map(|_| ())
}

pub(super) fn refuse_removed(one: &Detail) -> Result<(), Failure> {
    if one.status == "removed" {
        // The tenant would bring it back, half.
        return Err(Failure::new(Code::NotFound, "that workspace was removed"));
    }
    Ok(())
}

pub(super) fn refuse_external(one: &Detail, doing: &str) -> Result<(), Failure> {
    if !one.is_external() {
        return Ok(());
    }
    let who = called(&one.name, &one.id);
    Err(Failure::new(
        Code::Conflict,
        format!("{who} is external: {doing} it here would lose its address and end in `failed`"),
    )
    .next("Start it where it runs; it registers again by itself."))
}

pub fn refuse_running(one: &Detail, tasks: u32, interrupting: bool, doing: &str) -> Result<(), Failure> {
    if tasks == 0 || interrupting {
        return Ok(());
    }
    let who = called(&one.name, &one.id);
    Err(Failure::new(Code::Conflict, format!("{doing} {who} would lose {tasks} running task(s)"))
        .next("Wait until they are done, or, if the person agrees to lose them, call again with `interrupting: true`."))
}
