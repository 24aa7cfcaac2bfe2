//! import_org. The tenant's import only adds, knows no second time, and answers a partial one with a success.
//! With a plan id this one sends what is missing and nothing else: topmost missing workspaces go as roots, each
//! marked, and are moved below their parents afterwards. Whoever is killed in between plans and imports again:
//! what stands marked is moved first, and nothing is made twice.

mod sending;
mod settings;
mod settle;

use std::convert::Infallible;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::IMPORT;
use super::plan::answer::{id_of_held, look_at_held, missing_for, without_files};
use super::plan::facts::{Facts, look};
use super::plan::id::PlanId;
use super::plan::needs::Needs;
use super::live::Live;
use super::plan::Plan;
use super::template::OrgTemplate;
use super::template::source::{Opened, Source};
use crate::backend::Received;
use crate::failure::Failure;
use crate::tools::given::GivenData;
use crate::tools::ids::{BundleFile, TemplateName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_all;
use sending::Sending;
use settle::Places;

/// An import of three hundred workspaces still fits.
const PATIENCE: Duration = Duration::from_secs(600);
const TICK: Duration = Duration::from_secs(2);
/// Workspaces that an answer names.
const SHOWN: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportOrg {
    /// From list_org_templates.
    #[serde(alias = "dir")]
    template: Option<TemplateName>,
    /// An org template as an object, in place of `template`. Credentials in it as `${NAME}` only.
    #[schemars(with = "Option<Map<String, Value>>")]
    inline: Option<GivenData>,
    /// A file on the server with one, as export_org writes it.
    file: Option<BundleFile>,
    /// From plan_org_import: only what is missing is created, and nothing if anything has changed.
    plan_id: Option<PlanId>,
    /// Import although required variables are missing.
    #[serde(default)]
    force: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Imported {
    org: String,
    /// `complete`, or `partial` where something was left: plan and import again.
    status: &'static str,
    /// Why it stopped, in the tenant's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Prose>,
    /// How many were created.
    count: usize,
    /// Of 200 at most: what failed first, what existed last.
    workspaces: Vec<Outcome>,
    #[serde(skip_serializing_if = "is_zero")]
    not_shown: usize,
    /// What the template says and the organisation doesn't have after this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_carried: Vec<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Became {
    Failed,
    // Created or found as a root, and not below its parent yet.
    NotMoved,
    NotReached,
    Created,
    Existed,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<WorkspaceId>,
    name: String,
    /// Names from the root to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    outcome: Became,
    /// Channels that were left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels_skipped: Vec<SkippedChannel>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct SkippedChannel {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    org: String,
    workspaces: Vec<Made>,
    error: Option<Prose>,
}

/// In the order of the template, parents first.
#[derive(Deserialize)]
struct Made {
    id: WorkspaceId,
    name: String,
    #[serde(default)]
    channels_skipped: Vec<SkippedChannel>,
}

impl Act for ImportOrg {
    type Answer = Imported;

    /// A plan that doesn't hold any more isn't worth anybody's yes.
    async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        let Some(plan_id) = &self.plan_id else { return Ok(None) };
        match self.source().open(call).await? {
            Opened::Held(name) => check_held(&name, plan_id, call).await.map(|()| None),
            Opened::Read { template, .. } => {
                let (live, facts) = look(&template, call).await?;
                let plan = Plan::new(&template, &live, &facts);
                check(&template, &plan, &live, &facts, plan_id)?;
                Ok(Some(json!({ "create": plan.missing().count(), "exist": plan.existing() })))
            }
        }
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        match self.source().open(call).await? {
            Opened::Held(name) => {
                if let Some(plan_id) = &self.plan_id {
                    check_held(&name, plan_id, call).await?;
                }
                let before = fetch_all(call).await?.len();
                let answer = self.send(json!({ "dir": name }), before, None, call).await?;
                Ok(as_told(answer))
            }
            Opened::Read { template, held } => self.bring(&template, held.as_ref(), call).await,
        }
    }
}

async fn check_held(name: &TemplateName, plan_id: &PlanId, call: &Invocation) -> Result<(), Failure> {
    let (listed, live, secrets) = look_at_held(name, call).await?;
    plan_id.check(&id_of_held(&listed, &live, &missing_for(&listed, &secrets)))
}

fn check(
    template: &OrgTemplate,
    plan: &Plan,
    live: &Live,
    facts: &Facts,
    plan_id: &PlanId,
) -> Result<(), Failure> {
    let needs = Needs::of(template, plan, facts);
    plan_id.check(&PlanId::of(template, plan, live, facts, &needs))
}

impl ImportOrg {
    fn source(&self) -> Source<'_> {
        Source { template: self.template.as_ref(), inline: self.inline.as_ref(), file: self.file.as_ref() }
    }

    /// A template that we have read. Without a plan id all of it is made, whatever is there.
    async fn bring(
        &self,
        template: &OrgTemplate,
        held: Option<&TemplateName>,
        call: &Invocation,
    ) -> Result<Imported, Failure> {
        let (live, facts) = match &self.plan_id {
            Some(_) => look(template, call).await?,
            None => (Live::new(fetch_all(call).await?), Facts::default()),
        };
        let nothing = Live::new(Vec::new());
        let plan = Plan::new(template, if self.plan_id.is_some() { &live } else { &nothing }, &facts);
        if let Some(plan_id) = &self.plan_id {
            check(template, &plan, &live, &facts, plan_id)?;
        }
        let sending = Sending::of(template, held, &plan, &live);
        let mut places = Places::new(&plan, &live);
        let mut report = Report::new(template, &plan, &live);
        report.not_carried.extend(sending.not_carried.iter().cloned());
        if sending.body.get("dir").is_none() {
            report.not_carried.extend(without_files(&plan));
        }
        for at in plan.unsettled() {
            report.moved(at, places.settle(at, &report.ids, call).await);
        }
        if !sending.nodes.is_empty() {
            let total = sending.nodes.len();
            let answer = self.send(sending.body.clone(), live.workspaces.len(), Some(total), call).await?;
            report.made(&sending.nodes, answer);
            for at in &sending.moves {
                if report.ids.get(*at).is_some_and(Option::is_some) {
                    report.moved(*at, places.settle(*at, &report.ids, call).await);
                }
            }
        }
        settings::apply(&plan, &mut report, call).await;
        Ok(report.answer())
    }

    async fn send(
        &self,
        mut body: Value,
        before: usize,
        total: Option<usize>,
        call: &Invocation,
    ) -> Result<Answer, Failure> {
        if let (true, Some(fields)) = (self.force, body.as_object_mut()) {
            fields.insert("force".to_owned(), true.into());
        }
        let asked = call.tenant.ask(&IMPORT).body(&body).within(PATIENCE).received();
        let received = tokio::select! {
            received = asked => received?,
            never = watch(before, total, call) => match never {},
        };
        decoded(received)
    }
}

