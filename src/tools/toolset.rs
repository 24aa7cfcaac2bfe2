//! Groups of tools that an operator switches on together.

use serde::{Deserialize, Serialize};

use crate::nearest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Toolset {
    Keys,
    Workspaces,
    Org,
    Approvals,
    Secrets,
    Governance,
}

impl Toolset {
    pub const ALL: [Self; 6] =
        [Self::Keys, Self::Workspaces, Self::Org, Self::Approvals, Self::Secrets, Self::Governance];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Workspaces => "workspaces",
            Self::Org => "org",
            Self::Approvals => "approvals",
            Self::Secrets => "secrets",
            Self::Governance => "governance",
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
