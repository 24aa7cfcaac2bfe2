//! Workspace templates as the tenant lists them: what a workspace's configuration comes from. The tenant
//! finds a workspace's template by its name.

use serde::{Deserialize, Serialize};

use super::invocation::Invocation;
use super::prose::Prose;
use crate::backend::Route;
use crate::failure::Failure;
use crate::fence;

pub const TEMPLATES: Route = Route::get("/templates");

#[derive(Clone, Deserialize)]
pub struct Template {
    /// The name of its directory.
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: Prose,
    #[serde(default)]
    pub tier: i64,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub skill_count: u32,
    #[serde(default)]
    pub required_env: Vec<Required>,
}

/// One variable, or one of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Required {
    One(String),
    AnyOf { any_of: Vec<String> },
}

impl Required {
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::AnyOf { any_of } => any_of,
        }
    }

    pub fn words(&self) -> String {
        let names: Vec<String> = self.names().iter().map(|name| fence::name(name)).collect();
        names.join(" or ")
    }
}

pub async fn fetch(call: &Invocation) -> Result<Vec<Template>, Failure> {
    call.tenant.ask(&TEMPLATES).fetch().await
}

/// The one that the tenant takes for a workspace of that name: by its directory, else by its own name.
pub fn own<'a>(workspace: &str, templates: &'a [Template]) -> Option<&'a Template> {
    let directory = workspace.to_lowercase().replace(' ', "-");
    let by_directory = templates.iter().find(|one| one.id == directory);
    by_directory.or_else(|| templates.iter().find(|one| one.name == workspace))
}
