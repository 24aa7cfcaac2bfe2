//! list_org_templates and import_org. The tenant takes about two seconds a workspace, answers a
//! partial import with a success, and names what it lacks with a 412: each is told as it is.

use std::convert::Infallible;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{IMPORT, ORG_TEMPLATES};
use crate::backend::Received;
use crate::failure::Failure;
use crate::tools::ids::{TemplateName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::masking::literal_credential;
use crate::tools::prose::Prose;
use crate::tools::templates::Required;
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_all;

/// An import of three hundred workspaces still fits.
const PATIENCE: Duration = Duration::from_secs(600);
const TICK: Duration = Duration::from_secs(2);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOrgTemplates {}

#[derive(Deserialize)]
struct Listed {
    dir: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: Prose,
    #[serde(default)]
    workspaces: u32,
    #[serde(default)]
    required_env: Vec<Required>,
    #[serde(default)]
    recommended_env: Vec<Required>,
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportOrg {
    /// From list_org_templates.
    #[serde(alias = "dir")]
    template: Option<TemplateName>,
    /// An org template as an object, in place of `template`. Credentials in it as `${NAME}` only.
    inline: Option<Map<String, Value>>,
    /// Import although required variables are missing.
    #[serde(default)]
    force: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Imported {
    org: String,
    /// `complete`, or `partial` where the tenant stopped half way.
    status: &'static str,
    /// Why it stopped, in the tenant's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Prose>,
    workspaces: Vec<ImportedWorkspace>,
    count: usize,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct ImportedWorkspace {
    id: WorkspaceId,
    name: String,
    #[serde(default)]
    tier: i64,
    /// Channels that were left out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    channels_skipped: Vec<SkippedChannel>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    children: Vec<ImportedWorkspace>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct SkippedChannel {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

#[derive(Deserialize)]
struct Answer {
    org: String,
    workspaces: Vec<ImportedWorkspace>,
    error: Option<Prose>,
}

impl Act for ImportOrg {
    type Answer = Imported;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let body = self.body()?;
        let before = fetch_all(call).await?.len();
        let asked = call.tenant.ask(&IMPORT).body(&body).within(PATIENCE).received();
        let received = tokio::select! {
            received = asked => received?,
            never = watch(before, call) => match never {},
        };
        imported(received)
    }
}

impl ImportOrg {
    fn body(&self) -> Result<Value, Failure> {
        let mut body = match (&self.template, &self.inline) {
            (Some(template), None) => json!({ "dir": template }),
            (None, Some(inline)) => {
                if let Some(place) = literal_credential(&Value::Object(inline.clone()), "inline") {
                    return Err(Failure::invalid(format!("{place} holds a credential in clear"))
                        .next("Set it as a global secret with set_global_secret and write ${NAME} there."));
                }
                json!({ "template": inline })
            }
            _ => {
                return Err(Failure::invalid("give either `template` or `inline`")
                    .next("list_org_templates shows the templates there are."));
            }
        };
        if self.force
            && let Some(fields) = body.as_object_mut()
        {
            fields.insert("force".to_owned(), true.into());
        }
        Ok(body)
    }
}

/// Tells how far it is, until the import ends and drops it.
async fn watch(before: usize, call: &Invocation) -> Infallible {
    loop {
        tokio::time::sleep(TICK).await;
        if let Ok(now) = fetch_all(call).await {
            let made = u32::try_from(now.len().saturating_sub(before)).unwrap_or(u32::MAX);
            call.progress.step(made, None, format!("{made} workspaces made so far"));
        }
    }
}

fn imported(received: Received) -> Result<Imported, Failure> {
    let partial = received.status == 207;
    let answer: Answer = received.decode()?;
    Ok(Imported {
        org: answer.org,
        status: if partial || answer.error.is_some() { "partial" } else { "complete" },
        problem: answer.error,
        count: count(&answer.workspaces),
        workspaces: answer.workspaces,
    })
}

fn count(workspaces: &[ImportedWorkspace]) -> usize {
    workspaces.iter().map(|one| 1 + count(&one.children)).sum()
}
