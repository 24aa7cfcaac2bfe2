//! The shape of an org template, from YAML and from a request alike. Unknown fields are ignored, null is
//! absent.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::super::memories;
use super::super::payload::or_default;
use super::super::schedules;
use super::super::workspaces::rules;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OrgTemplate {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) description: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) defaults: Defaults,
    #[serde(deserialize_with = "or_default")]
    pub(super) workspaces: Vec<Wanted>,
    #[serde(deserialize_with = "or_default")]
    pub(super) global_memories: Vec<memories::Initial>,
    #[serde(deserialize_with = "or_default")]
    pub(super) required_env: Vec<Need>,
    #[serde(deserialize_with = "or_default")]
    pub(super) recommended_env: Vec<Need>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Defaults {
    pub(super) runtime: Option<String>,
    pub(super) tier: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) initial_memories: Vec<memories::Initial>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    pub(super) role: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) tier: Option<i64>,
    pub(super) workspace_dir: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) workspace_access: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) external: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) url: String,
    pub(super) max_concurrent_tasks: Option<i64>,
    pub(super) canvas: Option<Place>,
    #[serde(deserialize_with = "or_default")]
    pub(super) initial_memories: Vec<memories::Initial>,
    #[serde(deserialize_with = "or_default")]
    pub(super) schedules: Vec<schedules::Wish>,
    #[serde(deserialize_with = "or_default")]
    pub(super) channels: Vec<Channel>,
    #[serde(deserialize_with = "or_default")]
    pub(super) children: Vec<Wanted>,
    #[serde(deserialize_with = "or_default")]
    pub(super) required_env: Vec<Need>,
    #[serde(deserialize_with = "or_default")]
    pub(super) recommended_env: Vec<Need>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(default)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Channel {
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) config: serde_json::Map<String, Value>,
    pub(super) enabled: Option<bool>,
}

/// A variable that must be there, or a group of which one must.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub(super) enum Need {
    One(String),
    Any { any_of: Vec<String> },
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Told {
            One(String),
            Any { any_of: Vec<String> },
        }
        match Told::deserialize(deserializer)? {
            Told::One(name) => Ok(Self::One(name)),
            Told::Any { any_of } if any_of.is_empty() => Err(de::Error::custom("an empty group")),
            Told::Any { any_of } => Ok(Self::Any { any_of }),
        }
    }
}

impl Wanted {
    /// Itself and everything below.
    pub(super) fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let directory = self.workspace_dir.as_deref().filter(|directory| !directory.is_empty());
        directory.map_or(Ok(()), rules::directory)?;
        rules::access(&self.workspace_access, directory)
    }
}
