//! Who may hear of what. A change is told to nobody who couldn't read what it is about at that moment, and lists
//! are told to have changed to whoever would see another one.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Dispatch;
use crate::events::Change;
use crate::failure::{Code, Failure};
use crate::policy::binding::Tree;
use crate::policy::target::Target;
use crate::policy::{self, Decision};
use crate::prompts;
use crate::resources::{ENTRIES, Place, WORKSPACES};
use crate::tools::catalogue::Entry;
use crate::tools::ids::WorkspaceId;
use crate::transport::caller::Caller;

/// What a caller is shown, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub tools: Vec<&'static str>,
    pub prompts: Vec<&'static str>,
    pub resources: Vec<&'static str>,
}

impl Dispatch {
    pub fn shown(&self, caller: &Caller) -> Shown {
        let may = self.may(caller);
        let tools = self.list(caller).into_iter().map(|listed| listed.name);
        let prompts = prompts::ALL.iter().filter(|prompt| prompt.must_be_for(&may).is_ok()).map(|prompt| prompt.name);
        let resources = ENTRIES.iter().filter(|entry| may(entry.tool)).map(|entry| entry.name);
        Shown { tools: tools.collect(), prompts: prompts.collect(), resources: resources.collect() }
    }

    /// The workspaces that this caller may know of.
    pub async fn roster(&self, caller: &Caller) -> Result<BTreeSet<WorkspaceId>, Failure> {
        if !self.may(caller)(WORKSPACES) {
            return Ok(BTreeSet::new());
        }
        let tree = self.server.events.tree().await?;
        Ok(tree.ids().filter(|id| caller.knows(id, &tree)).cloned().collect())
    }

    /// Whether this caller may read a place now. Its grant is read anew.
    pub async fn may_read(&self, caller: &mut Caller, place: &Place) -> Result<(), Failure> {
        let now = Utc::now();
        self.server.grants.renew(caller, now)?;
        let unknown = || Failure::new(Code::Internal, "a resource stands for a tool that isn't there");
        let entry = self.server.catalogue.find(place.entry.tool).ok_or_else(unknown)?;
        self.permits(caller, entry, None, now)?;
        let arguments = place.arguments(now.date_naive())?;
        let prepared = entry.tool.prepare(arguments.clone())?;
        let reach = prepared.reach.unwrap_or(entry.tool.reach);
        let target = Target::of(reach, &arguments, &self.tree_for(caller).await?);
        self.permits(caller, entry, Some(&target), now)
    }

    /// Whether a change is about anything that this caller may know of.
    pub async fn concerns(&self, caller: &Caller, change: &Change) -> Result<bool, Failure> {
        if !caller.is_bound() || change.workspaces.is_empty() {
            return Ok(true);
        }
        let tree = self.tree_for(caller).await?;
        Ok(change.workspaces.iter().any(|id| caller.knows(id, &tree)))
    }

    fn permits(
        &self,
        caller: &Caller,
        entry: &Entry,
        target: Option<&Target>,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let (rules, effect) = (self.server.policy.now(), entry.tool.least);
        match rules.decide(caller, entry, effect, target, now) {
            Decision::Allowed(_) => Ok(()),
            Decision::Refused(rule) => Err(policy::refused(rule, entry, rules.role(caller), effect)),
        }
    }

    /// Only a subtree has to be looked up.
    async fn tree_for(&self, caller: &Caller) -> Result<Tree, Failure> {
        let bound_below = |own: &policy::binding::Binding| !own.subtrees.is_empty();
        if caller.grants().filter_map(|grant| grant.binding.as_ref()).any(bound_below) {
            return Ok(self.server.events.tree().await?.as_ref().clone());
        }
        Ok(Tree::default())
    }
}
