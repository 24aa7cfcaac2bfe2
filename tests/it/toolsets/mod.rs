//! Every toolset against the embedded tenant: a scene a toolset, and one play of them all, after which
//! each tool of the catalogue has been called for real.

mod agents;
mod artifacts;
mod budgets;
mod channels;
mod checkpoints;
pub mod files;
mod fleet;
mod instructions;
mod memory;
mod org;
mod platform;
mod plugins;
mod schedules;
mod secrets;
mod workspaces;

use std::collections::BTreeSet;

use molecule_org_mcp::tools::catalogue::Catalogue;

use crate::resources::cut;
use crate::support::{House, Plan};
use crate::{jobs, key_trees, road, surface};

/// Tools that the embedded tenant can't let succeed; each scene calls them and looks at the refusal.
const REFUSED: [&str; 7] = [
    // It has no control plane.
    "get_console",
    // It refuses every path, as the platform does.
    "delete_file",
    // Its org keys are bound to no organisation.
    "get_plugin_allowlist",
    "set_plugin_allowlist",
    // It isn't configured for them.
    "create_artifact_repo",
    "get_artifact_repo",
    "fork_artifact_repo",
];

/// What was called over all houses.
#[derive(Default)]
struct Played {
    done: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Played {
    async fn add(&mut self, house: House) {
        house.is_balanced().await;
        self.done.extend(house.done());
        self.refused.extend(house.refused());
    }
}

/// Each scene in a house of its own.
macro_rules! play {
    ($($scene:path),* $(,)?) => {{
        let mut played = Played::default();
        $(
            let house = House::open(Plan { seeded: true, ..Plan::default() });
            $scene(&house).await;
            played.add(house).await;
        )*
        played
    }};
}

#[tokio::test]
async fn every_tool_runs() {
    let mut played = play!(
        road::scene,
        key_trees::scene,
        surface::scene,
        workspaces::scene,
        org::scene,
        secrets::scene,
        budgets::scene,
        schedules::scene,
        channels::scene,
        agents::scene,
        memory::scene,
        files::scene,
        plugins::scene,
        instructions::scene,
        checkpoints::scene,
        artifacts::scene,
        fleet::scene,
        platform::scene,
        cut::scene,
        jobs::scene,
    );
    let catalogue = Catalogue::new();
    let tools = catalogue.entries().iter().filter(|entry| entry.tool.calls.is_none());
    let all: BTreeSet<String> = tools.map(|entry| entry.tool.name.to_owned()).collect();
    for tool in REFUSED {
        assert!(played.refused.contains(tool) && played.done.insert(tool.to_owned()), "{tool} works");
    }
    let missing: Vec<&String> = all.difference(&played.done).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
}
