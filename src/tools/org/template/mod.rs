//! An organisation's template: teams of workspaces as one document. What the tenant knows has a field or is
//! passed on in `rest`; what it doesn't know is kept, too, and named, because the tenant would drop it silently.
//! `budget_limit` and `instructions` are ours: the tenant's import ignores them, and import_org sets them itself.

pub mod folder;
pub mod read;
pub mod source;
pub mod tree;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::tools::templates::Required;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrgTemplate {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "Defaults::is_empty")]
    pub defaults: Defaults,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_env: Vec<Required>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommended_env: Vec<Required>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
    #[serde(default)]
    pub workspaces: Vec<Wanted>,
}

/// What holds for every workspace that doesn't say otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Defaults {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Value>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A workspace as the template wants it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wanted {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<i64>,
    /// The workspace template that its files come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub external: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<Spot>,
    /// Cents a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_limit: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_env: Vec<Required>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommended_env: Vec<Required>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Timed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<Rule>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Wanted>,
}

/// A place on the canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spot {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timed {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub cron_expr: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub timezone: String,
    #[serde(default)]
    pub prompt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Wanted {
    /// The directory of the host that it gets, and how far.
    pub fn mount(&self) -> Option<String> {
        let directory = self.workspace_dir.as_deref().filter(|directory| !directory.is_empty())?;
        let access = self.access().map(|access| format!(" ({access})")).unwrap_or_default();
        Some(format!("{directory}{access}"))
    }

    pub fn access(&self) -> Option<&str> {
        self.rest.get("workspace_access").and_then(Value::as_str)
    }
}

impl Timed {
    pub fn is_on(&self) -> bool {
        self.enabled.unwrap_or(true)
    }
}

/// What the agent of one workspace is told before anything else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub title: String,
    pub content: String,
    #[serde(default)]
    pub priority: i64,
}

impl Defaults {
    fn is_empty(&self) -> bool {
        let Self { runtime, tier, model, plugins, rest } = self;
        runtime.is_none() && tier.is_none() && model.is_none() && plugins.is_empty() && rest.is_empty()
    }
}

fn is_false(it: &bool) -> bool {
    !it
}

/// Fields that stand in `rest` and that the tenant knows.
const OF_THE_TEMPLATE: [&str; 1] = ["global_memories"];
const OF_DEFAULTS: [&str; 7] = [
    "category_routing",
    "idle_interval_seconds",
    "idle_prompt",
    "idle_prompt_file",
    "initial_memories",
    "initial_prompt",
    "initial_prompt_file",
];
const OF_A_WORKSPACE: [&str; 3] = ["files_dir", "system_prompt", "workspace_access"];
/// They name files beside the template, which go nowhere with a template that is sent as an object.
pub const FILES: [&str; 3] = ["files_dir", "idle_prompt_file", "initial_prompt_file"];

impl OrgTemplate {
    /// Whether something in it is in a file beside it.
    pub fn names_files(&self) -> bool {
        let names = |rest: &Map<String, Value>| FILES.iter().any(|field| rest.contains_key(*field));
        names(&self.defaults.rest) || self.tree().iter().any(|one| names(&one.wanted.rest))
    }

    /// Fields that the tenant doesn't know and ignores, each once.
    pub fn unknown(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut add = |rest: &Map<String, Value>, known: &[&[&str]], place: &str| {
            let unknown = rest.keys().filter(|name| !known.iter().any(|some| some.contains(&name.as_str())));
            found.extend(unknown.map(|name| format!("{place}{}", crate::fence::name(name))));
        };
        add(&self.rest, &[&OF_THE_TEMPLATE], "");
        add(&self.defaults.rest, &[&OF_DEFAULTS], "defaults.");
        for one in self.tree() {
            add(&one.wanted.rest, &[&OF_DEFAULTS, &OF_A_WORKSPACE], "workspaces.");
            one.wanted.schedules.iter().for_each(|timed| add(&timed.rest, &[], "schedules."));
        }
        found.sort();
        found.dedup();
        found
    }
}
