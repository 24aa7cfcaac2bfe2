//! The chains in an export: what stands in it must be whole by itself, from the first entry or from the
//! checkpoint behind which others were pruned.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::super::key::PublicKey;
use super::super::transfer::Line;
use super::kept::lines;
use super::walk::Walk;
use super::{Kept, Report};

pub fn all(from: impl BufRead, key: Option<PublicKey>, kept: &Kept) -> Report {
    let begun = |tenant: &str| Walk::new(tenant, key, kept.of(tenant));
    let mut walks: BTreeMap<String, Walk> = kept.tenants().map(|tenant| (tenant.clone(), begun(tenant))).collect();
    let mut problem = None;
    for line in lines(from) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                problem = Some(error);
                break;
            }
        };
        let tenant = match &line {
            Line::Entry(entry) => &entry.tenant,
            Line::Checkpoint(checkpoint) => &checkpoint.tenant,
            Line::Pruning(pruning) => &pruning.tenant,
        };
        if !walks.contains_key(tenant) {
            walks.insert(tenant.clone(), begun(tenant));
        }
        let Some(walk) = walks.get_mut(tenant) else { continue };
        walk.take(|walk| match line {
            Line::Entry(entry) => walk.entry(&entry),
            Line::Checkpoint(checkpoint) => walk.checkpoint(&checkpoint),
            Line::Pruning(pruning) => walk.pruning(pruning),
        });
    }
    Report::of(walks.into_values().map(Walk::end).collect(), problem)
}
