//! plan_org_import: the look at the organisation, told as what an import would do. Long lists are shown from
//! `from` on, so many entries each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::facts::{Facts, look};
use super::held::Held;
use super::id::PlanId;
use super::needs::{self, Needs, Start};
use super::{Difference, Live, Plan, Setting};
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::given::GivenData;
use crate::tools::ids::{BundleFile, TemplateName};
use crate::tools::invocation::Invocation;
use crate::tools::masking::mask;
use crate::tools::money::Money;
use crate::tools::org::template::source::{Opened, Source};
use crate::tools::org::template::{FILES, OrgTemplate};
use crate::tools::prose::Data;
use crate::tools::tool::Act;

/// Entries of each list, unless the caller says how many.
const SHOWN: i64 = 50;
const AS_HELD: &str = "The tenant imports its own copy, for the files beside it. Shown is the operator's copy: of the \
                       same name and count, but whether it says the same isn't known.";
/// Characters of a value that differs.
const EXCERPT: usize = 200;

/// Which template, and which part of its lists.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// From list_org_templates.
    #[serde(alias = "dir")]
    template: Option<TemplateName>,
    /// An org template as an object.
    #[schemars(with = "Option<Map<String, Value>>")]
    inline: Option<GivenData>,
    /// A file on the server with one, YAML or JSON, as export_org writes it.
    file: Option<BundleFile>,
    /// Where the lists begin. Default 0.
    from: Option<Whole<0, 1_000_000>>,
    /// Entries of each list. Default 50.
    limit: Option<Whole<1, 300>>,
}

impl Asked {
    pub(super) fn source(&self) -> Source<'_> {
        Source { template: self.template.as_ref(), inline: self.inline.as_ref(), file: self.file.as_ref() }
    }

    pub(super) fn is_inline(&self) -> bool {
        self.inline.is_some() && self.template.is_none() && self.file.is_none()
    }

    pub(super) fn page<T>(&self, all: Vec<T>) -> Vec<T> {
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let (from, limit) = (self.from.map_or(0, |from| from.get()), self.limit.map_or(SHOWN, |limit| limit.get()));
        all.into_iter().skip(number(from)).take(number(limit)).collect()
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PlanOrgImport(Asked);

#[derive(Serialize, JsonSchema)]
pub struct PlannedImport {
    /// Give it to import_org with the same template; it is refused if what was seen here has changed.
    plan_id: PlanId,
    name: String,
    /// `summary` where the tenant shows only name, count and secrets of its template: what exists already isn't
    /// known then, and would be created again.
    detail: &'static str,
    create_count: usize,
    /// Parents first.
    creates: Vec<Created>,
    /// Workspaces of the template that are there already, found by their names from the root down. Absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    match_count: Option<usize>,
    /// Of these, ones that an earlier import left as roots; the next moves them.
    #[serde(skip_serializing_if = "is_zero")]
    unsettled_count: usize,
    /// Where those differ; an import leaves that as it is.
    difference_count: usize,
    differences: Vec<Differing>,
    #[serde(skip_serializing_if = "is_zero")]
    complete_count: usize,
    /// What those lack and the import sets: models, budgets, instructions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    completes: Vec<Completed>,
    /// Secrets without which the tenant refuses, unless `force`.
    missing_required: Vec<String>,
    missing_recommended: Vec<String>,
    missing_templates: Vec<String>,
    missing_plugins: Vec<String>,
    schedule_count: usize,
    /// They start with the import.
    schedules: Vec<Start>,
    budget: Budgets,
    notes: Vec<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize, JsonSchema)]
struct Created {
    path: String,
    runtime: String,
    tier: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// The directory of the host that it mounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_access: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Differing {
    path: String,
    field: String,
    live: Data,
    template: Data,
}

#[derive(Serialize, JsonSchema)]
struct Completed {
    path: String,
    sets: String,
}

#[derive(Serialize, JsonSchema)]
struct Budgets {
    /// The monthly limits that are there now, together.
    now: Money,
    /// What the import adds to them.
    added: Money,
    /// Workspaces that it creates without a limit.
    without_limit: usize,
}

impl Act for PlanOrgImport {
    type Answer = PlannedImport;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        match self.0.source().open(call).await? {
            Opened::Held(name) => Ok(summary(Held::look(&name, call).await?)),
            Opened::Read { template, held } => {
                let (live, facts) = look(&template, call).await?;
                let plan = Plan::new(&template, &live, &facts);
                let mut planned = self.0.told(&template, &plan, &live, &facts, call);
                if held.is_none() || plan.existing() > 0 {
                    planned.notes.extend(without_files(&plan));
                } else if template.names_files() {
                    planned.notes.push(AS_HELD.to_owned());
                }
                Ok(planned)
            }
        }
    }
}

