//! A grant as the decision sees it: how far the power goes that somebody was given. How grants are made,
//! kept and recognised is in `grants/`.

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::binding::Binding;
use super::role::Role;
use crate::journal::entry::Person;
use crate::tools::ids::WorkspaceId;
use crate::tools::toolset::Toolset;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What journal and lists call it.
    pub id: String,
    pub name: String,
    pub role: Role,
    /// None: the whole organisation.
    pub binding: Option<Binding>,
    /// None: all.
    pub toolsets: Option<BTreeSet<Toolset>>,
    pub expires: Option<DateTime<Utc>>,
    pub read_only: bool,
    /// The workspace that its holder runs in.
    pub own_workspace: Option<WorkspaceId>,
    pub person: Option<Person>,
    /// The grant that issued it. What a grant may do, all above it may, too: whatever becomes of them.
    pub parent: Option<Arc<Grant>>,
}

impl Grant {
    /// This one and those above it.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |grant| grant.parent.as_deref())
    }

    /// As much as there is, for as long as there is.
    pub fn is_unlimited(&self) -> bool {
        self.chain().all(|one| {
            let free = one.binding.is_none() && one.toolsets.is_none() && one.expires.is_none() && !one.read_only;
            one.role == Role::Admin && free
        })
    }

    pub fn is_bound(&self) -> bool {
        self.chain().any(|one| one.binding.is_some())
    }
}
