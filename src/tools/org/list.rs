//! list_org_templates: what the tenant tells of the templates that it holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ORG_TEMPLATES;
use crate::failure::Failure;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::templates::Required;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOrgTemplates {}

#[derive(Deserialize)]
pub struct Listed {
    pub dir: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    description: Prose,
    #[serde(default)]
    pub workspaces: u32,
    #[serde(default)]
    pub required_env: Vec<Required>,
    #[serde(default)]
    pub recommended_env: Vec<Required>,
}

#[derive(Serialize, JsonSchema)]
pub struct Template {
    /// Pass it to import_org as `template`.
    template: String,
    name: String,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    description: Prose,
    workspaces: u32,
    /// Global secrets that must exist before the import.
    required: Vec<String>,
    recommended: Vec<String>,
}

impl List for ListOrgTemplates {
    type Item = Template;

    fn mark(one: &Template) -> String {
        one.template.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Template>, Failure> {
        let listed: Vec<Listed> = call.tenant.ask(&ORG_TEMPLATES).fetch().await?;
        Ok(listed.into_iter().map(template).collect())
    }
}

fn template(listed: Listed) -> Template {
    Template {
        template: listed.dir,
        name: listed.name,
        description: listed.description,
        workspaces: listed.workspaces,
        required: listed.required_env.iter().map(Required::words).collect(),
        recommended: listed.recommended_env.iter().map(Required::words).collect(),
    }
}
