//! Roles: which effects a caller may have, in which toolsets. The table is data, so that the docs, the
//! policy file and the decision read the same one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::nearest;
use crate::tools::effect::Effect;
use crate::tools::toolset::Toolset;

/// What a caller is here for. A role isn't a level: an approver decides what an operator can't, and the
/// other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Operator,
    Approver,
    Owner,
    Admin,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Operator, Self::Approver, Self::Owner, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Owner => "owner",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|role| role.as_str() == name);
        named.ok_or_else(|| nearest::unknown("role", name, Self::ALL.map(Self::as_str)))
    }
}

/// What one role may do: the toolsets for each effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Powers {
    pub read: BTreeSet<Toolset>,
    pub write: BTreeSet<Toolset>,
    pub destroy: BTreeSet<Toolset>,
    pub escalate: BTreeSet<Toolset>,
}

impl Powers {
    pub const NOTHING: Self =
        Self { read: BTreeSet::new(), write: BTreeSet::new(), destroy: BTreeSet::new(), escalate: BTreeSet::new() };

    pub fn at(&self, effect: Effect) -> &BTreeSet<Toolset> {
        match effect {
            Effect::Read => &self.read,
            Effect::Write => &self.write,
            Effect::Destroy => &self.destroy,
            Effect::Escalate => &self.escalate,
        }
    }

    pub fn at_mut(&mut self, effect: Effect) -> &mut BTreeSet<Toolset> {
        match effect {
            Effect::Read => &mut self.read,
            Effect::Write => &mut self.write,
            Effect::Destroy => &mut self.destroy,
            Effect::Escalate => &mut self.escalate,
        }
    }

    pub fn include(&self, other: &Self) -> bool {
        Effect::ALL.into_iter().all(|effect| self.at(effect).is_superset(other.at(effect)))
    }

    /// What a role may do where the policy file says nothing else.
    pub fn usual(role: Role) -> Self {
        let all = || BTreeSet::from(Toolset::ALL);
        let none = BTreeSet::new;
        let of = |toolsets: &[Toolset]| toolsets.iter().copied().collect();
        // A mistake here costs work that can be done again; elsewhere it costs keys, secrets or money.
        let daily = [
            Toolset::Workspaces,
            Toolset::Schedules,
            Toolset::Channels,
            Toolset::Agents,
            Toolset::Memory,
            Toolset::Files,
            Toolset::Plugins,
            Toolset::Checkpoints,
            Toolset::Artifacts,
            Toolset::Fleet,
        ];
        let (write, destroy, escalate) = match role {
            Role::Viewer => (none(), none(), none()),
            Role::Operator => (all(), of(&daily), none()),
            Role::Approver => (of(&[Toolset::Approvals]), none(), of(&[Toolset::Approvals])),
            Role::Owner => {
                let but_keys: BTreeSet<_> = all().into_iter().filter(|one| *one != Toolset::Keys).collect();
                (all(), but_keys.clone(), but_keys)
            }
            Role::Admin => (all(), all(), all()),
        };
        Self { read: all(), write, destroy, escalate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_may_what_operators_and_approvers_may_and_an_admin_everything() {
        let usual = Powers::usual;
        for role in Role::ALL {
            assert!(usual(Role::Admin).include(&usual(role)));
            assert!(usual(role).include(&usual(Role::Viewer)));
        }
        assert!(usual(Role::Owner).include(&usual(Role::Operator)));
        assert!(usual(Role::Owner).include(&usual(Role::Approver)));
        assert!(!usual(Role::Operator).include(&usual(Role::Approver)));
    }
}