/// Tells how far it is, until the import ends and drops it.
async fn watch(before: usize, total: Option<usize>, call: &Invocation) -> Infallible {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    loop {
        tokio::time::sleep(TICK).await;
        if let Ok(now) = fetch_all(call).await {
            let made = number(now.len().saturating_sub(before));
            call.progress.step(made, total.map(number), format!("{made} workspaces made so far"));
        }
    }
}

fn decoded(received: Received) -> Result<Answer, Failure> {
    let partial = received.status == 207;
    let mut answer: Answer = received.decode()?;
    if partial && answer.error.is_none() {
        answer.error = Some("the tenant answered 207 and no reason".to_owned().into());
    }
    Ok(answer)
}

/// Of a template that only the tenant knows.
fn as_told(answer: Answer) -> Imported {
    let outcome = |made: Made| Outcome {
        id: Some(made.id),
        name: made.name,
        path: None,
        outcome: Became::Created,
        channels_skipped: made.channels_skipped,
    };
    let count = answer.workspaces.len();
    Imported {
        org: answer.org,
        status: if answer.error.is_some() { "partial" } else { "complete" },
        problem: answer.error,
        count,
        workspaces: answer.workspaces.into_iter().take(SHOWN).map(outcome).collect(),
        not_shown: count.saturating_sub(SHOWN),
        not_carried: Vec::new(),
    }
}