fn summary(held: Held) -> PlannedImport {
    let count = held.listed.workspaces as usize;
    let mut notes = vec![
        "The tenant shows no more of its template: which workspaces it has, what exists of them and which schedules \
         start isn't known. With a copy in the operator's `template_dirs` it would be."
            .to_owned(),
    ];
    notes.extend(held.in_the_way().map(|why| format!("import_org refuses this plan: {why}.")));
    PlannedImport {
        plan_id: held.id(),
        detail: "summary",
        create_count: count,
        creates: Vec::new(),
        match_count: None,
        unsettled_count: 0,
        difference_count: 0,
        differences: Vec::new(),
        complete_count: 0,
        completes: Vec::new(),
        missing_templates: Vec::new(),
        missing_plugins: Vec::new(),
        schedule_count: 0,
        schedules: Vec::new(),
        budget: Budgets { now: limits(&held.live), added: Money::of(0), without_limit: count },
        notes,
        name: held.listed.name,
        missing_required: held.required,
        missing_recommended: held.recommended,
    }
}

impl Asked {
    fn told(
        &self,
        template: &OrgTemplate,
        plan: &Plan,
        live: &Live,
        facts: &Facts,
        call: &Invocation,
    ) -> PlannedImport {
        let needs = Needs::of(template, plan, facts);
        let (starting, completes) = (needs::starting(plan, call.now), completed(plan));
        let creates = plan.missing().map(|(_, node)| Created {
            path: node.path.clone(),
            runtime: node.runtime().to_owned(),
            tier: node.tier(),
            model: node.model().map(str::to_owned),
            workspace_dir: node.wanted.workspace_dir.clone().filter(|directory| !directory.is_empty()),
            workspace_access: node.wanted.access().map(str::to_owned),
        });
        PlannedImport {
            plan_id: PlanId::of(template, plan, live, facts, &needs),
            name: template.name.clone(),
            detail: "full",
            create_count: plan.missing().count(),
            creates: self.page(creates.collect()),
            match_count: Some(plan.existing()),
            unsettled_count: plan.found.iter().flatten().filter(|one| one.unsettled).count(),
            difference_count: plan.differences.len(),
            differences: self.page(plan.differences.clone()).into_iter().map(differing).collect(),
            complete_count: completes.len(),
            completes: self.page(completes),
            missing_required: needs.required,
            missing_recommended: needs.recommended,
            missing_templates: needs.templates,
            missing_plugins: needs.plugins,
            schedule_count: starting.len(),
            schedules: self.page(starting),
            budget: budgets(plan, live),
            notes: notes(template, facts),
        }
    }
}

fn completed(plan: &Plan) -> Vec<Completed> {
    let of_found = plan.settings.iter().filter(|(at, _)| plan.found(*at).is_some());
    let told = |(at, setting): &(usize, Setting)| {
        Some(Completed { path: plan.nodes.get(*at)?.path.clone(), sets: setting.words() })
    };
    of_found.filter_map(told).collect()
}

pub(super) fn differing(one: Difference) -> Differing {
    let short = |value| Data::from(masked(&one.field, value)).excerpt(EXCERPT, "get_workspace, list_schedules");
    let (live, template) = (short(one.live), short(one.template));
    Differing { path: one.path, field: one.field, live, template }
}

/// As it may be shown under the name of its field.
fn masked(field: &str, value: Value) -> Value {
    let mut named = Value::Object(Map::from_iter([(field.to_owned(), value)]));
    mask(&mut named);
    named.get_mut(field).map(Value::take).unwrap_or_default()
}

fn limits(live: &Live) -> Money {
    Money::of(live.workspaces.iter().filter_map(|one| one.budget_limit).fold(0, i64::saturating_add))
}

fn budgets(plan: &Plan, live: &Live) -> Budgets {
    let limits_set = plan.settings.iter().filter_map(|(_, setting)| match setting {
        Setting::Budget(cents) => Some(*cents),
        _ => None,
    });
    Budgets {
        now: limits(live),
        added: Money::of(limits_set.fold(0, i64::saturating_add)),
        without_limit: plan.missing().filter(|(_, node)| node.wanted.budget_limit.is_none()).count(),
    }
}

pub(super) fn notes(template: &OrgTemplate, facts: &Facts) -> Vec<String> {
    let mut notes = vec!["Not compared: channels, memories, files, secrets of single workspaces.".to_owned()];
    if facts.not_looked_at > 0 {
        notes.push(format!("Schedules and models of {} workspaces weren't looked at.", facts.not_looked_at));
    }
    let unknown = template.unknown();
    if !unknown.is_empty() {
        let shown = unknown.get(..20).unwrap_or(&unknown).join(", ");
        notes.push(format!("The tenant ignores fields that it doesn't know: {shown}."));
    }
    notes
}

/// Fields that name files beside the template, in what would be created.
pub fn without_files(plan: &Plan) -> Option<String> {
    let naming = plan.missing().filter(|(_, node)| FILES.iter().any(|field| node.wanted.rest.contains_key(*field)));
    let count = naming.count();
    (count > 0).then(|| {
        format!(
            "{count} workspaces name files beside the template ({}), which aren't carried: only a template that the \
             tenant holds, and that is imported as a whole, brings them along.",
            FILES.join(", ")
        )
    })
}
