//! The organisation as it is, as a template's workspaces are found in it: by their names from the root down.
//! A workspace that was imported as a root, and isn't below its parent yet, is found by its mark.

use std::collections::{BTreeMap, BTreeSet};

use super::mark;
use super::template::Spot;
use super::template::tree::Node;
use crate::tools::ids::WorkspaceId;
use crate::tools::workspaces::wire::Workspace;

pub struct Live {
    pub workspaces: Vec<Workspace>,
    /// By parent; what hangs below one that isn't there is a root.
    below: BTreeMap<Option<WorkspaceId>, Vec<usize>>,
}

/// A workspace of the template that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Among the live ones.
    pub at: usize,
    /// It isn't where it belongs yet: an import ended before it was moved.
    pub unsettled: bool,
}

impl Live {
    pub fn new(workspaces: Vec<Workspace>) -> Self {
        let there: BTreeSet<&WorkspaceId> = workspaces.iter().map(|one| &one.id).collect();
        let mut below: BTreeMap<Option<WorkspaceId>, Vec<usize>> = BTreeMap::new();
        for (at, one) in workspaces.iter().enumerate() {
            let parent = one.parent_id.clone().filter(|parent| there.contains(parent));
            below.entry(parent).or_default().push(at);
        }
        Self { workspaces, below }
    }

    pub fn get(&self, found: Found) -> Option<&Workspace> {
        self.workspaces.get(found.at)
    }

    /// Oldest first.
    pub fn below(&self, parent: Option<&WorkspaceId>) -> impl Iterator<Item = (usize, &Workspace)> {
        let children = self.below.get(&parent.cloned()).into_iter().flatten();
        children.filter_map(|at| Some((*at, self.workspaces.get(*at)?)))
    }

    /// For each node the workspace that it is, if there is one. Of twins the oldest comes first.
    pub fn find(&self, nodes: &[Node]) -> Vec<Option<Found>> {
        let mut taken = BTreeSet::new();
        let mut found: Vec<Option<Found>> = Vec::new();
        for node in nodes {
            let parent = node.parent.map(|parent| found.get(parent).copied().flatten());
            let one = match parent {
                // What isn't there has nothing below it.
                Some(None) => None,
                None => self.find_root(node, &taken),
                Some(Some(parent)) => self.get(parent).and_then(|parent| self.find_below(parent, node, &taken)),
            };
            taken.extend(one.map(|one| one.at));
            found.push(one);
        }
        found
    }

    fn find_root(&self, node: &Node, taken: &BTreeSet<usize>) -> Option<Found> {
        let is_it = |at: usize, one: &Workspace| {
            one.name == node.wanted.name && !taken.contains(&at) && !mark::is_one(place(one))
        };
        self.below(None).find(|(at, one)| is_it(*at, one)).map(|(at, _)| Found { at, unsettled: false })
    }

    fn find_below(&self, parent: &Workspace, node: &Node, taken: &BTreeSet<usize>) -> Option<Found> {
        let mark = mark::of(&parent.id, &node.wanted.name);
        let is_named = |at: usize, one: &Workspace| one.name == node.wanted.name && !taken.contains(&at);
        let there = self.below(Some(&parent.id)).find(|(at, one)| is_named(*at, one));
        let stray = || self.below(None).find(|(at, one)| is_named(*at, one) && place(one) == mark);
        let (at, one) = there.or_else(stray)?;
        Some(Found { at, unsettled: place(one) == mark })
    }
}

pub fn place(one: &Workspace) -> Spot {
    Spot { x: one.x, y: one.y }
}

#[cfg(test)]
pub mod tests {
    use serde_json::{Value, json};

    use super::super::template::read;
    use super::*;

    pub const IDS: [&str; 4] = [
        "10000000-0000-4000-8000-000000000000",
        "20000000-0000-4000-8000-000000000000",
        "30000000-0000-4000-8000-000000000000",
        "40000000-0000-4000-8000-000000000000",
    ];

    pub fn one(id: usize, name: &str, parent: Option<usize>, more: Value) -> Value {
        let mut one = json!({
            "id": IDS[id], "name": name, "status": "online", "tier": 2, "runtime": "langgraph",
            "max_concurrent_tasks": 1, "parent_id": parent.map(|parent| IDS[parent]), "x": 0.0, "y": 0.0,
        });
        one.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        one
    }

    pub fn live(all: Value) -> Live {
        Live::new(serde_json::from_value(all).unwrap())
    }

    fn at(found: &[Option<Found>]) -> Vec<Option<usize>> {
        found.iter().map(|one| one.map(|one| one.at)).collect()
    }

    #[test]
    fn names_are_looked_for_from_the_root_down() {
        let template = read::text("name: T\nworkspaces:\n- {name: A, children: [{name: B}, {name: B}]}\n- {name: B}\n");
        let template = template.unwrap();
        let live =
            live(json!([one(0, "B", None, json!({})), one(1, "A", None, json!({})), one(2, "B", Some(1), json!({}))]));
        assert_eq!(at(&live.find(&template.tree())), [Some(1), Some(2), None, Some(0)]);
    }

    #[test]
    fn what_wasnt_moved_yet_is_found_by_its_mark() {
        let template = read::text("name: T\nworkspaces:\n- {name: A, children: [{name: B}]}\n- {name: B}\n").unwrap();
        let parent = WorkspaceId::try_from(IDS[0].to_owned()).unwrap();
        let mark = json!(mark::of(&parent, "B"));
        for (above, unsettled) in [(None, true), (Some(0), true)] {
            let live = live(json!([one(0, "A", None, json!({})), one(1, "B", above, mark.clone())]));
            let found = live.find(&template.tree());
            assert_eq!(found, [Some(Found { at: 0, unsettled: false }), Some(Found { at: 1, unsettled }), None]);
        }
        let elsewhere = live(json!([one(0, "A", None, json!({})), one(1, "B", None, json!({ "x": -1.0 }))]));
        assert_eq!(at(&elsewhere.find(&template.tree())), [Some(0), None, Some(1)]);
    }
}