/// What has become of each workspace of the template.
struct Report {
    org: String,
    problem: Option<Prose>,
    nodes: Vec<(String, String)>,
    ids: Vec<Option<WorkspaceId>>,
    became: Vec<Became>,
    skipped: Vec<Vec<SkippedChannel>>,
    not_carried: Vec<String>,
    created: usize,
}

impl Report {
    fn new(template: &OrgTemplate, plan: &Plan, live: &Live) -> Self {
        let found = |at: usize| plan.found(at).and_then(|found| live.get(found));
        let count = plan.nodes.len();
        Self {
            org: template.name.clone(),
            problem: None,
            nodes: plan.nodes.iter().map(|node| (node.wanted.name.clone(), node.path.clone())).collect(),
            ids: (0..count).map(|at| found(at).map(|one| one.id.clone())).collect(),
            became: (0..count)
                .map(|at| if found(at).is_some() { Became::Existed } else { Became::NotReached })
                .collect(),
            skipped: vec![Vec::new(); count],
            not_carried: Vec::new(),
            created: 0,
        }
    }

    fn set(&mut self, at: usize, became: Became) {
        if let Some(place) = self.became.get_mut(at) {
            *place = became;
        }
    }

    /// The tenant made the first of those that were sent; the one after them is what it failed at.
    fn made(&mut self, sent: &[usize], answer: Answer) {
        let count = answer.workspaces.len();
        self.created = count;
        for (at, made) in sent.iter().zip(answer.workspaces) {
            self.set(*at, Became::Created);
            if let Some(id) = self.ids.get_mut(*at) {
                *id = Some(made.id);
            }
            if let Some(skipped) = self.skipped.get_mut(*at) {
                *skipped = made.channels_skipped;
            }
        }
        if let Some(failed) = sent.get(count) {
            self.set(*failed, Became::Failed);
        }
        self.problem = answer.error;
    }

    fn moved(&mut self, at: usize, result: Result<(), Failure>) {
        if let Err(failure) = result {
            self.set(at, Became::NotMoved);
            self.lost(at, "its place below its parent", &failure);
        }
    }

    fn lost(&mut self, at: usize, what: &str, failure: &Failure) {
        let path = self.nodes.get(at).map(|(_, path)| crate::fence::quoted(path)).unwrap_or_default();
        self.not_carried.push(format!("{path}: {what} ({})", failure.code().as_str()));
    }

    fn answer(self) -> Imported {
        let is_whole = self.became.iter().all(|one| matches!(one, Became::Created | Became::Existed));
        let rows = self.nodes.into_iter().zip(self.ids).zip(self.became).zip(self.skipped);
        let outcome = |((((name, path), id), outcome), channels_skipped)| Outcome {
            id,
            name,
            path: Some(path),
            outcome,
            channels_skipped,
        };
        let mut workspaces: Vec<Outcome> = rows.map(outcome).collect();
        workspaces.sort_by_key(|one| one.outcome);
        let not_shown = workspaces.len().saturating_sub(SHOWN);
        workspaces.truncate(SHOWN);
        Imported {
            org: self.org,
            status: if is_whole && self.problem.is_none() { "complete" } else { "partial" },
            problem: self.problem,
            count: self.created,
            workspaces,
            not_shown,
            not_carried: self.not_carried,
        }
    }
}
