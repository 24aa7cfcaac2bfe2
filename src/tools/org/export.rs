//! export_org: the live organisation, or a part of it, as an org template. Credentials aren't in it: secrets go
//! by name, and what stands in clear is taken out. What a template can't say is listed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::live::{Live, place};
use super::plan::facts::MODEL;
use super::template::{OrgTemplate, Rule, Timed, Wanted};
use crate::failure::{Code, Failure};
use crate::secrets::{Credential, Sink};
use crate::tools::channels;
use crate::tools::ids::{BundleFile, WorkspaceId};
use crate::tools::instructions::{self, Instruction};
use crate::tools::invocation::Invocation;
use crate::tools::many::each_told;
use crate::tools::masking::mask;
use crate::tools::prose::Data;
use crate::tools::schedules::wire::{self, Schedule};
use crate::tools::secrets::{self, SecretLine};
use crate::tools::templates::{self, Required, Template, own};
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::Workspace;
use crate::tools::workspaces::{fetch_all, model};

/// Workspaces that are asked one by one; each costs four of the tenant's six hundred requests a minute.
const LOOKED_INTO: usize = 120;
/// Characters of its JSON in an answer.
const SHOWN: usize = 60_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportOrg {
    /// Only this workspace and what is below it; default: all.
    workspace_id: Option<WorkspaceId>,
    /// Write it to this new file on the server, for import_org, instead of showing it.
    file: Option<BundleFile>,
    /// Of the file: default `yaml`.
    format: Option<Format>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Yaml,
    Json,
}

#[derive(Serialize, JsonSchema)]
pub struct ExportedOrg {
    workspace_count: usize,
    /// Absent where it went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<Data>,
    /// The file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    not_carried: Vec<String>,
    /// Where a credential stood in clear; it was taken out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<String>,
}

/// What only the workspace itself tells.
struct Belongings {
    schedules: Vec<Schedule>,
    model: String,
    channels: Vec<channels::Channel>,
    secrets: Vec<SecretLine>,
}

impl Act for ExportOrg {
    type Answer = ExportedOrg;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let place = match &self.file {
            Some(file) => Some(Sink::file(file.as_str()).prove(&call.places(), "org").await?),
            None => None,
        };
        let (all, rules, templates) =
            tokio::try_join!(fetch_all(call), instructions::fetch_all(call), templates::fetch(call))?;
        let live = Live::new(all);
        let roots = self.roots(&live)?;
        let mut export = Export { live: &live, rules, templates, belongings: BTreeMap::new() };
        let chosen = export.chosen(&roots);
        let looked_into = chosen.get(..LOOKED_INTO).unwrap_or(&chosen);
        let asked = looked_into.iter().map(|id| ask(id, call));
        for answered in each_told(call, "what each workspace has", asked).await {
            let (id, belongings) = answered?;
            export.belongings.insert(id, belongings);
        }
        let not_carried = export.not_carried(chosen.len());
        let mut template = export.template(&roots);
        if let (false, None) = (call.caller.is_bound(), &self.workspace_id) {
            let there: Vec<SecretLine> = call.tenant.ask(&secrets::LIST_GLOBAL).fetch().await?;
            template.recommended_env = there.into_iter().map(|one| Required::One(one.key)).collect();
        }
        let (template, masked) = covered(&template)?;
        let shown = match &place {
            Some(_) => None,
            None => {
                let whole = serde_json::to_value(&template).map_err(|error| unwritable(&error))?;
                Some(Data::from(whole).excerpt_of_kept(SHOWN, "export_org with `file`", call))
            }
        };
        let location = match place {
            Some(place) => Some(place.deliver(&Credential::new(self.text(&template)?)).await?.location),
            None => None,
        };
        Ok(ExportedOrg { workspace_count: chosen.len(), template: shown, location, not_carried, masked })
    }
}

impl ExportOrg {
    fn roots(&self, live: &Live) -> Result<Vec<WorkspaceId>, Failure> {
        let Some(id) = &self.workspace_id else {
            return Ok(live.below(None).map(|(_, one)| one.id.clone()).collect());
        };
        match live.workspaces.iter().any(|one| one.id == *id) {
            true => Ok(vec![id.clone()]),
            false => Err(Failure::new(Code::NotFound, "there is no such workspace").next("See list_workspaces.")),
        }
    }

    fn text(&self, template: &OrgTemplate) -> Result<String, Failure> {
        match self.format.unwrap_or_default() {
            Format::Json => serde_json::to_string_pretty(template).map_err(|error| unwritable(&error)),
            Format::Yaml => serde_saphyr::to_string(template).map_err(|error| unwritable(&error)),
        }
    }
}

fn unwritable(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Internal, "the template couldn't be written").operator(error.to_string())
}

/// Without the credentials that stand in it in clear, and where they stood.
fn covered(template: &OrgTemplate) -> Result<(OrgTemplate, Vec<String>), Failure> {
    let mut value = serde_json::to_value(template).map_err(|error| unwritable(&error))?;
    let masked = mask(&mut value);
    Ok((serde_json::from_value(value).map_err(|error| unwritable(&error))?, masked))
}

async fn ask(id: &WorkspaceId, call: &Invocation) -> Result<(WorkspaceId, Belongings), Failure> {
    let channels = call.tenant.ask(&channels::LIST).part("workspace_id", id).fetch();
    let (schedules, model, channels, secrets) =
        tokio::try_join!(wire::fetch(id, call), model::fetch(id, call), channels, secrets::fetch(id, call))?;
    Ok((id.clone(), Belongings { schedules, model: model.model, channels, secrets }))
}

