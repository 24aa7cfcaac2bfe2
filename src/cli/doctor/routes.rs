//! Whether the tenant's version has what the tools need. Routes that only read are asked for a workspace that
//! doesn't exist: who has the route says so, and nobody's data is touched.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::timeout;
use uuid::Uuid;

use super::finding::{Check, Finding};
use super::patient::PATIENCE;
use crate::backend::{Client, Rate, Route};
use crate::policy::Rules;
use crate::tools::catalogue::{Catalogue, Entry};

/// With what other checks ask it stays at forty requests.
const PROBED: [&str; 36] = [
    "/admin/liveness",
    "/admin/schedules/health",
    "/bundles/export/{workspace_id}",
    "/canvas/viewport",
    "/channels/adapters",
    "/events",
    "/instructions",
    "/org/templates",
    "/orgs/{workspace_id}/plugins/allowlist",
    "/plugins",
    "/settings/secrets",
    "/templates",
    "/workspaces",
    "/workspaces/{workspace_id}",
    "/workspaces/{workspace_id}/activity",
    "/workspaces/{workspace_id}/approvals",
    "/workspaces/{workspace_id}/artifacts",
    "/workspaces/{workspace_id}/audit",
    "/workspaces/{workspace_id}/budget",
    "/workspaces/{workspace_id}/channels",
    "/workspaces/{workspace_id}/checkpoints/latest",
    "/workspaces/{workspace_id}/config",
    "/workspaces/{workspace_id}/console",
    "/workspaces/{workspace_id}/delegations",
    "/workspaces/{workspace_id}/files",
    "/workspaces/{workspace_id}/memories",
    "/workspaces/{workspace_id}/memory",
    "/workspaces/{workspace_id}/metrics",
    "/workspaces/{workspace_id}/model",
    "/workspaces/{workspace_id}/plugins",
    "/workspaces/{workspace_id}/schedules",
    "/workspaces/{workspace_id}/secrets",
    "/workspaces/{workspace_id}/session-search",
    "/workspaces/{workspace_id}/shared-context",
    "/workspaces/{workspace_id}/tokens",
    "/workspaces/{workspace_id}/traces",
];
const AT_ONCE: usize = 4;
/// For all of them.
const ENOUGH: Duration = Duration::from_secs(7);
/// Tools that are named; the count says the rest.
const NAMED: usize = 8;

pub(super) async fn look(asker: &Client, rules: Option<&Rules>, rate: Rate) -> Finding {
    let catalogue = Catalogue::new();
    let offered = |entry: &&Entry| rules.is_none_or(|rules| rules.toolsets.contains(&entry.toolset));
    let entries: Vec<&Entry> = catalogue.entries().iter().filter(offered).collect();
    let routes = probed(&entries);
    let needed = u32::try_from(routes.len()).unwrap_or(u32::MAX);
    if let Some(left) = rate.remaining.filter(|left| *left < needed.saturating_mul(2)) {
        return Check::Routes.unknown(format!("only {left} requests are left in this minute, and others need them"));
    }
    let nobody = Uuid::new_v4().to_string();
    let count = routes.len();
    // Made first, asked afterwards: futures that borrow stay simple to write.
    let asks: Vec<_> = routes.into_iter().map(|route| lacks(asker, route, nobody.clone())).collect();
    let asked = stream::iter(asks);
    match timeout(ENOUGH, asked.buffer_unordered(AT_ONCE).collect::<Vec<_>>()).await {
        Err(_) => Check::Routes.unknown(format!("{count} routes weren't answered within {} s", ENOUGH.as_secs())),
        Ok(answers) => judged(&answers, &entries),
    }
}

/// Whether the tenant lacks it; nothing, where no answer came.
async fn lacks(asker: &Client, route: &'static Route, workspace: String) -> (&'static str, Option<bool>) {
    let seen = asker.look(route, &[("workspace_id", workspace)], PATIENCE).await;
    (route.path, seen.ok().map(|seen| seen.has_no_route()))
}

