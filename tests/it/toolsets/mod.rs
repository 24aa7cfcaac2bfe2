//! Every toolset against the embedded tenant: a scene a toolset, and one play of them all, after which
//! each tool of the catalogue has been called for real.

mod agents;
mod artifacts;
mod budgets;
mod channels;
mod checkpoints;
mod files;
mod instructions;
mod memory;
mod org;
mod platform;
mod plugins;
mod schedules;
mod secrets;
mod workspaces;

use std::collections::BTreeSet;

use crate::road;
use crate::support::{House, Plan};

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

#[tokio::test]
async fn every_tool_runs() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    road::scene(&house).await;
    workspaces::scene(&house).await;
    org::scene(&house).await;
    secrets::scene(&house).await;
    budgets::scene(&house).await;
    schedules::scene(&house).await;
    channels::scene(&house).await;
    agents::scene(&house).await;
    memory::scene(&house).await;
    files::scene(&house).await;
    plugins::scene(&house).await;
    instructions::scene(&house).await;
    checkpoints::scene(&house).await;
    artifacts::scene(&house).await;
    platform::scene(&house).await;
    house.call("find_tools", serde_json::json!({ "query": "anything" })).await;
    let catalogue = house.dispatch.server().catalogue.entries();
    let tools = catalogue.iter().filter(|entry| entry.tool.calls.is_none());
    let all: BTreeSet<String> = tools.map(|entry| entry.tool.name.to_owned()).collect();
    let mut done = house.done();
    for tool in REFUSED {
        assert!(house.refused().contains(tool) && done.insert(tool.to_owned()), "{tool} works");
    }
    let missing: Vec<&String> = all.difference(&done).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
    house.is_balanced().await;
}
