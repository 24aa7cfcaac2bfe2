//! Moving what was imported as a root to where it belongs: below its parent, and off its mark. Both go in one
//! request; if the tenant writes only the first, the mark still says what is left to do.

use std::collections::BTreeMap;

use serde_json::json;

use crate::failure::{Changed, Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::org::live::{Live, place};
use crate::tools::org::plan::Plan;
use crate::tools::org::template::Spot;
use crate::tools::workspaces::{UPDATE, fetch_one};

/// Where things stand on the canvas while they are moved.
pub(super) struct Places<'a> {
    plan: &'a Plan<'a>,
    live: &'a Live,
    /// By node.
    moved: BTreeMap<usize, Spot>,
    /// Children that a node has got from us.
    given: BTreeMap<usize, usize>,
}

impl<'a> Places<'a> {
    pub fn new(plan: &'a Plan<'a>, live: &'a Live) -> Self {
        Self { plan, live, moved: BTreeMap::new(), given: BTreeMap::new() }
    }

    pub async fn settle(&mut self, at: usize, ids: &[Option<WorkspaceId>], call: &Invocation) -> Result<(), Failure> {
        let nowhere = || Failure::new(Code::Internal, "a workspace that goes below none was to be moved");
        let node = self.plan.nodes.get(at).ok_or_else(nowhere)?;
        let id = |at: usize| ids.get(at).and_then(Option::as_ref);
        let above = node.parent.ok_or_else(nowhere)?;
        let (own, parent) = id(at).zip(id(above)).ok_or_else(nowhere)?;
        let spot = node.wanted.canvas.or_else(|| self.next_below(above)).ok_or_else(nowhere)?;
        let body = json!({ "parent_id": parent, "x": spot.x, "y": spot.y });
        patiently(call, || call.tenant.ask(&UPDATE).part("workspace_id", own).body(&body).received()).await?;
        let now = patiently(call, || fetch_one(own, call)).await?;
        if now.parent_id.as_ref() != Some(parent) || (now.x, now.y) != (spot.x, spot.y) {
            return Err(Failure::new(Code::UnexpectedAnswer, "the tenant answered `updated`, but didn't move it")
                .changed(Changed::Unknown));
        }
        self.moved.insert(at, spot);
        Ok(())
    }

    fn next_below(&mut self, above: usize) -> Option<Spot> {
        let parent = self.live.get(self.plan.found(above)?)?;
        let place = self.moved.get(&above).copied().unwrap_or_else(|| place(parent));
        let given = self.given.entry(above).or_default();
        let slot = self.live.below(Some(&parent.id)).count() + *given;
        *given += 1;
        Some(slot_below(place, slot))
    }
}

/// Where the tenant itself puts children: in two columns inside their parent's frame.
fn slot_below(parent: Spot, slot: usize) -> Spot {
    let slot = u32::try_from(slot).unwrap_or(u32::MAX);
    Spot { x: parent.x + 16.0 + f64::from(slot % 2) * 254.0, y: parent.y + 130.0 + f64::from(slot / 2) * 144.0 }
}
