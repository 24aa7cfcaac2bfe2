//! What a decision of the policy costs: every tool to every effect, for a caller without a grant and for one
//! whose grant stands under another and is bound to a subtree.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::binding::{Binding, Lineage};
use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::policy::target::{Reach, Target};
use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::ids::WorkspaceId;
use molecule_org_mcp::transport::caller::{Caller, Door};

use super::Outcome;

const ROUNDS: usize = 200;

/// Microseconds a decision, a value a round.
pub fn measure() -> Outcome<Vec<f64>> {
    let (rules, catalogue, now) = (Rules::default(), Catalogue::new(), Utc::now());
    let [top, leaf] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"]
        .map(|id| WorkspaceId::try_from(id.to_owned()));
    let (top, leaf) = (top?, leaf?);
    let parent = grant(Role::Admin, None, None);
    let below = Binding { subtrees: BTreeSet::from([top.clone()]), ..Binding::default() };
    let child = grant(Role::Owner, Some(below), Some(Arc::new(parent)));
    let callers = [Caller::terminal(), Caller::holding(Arc::new(child), Door::Http)];
    let target = Target { reach: Reach::Named, places: vec![Lineage { id: leaf, above: vec![top] }] };
    let decisions = callers.len() * catalogue.entries().len() * Effect::ALL.len();
    let round = || {
        let begun = Instant::now();
        for caller in &callers {
            for entry in catalogue.entries() {
                for effect in Effect::ALL {
                    black_box(rules.decide(black_box(caller), entry, effect, Some(&target), now));
                }
            }
        }
        begun.elapsed().as_secs_f64() * 1e6 / decisions as f64
    };
    Ok((0..ROUNDS).map(|_| round()).collect())
}

fn grant(role: Role, binding: Option<Binding>, parent: Option<Arc<Grant>>) -> Grant {
    Grant {
        id: "g".to_owned(),
        name: "g".to_owned(),
        role,
        binding,
        toolsets: None,
        expires: None,
        read_only: false,
        own_workspace: None,
        person: None,
        parent,
    }
}
