//! list_templates and import_template. The tenant writes an imported template's files one by one: what
//! it would refuse half way is refused here, because the half would stay and block the name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::IMPORT_TEMPLATE;
use crate::failure::{Code, Failure};
use crate::tools::ids::{Line, TemplateName};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::Prose;
use crate::tools::templates::{self, Required};
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTemplates {}

#[derive(Serialize, JsonSchema)]
pub struct Template {
    /// Pass it to create_workspace as `template`.
    template: String,
    name: String,
    #[serde(skip_serializing_if = "Prose::is_empty")]
    description: Prose,
    /// As it says; create_workspace doesn't take it from there.
    tier: i64,
    runtime: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    model: String,
    skill_count: u32,
    /// Secrets that its workspaces need.
    required: Vec<String>,
}

impl List for ListTemplates {
    type Item = Template;
    const USUAL: u32 = 50;
    const SHORT: &'static [&'static str] = &["template", "name", "runtime", "model", "required"];

    fn mark(one: &Template) -> String {
        one.template.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Template>, Failure> {
        Ok(templates::fetch(call).await?.into_iter().map(|one| template(one, call)).collect())
    }
}

fn template(one: templates::Template, call: &Invocation) -> Template {
    Template {
        template: one.id,
        name: one.name,
        description: one.description.excerpt_of_kept(300, "not to be had here", call),
        tier: one.tier,
        runtime: one.runtime,
        model: one.model,
        skill_count: one.skill_count,
        required: one.required_env.iter().map(Required::words).collect(),
    }
}

const MOST_FILES: usize = 200;
const MOST_BYTES: usize = 4 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportTemplate {
    /// Its title; the directory's name is made of it.
    name: Line,
    /// Relative paths to texts, 200 and 4 MiB at most. config.yaml is made where it is missing.
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer {
    id: TemplateName,
    name: String,
}

#[derive(Serialize, JsonSchema)]
pub struct ImportedTemplate {
    /// Pass it to create_workspace as `template`.
    template: TemplateName,
    name: String,
    file_count: usize,
}

impl Act for ImportTemplate {
    type Answer = ImportedTemplate;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        self.check()?;
        let body = json!({ "name": self.name, "files": self.files });
        let answer: Result<Answer, Failure> = call.tenant.ask(&IMPORT_TEMPLATE).body(&body).fetch().await;
        let answer = answer.map_err(|failure| match failure.code() {
            Code::Conflict => failure.next("Templates can't be replaced or deleted here: take another name."),
            _ => failure,
        })?;
        Ok(ImportedTemplate { template: answer.id, name: answer.name, file_count: self.files.len() })
    }
}

impl ImportTemplate {
    fn check(&self) -> Result<(), Failure> {
        if !self.name.as_str().chars().any(|c| c.is_ascii_alphanumeric()) {
            return Err(Failure::invalid(
                "`name`: expected a letter or digit of ASCII in it, for the directory's name",
            ));
        }
        if self.files.is_empty() || self.files.len() > MOST_FILES {
            return Err(Failure::invalid(format!("`files`: expected 1 to {MOST_FILES} files")));
        }
        if self.files.values().map(String::len).sum::<usize>() > MOST_BYTES {
            return Err(Failure::invalid("`files`: expected 4 MiB at most"));
        }
        match self.files.keys().find(|path| !is_inside(path)) {
            None => Ok(()),
            Some(_) => {
                Err(Failure::invalid("`files`: expected relative paths like `skills/review/SKILL.md`, without `..`"))
            }
        }
    }
}

fn is_inside(path: &str) -> bool {
    let plain = !path.is_empty() && path.len() <= 500 && !path.chars().any(|c| c.is_control() || c == '\\');
    plain && path.split('/').all(|piece| !matches!(piece, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_template_are_taken() {
        for path in ["config.yaml", "skills/review/SKILL.md", ".hidden"] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["", "/etc/x", "../x", "a/../b", "a//b", "a/", "a\\b", "./a", "a\nb"] {
            assert!(!is_inside(path), "{path:?}");
        }
    }
}
