//! What everybody sees stays when a workspace is only removed, and would be there twice.

use std::collections::BTreeSet;

use super::super::capsule::Memory;
use crate::failure::Failure;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::memory::EXPORT;

pub(super) const GLOBAL: &str = "GLOBAL";

/// The GLOBAL memories that are there now, where some of these would be.
pub(super) async fn shared_memories(kept: &[Memory], call: &Invocation) -> Result<BTreeSet<String>, Failure> {
    if kept.iter().all(|one| one.scope != GLOBAL) {
        return Ok(BTreeSet::new());
    }
    let all: Vec<Memory> = patiently(call, || call.tenant.ask(&EXPORT).fetch()).await?;
    Ok(all.into_iter().filter(|one| one.scope == GLOBAL).map(|one| one.content).collect())
}
