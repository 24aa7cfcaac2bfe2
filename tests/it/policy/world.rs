//! What decisions are tried on: an organisation of five workspaces, callers with grants, calls.

use chrono::{DateTime, TimeZone, Utc};
use molecule_org_mcp::policy::binding::{Binding, Tree};
use molecule_org_mcp::policy::target::Target;
use molecule_org_mcp::policy::{Decision, Rules};
use molecule_org_mcp::tools::catalogue::{Catalogue, Entry};
use molecule_org_mcp::tools::effect::Effect;
use molecule_org_mcp::tools::ids::WorkspaceId;
use molecule_org_mcp::transport::caller::Caller;
use serde_json::{Map, json};

/// One above two, two above three; four above five.
const ABOVE: [(u8, u8); 3] = [(2, 1), (3, 2), (5, 4)];
pub const WORKSPACES: std::ops::RangeInclusive<u8> = 1..=5;
/// Nothing stands below it.
pub const LEAF: u8 = 3;

pub fn id(n: u8) -> WorkspaceId {
    WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()
}

pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

pub fn bound_to(workspaces: impl IntoIterator<Item = u8>) -> Option<Binding> {
    Some(Binding { workspaces: workspaces.into_iter().map(id).collect(), ..Binding::default() })
}

/// A way to use a tool.
pub struct Use<'a> {
    pub entry: &'a Entry,
    pub effect: Effect,
    /// None: on whatever there may be.
    pub target: Option<Target>,
}

impl<'a> Use<'a> {
    pub fn of(entry: &'a Entry, effect: Effect, workspace: u8) -> Self {
        let tree =
            WORKSPACES.map(|n| (id(n), ABOVE.iter().find(|(below, _)| *below == n).map(|(_, above)| id(*above))));
        let arguments = Map::from_iter([("workspace_id".to_owned(), json!(id(workspace).to_string()))]);
        Self { entry, effect, target: Some(Target::of(entry.tool.reach, &arguments, &Tree::new(tree))) }
    }

    pub fn decide(&self, rules: &Rules, caller: &Caller) -> Decision {
        rules.decide(caller, self.entry, self.effect, self.target.as_ref(), now())
    }

    pub fn may(&self, rules: &Rules, caller: &Caller) -> bool {
        matches!(self.decide(rules, caller), Decision::Allowed(_))
    }
}

/// The mildest and the heaviest; one, where they are the same.
pub fn effects(entry: &Entry) -> Vec<Effect> {
    let mut both = vec![entry.tool.least, entry.tool.most];
    both.dedup();
    both
}

/// Each tool to each effect, on nothing in particular and on each workspace.
pub fn uses(catalogue: &Catalogue) -> Vec<Use<'_>> {
    let of = |entry, effect| {
        let general = Use { entry, effect, target: None };
        std::iter::once(general).chain(WORKSPACES.map(move |n| Use::of(entry, effect, n)))
    };
    let entries = catalogue.entries().iter();
    entries.flat_map(|entry| effects(entry).into_iter().flat_map(move |effect| of(entry, effect))).collect()
}