struct Export<'a> {
    live: &'a Live,
    rules: Vec<Instruction>,
    templates: Vec<Template>,
    belongings: BTreeMap<WorkspaceId, Belongings>,
}

impl Export<'_> {
    /// Parents first. A circle of parents hangs below no root.
    fn chosen(&self, roots: &[WorkspaceId]) -> Vec<WorkspaceId> {
        let mut chosen = Vec::new();
        let mut open: Vec<WorkspaceId> = roots.iter().rev().cloned().collect();
        while let Some(id) = open.pop() {
            let children: Vec<WorkspaceId> = self.live.below(Some(&id)).map(|(_, one)| one.id.clone()).collect();
            let new = children.into_iter().rev().filter(|child| !chosen.contains(child));
            open.extend(new);
            chosen.push(id);
        }
        chosen
    }

    fn template(&self, roots: &[WorkspaceId]) -> OrgTemplate {
        let wanted: Vec<Wanted> =
            self.live.workspaces.iter().filter(|one| roots.contains(&one.id)).map(|one| self.wanted(one, 0)).collect();
        let name = match wanted.as_slice() {
            [one] => one.name.clone(),
            _ => "Organisation".to_owned(),
        };
        OrgTemplate { name, workspaces: wanted, ..OrgTemplate::default() }
    }

    fn wanted(&self, one: &Workspace, depth: usize) -> Wanted {
        let is_external = one.is_external();
        // Deeper than any template may be: a circle of parents that was asked for by its id.
        let children = if depth < 64 { self.live.below(Some(&one.id)).collect() } else { Vec::new() };
        let mut wanted = Wanted {
            name: one.name.clone(),
            role: one.role.clone().filter(|role| !role.is_empty()),
            runtime: Some(one.runtime.clone()),
            tier: Some(one.tier),
            template: own(&one.name, &self.templates).map(|template| template.id.clone()),
            workspace_dir: one.workspace_dir.clone().filter(|dir| !dir.is_empty()),
            max_concurrent_tasks: Some(i64::from(one.max_concurrent_tasks)),
            external: is_external,
            url: if is_external { one.url.clone() } else { String::new() },
            canvas: Some(place(one)),
            budget_limit: one.budget_limit,
            instructions: self.rules_of(&one.id),
            children: children.into_iter().map(|(_, child)| self.wanted(child, depth + 1)).collect(),
            ..Wanted::default()
        };
        if let Some(own) = self.belongings.get(&one.id) {
            wanted.model = Some(own.model.clone()).filter(|model| !model.is_empty());
            wanted.schedules = own.schedules.iter().map(timed).collect();
            wanted.channels = own.channels.iter().map(channel).collect();
            let names = own.secrets.iter().filter(|one| one.scope == "workspace" && one.key != MODEL);
            wanted.recommended_env = names.map(|one| Required::One(one.key.clone())).collect();
        }
        wanted
    }

    fn rules_of(&self, id: &WorkspaceId) -> Vec<Rule> {
        let own = self.rules.iter().filter(|one| !one.is_global() && one.enabled && one.target().as_ref() == Some(id));
        let rule = |one: &Instruction| Rule {
            title: one.title.clone(),
            content: one.content.as_str().to_owned(),
            priority: one.priority,
        };
        own.map(rule).collect()
    }

    fn not_carried(&self, count: usize) -> Vec<String> {
        let mut told = vec![
            "Values of secrets (their names are in `recommended_env`), memories, files, configurations, plugins, \
             tokens, access to host directories: they aren't in it."
                .to_owned(),
        ];
        if let Some(more) = count.checked_sub(LOOKED_INTO).filter(|more| *more > 0) {
            told.push(format!(
                "Schedules, models, channels and names of secrets of the last {more} workspaces: export parts of \
                 {LOOKED_INTO} with `workspace_id`."
            ));
        }
        let global = self.rules.iter().filter(|one| one.is_global()).count();
        if global > 0 {
            told.push(format!("{global} instructions for everybody: list_instructions shows them."));
        }
        if self.belongings.values().any(|own| !own.channels.is_empty()) {
            told.push("Credentials of channels: where they belong stands ${NAME}.".to_owned());
        }
        told
    }
}

fn timed(one: &Schedule) -> Timed {
    Timed {
        name: one.name.clone(),
        cron_expr: one.cron_expr.clone(),
        timezone: one.timezone.clone(),
        prompt: one.prompt.as_str().to_owned(),
        enabled: Some(one.enabled),
        rest: Map::new(),
    }
}

/// Where it leads, and for anything else in its settings the name of a variable to fill in.
fn channel(one: &channels::Channel) -> Value {
    const PLAIN: [&str; 4] = ["channel_id", "chat_id", "icon_emoji", "username"];
    let field = |(name, value): (&String, &Value)| {
        let is_plain = PLAIN.contains(&name.as_str()) && !value.as_str().is_some_and(channels::looks_secret);
        let variable = || json!(format!("${{{}_{name}}}", one.channel_type).to_uppercase());
        (name.clone(), if is_plain { value.clone() } else { variable() })
    };
    let config: Map<String, Value> = one.config.iter().flatten().map(field).collect();
    json!({ "type": one.channel_type, "enabled": one.enabled, "config": config })
}
