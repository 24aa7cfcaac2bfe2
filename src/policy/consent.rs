//! Whether a person must agree, and who counts as one: what the policy says of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::role::Role;
use crate::tools::effect::Effect;
use crate::transport::caller::Door;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    Person,
    Waived,
}

/// A way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A form in the caller's client.
    Elicitation,
    /// The operator agrees elsewhere, and the call is made again.
    Terminal,
}

impl Way {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Elicitation => "elicitation",
            Self::Terminal => "terminal",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRules {
    /// In the order in which they are tried.
    pub ways: Vec<Way>,
    /// Doors whose clients are believed when they say that a person answered.
    pub trusted: BTreeMap<Door, bool>,
    pub by_effect: BTreeMap<Effect, Need>,
    /// These go before those by effect: for a role, then for a tool.
    pub by_role: BTreeMap<(Role, Effect), Need>,
    pub by_tool: BTreeMap<&'static str, Need>,
}

impl Default for ConsentRules {
    fn default() -> Self {
        Self {
            ways: vec![Way::Elicitation, Way::Terminal],
            trusted: Door::ALL.map(|door| (door, door == Door::Stdio)).into(),
            by_effect: BTreeMap::from([
                (Effect::Write, Need::Waived),
                (Effect::Destroy, Need::Person),
                (Effect::Escalate, Need::Person),
            ]),
            by_role: BTreeMap::new(),
            by_tool: BTreeMap::new(),
        }
    }
}

impl ConsentRules {
    pub fn need(&self, role: Role, tool: &str, effect: Effect) -> Need {
        let by_tool = self.by_tool.get(tool).filter(|_| !effect.is_read());
        let found = by_tool.or_else(|| self.by_role.get(&(role, effect))).or_else(|| self.by_effect.get(&effect));
        found.copied().unwrap_or(Need::Waived)
    }

    /// What is done without a person whom the built-in rules would ask, for the operator to read.
    pub fn waives(&self) -> Vec<String> {
        let waived = |need: &Need| *need == Need::Waived;
        let heavy = [Effect::Destroy, Effect::Escalate].into_iter();
        let by_effect = heavy.filter(|effect| self.by_effect.get(effect).is_none_or(waived));
        let by_effect = by_effect.map(|effect| effect.as_str().to_owned());
        let by_role = self.by_role.iter().filter(|(_, need)| waived(need));
        let by_role = by_role.map(|((role, effect), _)| format!("{} for {}", effect.as_str(), role.as_str()));
        let by_tool = self.by_tool.iter().filter(|(_, need)| waived(need)).map(|(tool, _)| (*tool).to_owned());
        by_effect.chain(by_role).chain(by_tool).collect()
    }

    pub fn trusts(&self, door: Door) -> bool {
        self.trusted.get(&door).copied().unwrap_or(false)
    }
}
