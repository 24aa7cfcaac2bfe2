//! What is looked at for a plan: the lists that say something of all workspaces at once, and of those that are
//! in the template what only they tell. The tenant takes some six hundred requests a minute; whoever asks of more
//! waits, and beyond a bound they are left out, which is said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::SCHEDULES;
use super::super::live::Live;
use super::super::template::OrgTemplate;
use crate::failure::Failure;
use crate::tools::ids::WorkspaceId;
use crate::tools::instructions::{self, Instruction};
use crate::tools::invocation::Invocation;
use crate::tools::many::{each_told, patiently};
use crate::tools::plugins;
use crate::tools::schedules::wire::{self, Schedule};
use crate::tools::secrets::{self, SecretLine};
use crate::tools::templates::TEMPLATES;
use crate::tools::workspaces::{fetch_all, model};

/// The secret in which the tenant keeps a workspace's model.
pub const MODEL: &str = "MODEL_PROVIDER";

/// Workspaces that are asked one by one.
const LOOKED_INTO: usize = 600;

#[derive(Default)]
pub struct Facts {
    /// Names of global secrets; none where the caller may not know them.
    pub secrets: Option<BTreeSet<String>>,
    /// Directories of workspace templates, and names of plugins, where the template names some.
    pub templates: Option<BTreeSet<String>>,
    pub plugins: Option<BTreeSet<String>>,
    pub rules: Vec<Instruction>,
    pub details: BTreeMap<WorkspaceId, Detail>,
    pub not_looked_at: usize,
}

/// What a workspace tells of itself, where the template makes it worth asking.
#[derive(Default)]
pub struct Detail {
    pub schedules: Option<Vec<Schedule>>,
    /// Empty where none is set.
    pub model: Option<String>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Scheduled {
    workspace_id: WorkspaceId,
}

pub async fn look(template: &OrgTemplate, call: &Invocation) -> Result<(Live, Facts), Failure> {
    let nodes = template.tree();
    let names_templates = nodes.iter().any(|node| node.wanted.template.is_some());
    let names_plugins = nodes.iter().any(|node| node.plugins().next().is_some());
    let has_rules = nodes.iter().any(|node| !node.wanted.instructions.is_empty());
    let (workspaces, scheduled, secrets, templates, plugins, rules) = tokio::try_join!(
        patiently(call, || fetch_all(call)),
        patiently(call, || call.tenant.ask(&SCHEDULES).fetch::<Vec<Scheduled>>()),
        when(!call.caller.is_bound(), patiently(call, || secret_names(call))),
        when(names_templates, patiently(call, || call.tenant.ask(&TEMPLATES).fetch::<Vec<Identified>>())),
        when(names_plugins, patiently(call, || call.tenant.ask(&plugins::REGISTRY).fetch::<Vec<Named>>())),
        when(has_rules, patiently(call, || instructions::fetch_all(call))),
    )?;
    let live = Live::new(workspaces);
    let mut facts = Facts {
        secrets: secrets.map(|all| all.into_iter().map(|one| one.key).collect()),
        templates: templates.map(|all| all.into_iter().map(|one| one.id).collect()),
        plugins: plugins.map(|all| all.into_iter().map(|one| one.name).collect()),
        rules: rules.unwrap_or_default(),
        ..Facts::default()
    };
    let scheduled: BTreeSet<WorkspaceId> = scheduled.into_iter().map(|one| one.workspace_id).collect();
    let mut questions: Vec<Question> = Vec::new();
    for (node, found) in nodes.iter().zip(live.find(&nodes)) {
        let Some(one) = found.and_then(|found| live.get(found)) else { continue };
        let schedules = !node.wanted.schedules.is_empty() || scheduled.contains(&one.id);
        let model = node.wanted.model.is_some();
        if schedules || model {
            questions.push(Question { id: one.id.clone(), schedules, model });
        }
    }
    facts.not_looked_at = questions.len().saturating_sub(LOOKED_INTO);
    questions.truncate(LOOKED_INTO);
    let asked = questions.into_iter().map(|question| question.ask(call));
    for answered in each_told(call, "what each workspace has", asked).await {
        let (id, detail) = answered?;
        facts.details.insert(id, detail);
    }
    Ok((live, facts))
}

async fn secret_names(call: &Invocation) -> Result<Vec<SecretLine>, Failure> {
    call.tenant.ask(&secrets::LIST_GLOBAL).fetch().await
}

/// Asked only where it matters.
async fn when<T>(matters: bool, question: impl Future<Output = Result<T, Failure>>) -> Result<Option<T>, Failure> {
    if matters { question.await.map(Some) } else { Ok(None) }
}

struct Question {
    id: WorkspaceId,
    schedules: bool,
    model: bool,
}

impl Question {
    async fn ask(self, call: &Invocation) -> Result<(WorkspaceId, Detail), Failure> {
        let (schedules, model) = tokio::try_join!(
            when(self.schedules, patiently(call, || wire::fetch(&self.id, call))),
            when(self.model, patiently(call, || model::fetch(&self.id, call))),
        )?;
        Ok((self.id, Detail { schedules, model: model.map(|one| one.model) }))
    }
}
