//! What a call is about, as far as a binding to workspaces is concerned.

use serde_json::{Map, Value};

use super::binding::{Binding, Lineage, Tree};
use crate::tools::ids::WorkspaceId;

/// How far a tool reaches. Part of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The workspaces that its arguments name, and no others.
    Named,
    /// Those, and everything below them.
    NamedAndBelow,
    /// Workspaces of the whole organisation, of which it shows a bound caller only those of the binding.
    Filtered,
    /// What belongs to no workspace and is no secret: catalogues, this server itself.
    Common,
    /// The organisation: nothing for a bound caller.
    Organisation,
}

/// Arguments that name a workspace.
pub const NAMES: [&str; 7] =
    ["workspace_id", "parent_id", "target_id", "target_workspace_id", "caller_id", "workspace_ids", "subtree"];

/// The workspaces that a call touches, and how far it reaches beyond them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub reach: Reach,
    pub places: Vec<Lineage>,
}

impl Target {
    /// `tree` may be empty where no subtree has to be known.
    pub fn of(reach: Reach, arguments: &Map<String, Value>, tree: &Tree) -> Self {
        let named = workspaces(arguments);
        let mut places: Vec<Lineage> = named.iter().map(|id| tree.lineage(id)).collect();
        if reach == Reach::NamedAndBelow {
            places.extend(named.iter().flat_map(|id| tree.below(id)));
        }
        Self { reach, places }
    }

    /// Whether a caller with this binding may reach so far.
    pub fn is_within(&self, binding: &Binding) -> bool {
        let inside = self.places.iter().all(|place| binding.holds(place));
        match self.reach {
            Reach::Named | Reach::NamedAndBelow => inside && !self.places.is_empty(),
            Reach::Filtered => inside,
            Reach::Common => true,
            Reach::Organisation => false,
        }
    }

    pub fn includes(&self, id: &WorkspaceId) -> bool {
        self.places.iter().any(|place| place.id == *id)
    }
}

/// What isn't a workspace's id is refused by the tool's own types.
fn workspaces(arguments: &Map<String, Value>) -> Vec<WorkspaceId> {
    let given = NAMES.iter().filter_map(|name| arguments.get(*name));
    let texts = given.flat_map(|value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    });
    texts.filter_map(|text| WorkspaceId::try_from(text.to_owned()).ok()).collect()
}
