//! Groups of tools that an operator switches on together.

use serde::{Deserialize, Serialize};

use crate::nearest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Toolset {
    Org,
    Workspaces,
    Keys,
    Approvals,
    Secrets,
    Budgets,
    Schedules,
    Channels,
    Agents,
    Memory,
    Files,
    Plugins,
    Instructions,
    Checkpoints,
    Artifacts,
    Fleet,
    Platform,
    Governance,
    /// The tools that find and call others: always there, and not for an operator to name.
    Surface,
}

impl Toolset {
    pub const ALL: [Self; 18] = [
        Self::Org,
        Self::Workspaces,
        Self::Keys,
        Self::Approvals,
        Self::Secrets,
        Self::Budgets,
        Self::Schedules,
        Self::Channels,
        Self::Agents,
        Self::Memory,
        Self::Files,
        Self::Plugins,
        Self::Instructions,
        Self::Checkpoints,
        Self::Artifacts,
        Self::Fleet,
        Self::Platform,
        Self::Governance,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Workspaces => "workspaces",
            Self::Keys => "keys",
            Self::Approvals => "approvals",
            Self::Secrets => "secrets",
            Self::Budgets => "budgets",
            Self::Schedules => "schedules",
            Self::Channels => "channels",
            Self::Agents => "agents",
            Self::Memory => "memory",
            Self::Files => "files",
            Self::Plugins => "plugins",
            Self::Instructions => "instructions",
            Self::Checkpoints => "checkpoints",
            Self::Artifacts => "artifacts",
            Self::Fleet => "fleet",
            Self::Platform => "platform",
            Self::Governance => "governance",
            Self::Surface => "surface",
        }
    }

    /// `keys,org`, or `all`. A name that isn't one is an error, so a typo never widens the choice.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut chosen: Vec<Self> = Vec::new();
        for name in text.split(',').map(str::trim) {
            if name == "all" {
                chosen.extend(Self::ALL);
            } else {
                chosen.push(Self::parse(name)?);
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }

    fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|toolset| toolset.as_str() == name).ok_or_else(|| {
            let known = Self::ALL.iter().map(|toolset| toolset.as_str()).chain(["all"]);
            nearest::unknown("toolset", name, known)
        })
    }
}