/// One route a path.
fn probed(entries: &[&Entry]) -> Vec<&'static Route> {
    let mut paths = BTreeSet::new();
    let routes = entries.iter().flat_map(|entry| entry.tool.routes);
    routes.filter(|route| !route.acts() && PROBED.contains(&route.path) && paths.insert(route.path)).collect()
}

/// `answers`: each path with whether the tenant lacks it.
fn judged(answers: &[(&str, Option<bool>)], entries: &[&Entry]) -> Finding {
    let silent = answers.iter().filter(|(_, lacks)| lacks.is_none()).count();
    let absent: BTreeSet<&str> =
        answers.iter().filter(|(_, lacks)| *lacks == Some(true)).map(|(path, _)| *path).collect();
    if absent.is_empty() {
        let told = format!("{} routes asked for, all there", answers.len() - silent);
        return match silent {
            0 => Check::Routes.ok(told),
            _ => Check::Routes.warning(format!("{told}; {silent} not answered"), "Run it again; see `tenant`."),
        };
    }
    let needs = |entry: &&&Entry| entry.tool.routes.iter().any(|route| absent.contains(route.path));
    let tools: Vec<&str> = entries.iter().filter(needs).map(|entry| entry.tool.name).collect();
    let named = tools.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = tools.len().checked_sub(NAMED).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    let paths = absent.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    Check::Routes.problem(
        format!(
            "the tenant lacks {} of {} routes ({paths}); these tools won't work: {named}{more}",
            absent.len(),
            answers.len()
        ),
        "Update the platform, or leave such toolsets out (--toolsets).",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    /// Why the others aren't asked for.
    const LEFT_OUT: [(&str, &str); 16] = [
        ("/admin/memories/export", "everything that agents remember"),
        ("/approvals/pending", "it writes"),
        ("/events/{workspace_id}", "with /events"),
        ("/health", "another check's"),
        ("/metrics", "long"),
        ("/org/tokens", "another check's"),
        ("/plugins/sources", "with /plugins"),
        ("/workspaces/{workspace_id}/chat/download", "a file"),
        ("/workspaces/{workspace_id}/checkpoints/{workflow_id}", "with its neighbour"),
        ("/workspaces/{workspace_id}/files/{*path}", "a file"),
        ("/workspaces/{workspace_id}/instructions/resolve", "with /instructions"),
        ("/workspaces/{workspace_id}/memory/{key}", "with its neighbour"),
        ("/workspaces/{workspace_id}/plugins/available", "with its neighbour"),
        ("/workspaces/{workspace_id}/plugins/compatibility", "with its neighbour"),
        ("/workspaces/{workspace_id}/schedules/{schedule_id}/history", "with its neighbour"),
        ("/workspaces/{workspace_id}/transcript", "it asks the agent"),
    ];

    #[test]
    fn every_route_that_reads_is_asked_for_or_left_out_for_a_reason() {
        let catalogue = Catalogue::new();
        let gets = catalogue.entries().iter().flat_map(|entry| entry.tool.routes);
        let gets: BTreeSet<&str> =
            gets.filter(|route| route.method.as_str() == "GET").map(|route| route.path).collect();
        let left_out = LEFT_OUT.iter().map(|(path, _)| *path);
        assert_eq!(gets, PROBED.into_iter().chain(left_out).collect());
        let all: Vec<&Entry> = catalogue.entries().iter().collect();
        assert_eq!(probed(&all).len(), PROBED.len());
    }

    #[test]
    fn what_wont_work_is_named() {
        let catalogue = Catalogue::new();
        let entries: Vec<&Entry> = catalogue.entries().iter().collect();
        let there = [("/plugins", Some(false)), ("/workspaces/{workspace_id}/schedules", Some(false))];
        assert_eq!(judged(&there, &entries).state, State::Ok);
        let lacking = [("/plugins", Some(false)), ("/workspaces/{workspace_id}/schedules", Some(true))];
        let told = judged(&lacking, &entries);
        assert!(told.state == State::Problem && told.found.contains("create_schedule"), "{told:?}");
        assert!(!told.found.contains("list_plugin_registry"), "{told:?}");
        assert_eq!(judged(&[("/plugins", None)], &entries).state, State::Warning);
    }
}
