//! What create_workspace takes, and what of it the tenant would get wrong.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::secrets::{Sink, Source};
use crate::tools::bounds::Whole;
use crate::tools::given::GivenText;
use crate::tools::ids::{HostDirectory, Role, SecretName, TemplateName, Word, WorkspaceId, WorkspaceName};
use crate::tools::input::unless_blank;

const MEMORIES: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Name.
    #[schemars(with = "String")]
    pub(super) name: WorkspaceName,
    /// Purpose.
    #[serde(default, deserialize_with = "unless_blank")]
    #[schemars(with = "Option<String>")]
    pub(super) role: Option<Role>,
    /// From list_templates.
    #[serde(default, deserialize_with = "unless_blank")]
    #[schemars(with = "Option<String>")]
    pub(super) template: Option<TemplateName>,
    /// Like `claude-code`.
    pub(super) runtime: Option<Word>,
    /// Its LLM.
    pub(super) model: Option<Word>,
    /// 1 to 10; usually 3.
    #[schemars(with = "Option<i64>")]
    pub(super) tier: Option<Tier>,
    /// Above it.
    #[serde(default, deserialize_with = "unless_blank")]
    #[schemars(with = "Option<String>")]
    pub(super) parent_id: Option<WorkspaceId>,
    /// Runs elsewhere.
    #[serde(default)]
    pub(super) external: bool,
    /// If external.
    pub(super) url: Option<Word>,
    /// To `env:NAME`, `file:NAME` or `drop`.
    #[schemars(with = "Option<Map<String, Value>>")]
    pub(super) secrets: Option<BTreeMap<SecretName, Source>>,
    /// Where its token goes: `file:NAME`, or as mint_org_key's.
    #[schemars(with = "Option<String>")]
    pub(super) sink: Option<Sink>,
    /// Cents a month.
    #[schemars(with = "Option<i64>")]
    pub(super) budget_limit: Option<Whole<0, { 1 << 53 }>>,
    /// Usually 1.
    #[schemars(with = "Option<i64>")]
    pub(super) max_concurrent_tasks: Option<Whole<1, 1000>>,
    /// Host path to mount.
    #[serde(default, deserialize_with = "unless_blank")]
    #[schemars(with = "Option<String>")]
    pub(super) workspace_dir: Option<HostDirectory>,
    /// `read_only`, `read_write`.
    #[schemars(with = "Option<String>")]
    pub(super) workspace_access: Option<Access>,
    /// `x` and `y`.
    #[schemars(with = "Option<Map<String, Value>>")]
    pub(super) canvas: Option<Place>,
    /// `content`, and `scope` LOCAL, TEAM or GLOBAL.
    #[schemars(with = "Option<Vec<Map<String, Value>>>")]
    pub(super) initial_memories: Option<Vec<InitialMemory>>,
}

/// 1 to 10: the tenant takes any number, and means nothing by most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Tier(i64);

impl Tier {
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Tier {
    type Error = &'static str;

    fn try_from(tier: i64) -> Result<Self, Self::Error> {
        if (1..=10).contains(&tier) { Ok(Self(tier)) } else { Err("expected a tier from 1 to 10") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    None,
    ReadOnly,
    ReadWrite,
}

/// The tenant cuts longer ones.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialMemory {
    content: GivenText<100_000>,
    #[serde(default)]
    scope: Scope,
}

/// Who reads a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Scope {
    #[default]
    Local,
    Team,
    Global,
}

/// On the canvas.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    x: f64,
    y: f64,
}

impl CreateWorkspace {
    /// A token, secrets, a directory of the host, or words that every agent reads.
    pub(super) fn gives_power(&self) -> bool {
        self.sink.is_some() || self.secrets.is_some() || self.mounts() || self.speaks_to_all()
    }

    /// The host's directories are nobody's alone, and neither is what every agent reads.
    pub(super) fn reaches_all(&self) -> bool {
        self.workspace_dir.is_some() || self.speaks_to_all()
    }

    fn speaks_to_all(&self) -> bool {
        self.initial_memories.iter().flatten().any(|memory| memory.scope == Scope::Global)
    }

    fn mounts(&self) -> bool {
        self.workspace_access.is_some_and(|access| access != Access::None)
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.url.is_some() && !self.external {
            return Err(Failure::invalid("`url` is only kept for an external workspace")
                .next("Add `external: true`, or leave `url` out."));
        }
        if self.mounts() && self.workspace_dir.is_none() {
            return Err(Failure::invalid("`workspace_access` needs `workspace_dir`"));
        }
        if self.initial_memories.as_ref().is_some_and(|memories| memories.len() > MEMORIES) {
            return Err(Failure::invalid(format!("`initial_memories`: expected at most {MEMORIES}"))
                .next("Add the others with commit_memory."));
        }
        Ok(())
    }
}
