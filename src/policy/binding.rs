//! Which workspaces a caller is bound to, and where a workspace stands among the others.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::tools::ids::WorkspaceId;

/// The longest way up that is walked: a ring that the tenant should never have made has no end.
const DEEPEST: usize = 100;

/// A list, and subtrees by their topmost workspace. Empty, it holds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    pub workspaces: BTreeSet<WorkspaceId>,
    pub subtrees: BTreeSet<WorkspaceId>,
}

impl Binding {
    pub fn holds(&self, place: &Lineage) -> bool {
        self.workspaces.contains(&place.id)
            || self.subtrees.contains(&place.id)
            || place.above.iter().any(|above| self.subtrees.contains(above))
    }
}

/// A workspace and those above it, the nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    pub id: WorkspaceId,
    pub above: Vec<WorkspaceId>,
}

/// Who stands below whom.
#[derive(Clone, Debug, Default)]
pub struct Tree(HashMap<WorkspaceId, Option<WorkspaceId>>);

impl Tree {
    pub fn new(parents: impl IntoIterator<Item = (WorkspaceId, Option<WorkspaceId>)>) -> Self {
        Self(parents.into_iter().collect())
    }

    pub fn parent(&self, id: &WorkspaceId) -> Option<&WorkspaceId> {
        self.0.get(id).and_then(Option::as_ref)
    }

    pub fn ids(&self) -> impl Iterator<Item = &WorkspaceId> {
        self.0.keys()
    }

    /// A workspace that isn't in the tree stands alone.
    pub fn lineage(&self, id: &WorkspaceId) -> Lineage {
        let above = std::iter::successors(self.parent(id), |id| self.parent(id)).take(DEEPEST).cloned().collect();
        Lineage { id: id.clone(), above }
    }

    /// Those that somebody may not know of.
    pub fn others(&self, sees: impl Fn(&Lineage) -> bool) -> BTreeSet<WorkspaceId> {
        self.0.keys().filter(|id| !sees(&self.lineage(id))).cloned().collect()
    }

    /// Everything below a workspace, however deep.
    pub fn below(&self, id: &WorkspaceId) -> Vec<Lineage> {
        let all = self.0.keys().map(|one| self.lineage(one));
        all.filter(|one| one.above.contains(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> WorkspaceId {
        WorkspaceId::try_from(format!("00000000-0000-4000-8000-{n:012}")).unwrap()
    }

    #[test]
    fn a_subtree_goes_all_the_way_down_and_a_list_doesnt() {
        let tree = Tree::new([(id(1), None), (id(2), Some(id(1))), (id(3), Some(id(2))), (id(4), None)]);
        let subtree = Binding { subtrees: BTreeSet::from([id(1)]), ..Binding::default() };
        let list = Binding { workspaces: BTreeSet::from([id(1)]), ..Binding::default() };
        let held = |binding: &Binding| (1..=5).filter(|n| binding.holds(&tree.lineage(&id(*n)))).collect::<Vec<_>>();
        assert_eq!(held(&subtree), [1, 2, 3]);
        assert_eq!(held(&list), [1]);
        assert_eq!(held(&Binding::default()), [0; 0]);
        assert_eq!(tree.below(&id(1)).len(), 2);
    }

    #[test]
    fn a_ring_has_an_end() {
        let ring = Tree::new([(id(1), Some(id(2))), (id(2), Some(id(1)))]);
        assert_eq!(ring.lineage(&id(1)).above.len(), DEEPEST);
    }
}
