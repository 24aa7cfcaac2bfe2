//! import_org. The tenant's import only adds, knows no second time, and answers a partial one with a success.
//! With a plan id this one sends what is missing and nothing else: topmost missing workspaces go as roots, each
//! marked, and are moved below their parents afterwards. Whoever is killed in between plans and imports again:
//! what stands marked is moved first, and nothing is made twice.

mod report;
mod sending;
mod settings;
mod settle;
mod sight;

use std::convert::Infallible;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::IMPORT;
use super::list::Listed;
use super::live::Live;
use super::plan::Plan;
use super::plan::answer::without_files;
use super::plan::facts::{Facts, look};
use super::plan::held::Held;
use super::plan::id::PlanId;
use super::plan::needs::Needs;
use super::template::OrgTemplate;
use super::template::source::{Opened, Source, find_listed};
use crate::backend::Received;
use crate::failure::{Changed, Failure};
use crate::imports::Import;
use crate::tools::given::GivenData;
use crate::tools::ids::{BundleFile, TemplateName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::many::patiently;
use crate::tools::prose::Prose;
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_all;
pub use report::Imported;
use report::{Report, SkippedChannel, as_told};
use sending::Sending;
use settle::Places;

/// An import of three hundred workspaces still fits.
const PATIENCE: Duration = Duration::from_secs(600);
const TICK: Duration = Duration::from_secs(2);

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
        match self.source().open(call).await? {
            Opened::Held(name) => Ok(Some(sight::of_held(&self.check_held(&name, call).await?))),
            Opened::Read { template, .. } => {
                let (live, facts) = self.look_around(&template, call).await?;
                let plan = Plan::new(&template, &live, &facts);
                self.check(&template, &plan, &live, &facts)?;
                Ok(Some(sight::of(&template, &plan)))
            }
        }
    }

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        match self.source().open(call).await? {
            Opened::Held(name) => self.have_made(&name, call).await,
            Opened::Read { template, held } => {
                sight::check(&sight::digest_of(&template), call)?;
                // First: what is looked at after this nobody else is about to import.
                let import = call.server.imports.begin(&template.name, call.id).await?;
                let brought = self.bring(&template, held.as_ref(), &import, call).await;
                settled(brought, &import).await
            }
        }
    }
}

/// One that failed with nothing changed isn't remembered.
async fn settled(result: Result<Imported, Failure>, import: &Import) -> Result<Imported, Failure> {
    if result.as_ref().is_err_and(|failure| failure.has_changed() == Changed::No) {
        import.made_nothing().await?;
    }
    result
}

impl ImportOrg {
    fn source(&self) -> Source<'_> {
        Source { template: self.template.as_ref(), inline: self.inline.as_ref(), file: self.file.as_ref() }
    }

    /// With a plan id, whether that holds.
    async fn check_held(&self, name: &TemplateName, call: &Invocation) -> Result<Listed, Failure> {
        let Some(plan_id) = &self.plan_id else { return find_listed(name, call).await };
        let held = Held::look(name, call).await?;
        held.check(plan_id)?;
        Ok(held.listed)
    }

    fn check(&self, template: &OrgTemplate, plan: &Plan, live: &Live, facts: &Facts) -> Result<(), Failure> {
        let Some(plan_id) = &self.plan_id else { return Ok(()) };
        let needs = Needs::of(template, plan, facts);
        plan_id.check(&PlanId::of(template, plan, live, facts, &needs))
    }

    /// Without a plan id nothing counts as there.
    async fn look_around(&self, template: &OrgTemplate, call: &Invocation) -> Result<(Live, Facts), Failure> {
        match &self.plan_id {
            Some(_) => look(template, call).await,
            None => Ok((Live::new(Vec::new()), Facts::default())),
        }
    }

    /// A template that only the tenant knows.
    async fn have_made(&self, name: &TemplateName, call: &Invocation) -> Result<Imported, Failure> {
        let listed = find_listed(name, call).await?;
        sight::check(&sight::digest_of_held(&listed), call)?;
        let import = call.server.imports.begin(&listed.name, call.id).await?;
        let made = async {
            // Somebody may have been through with it just before.
            if let Some(plan_id) = &self.plan_id {
                plan_id.check(&Held::look(name, call).await?.id())?;
            }
            let before = fetch_all(call).await?.len();
            let answer = self.send(json!({ "dir": name }), before, None, &import, call).await?;
            Ok(as_told(answer))
        };
        settled(made.await, &import).await
    }

    /// A template that we have read. Without a plan id all of it is made, whatever is there.
    async fn bring(
        &self,
        template: &OrgTemplate,
        held: Option<&TemplateName>,
        import: &Import,
        call: &Invocation,
    ) -> Result<Imported, Failure> {
        let before = patiently(call, || fetch_all(call)).await?.len();
        let (live, facts) = self.look_around(template, call).await?;
        let plan = Plan::new(template, &live, &facts);
        self.check(template, &plan, &live, &facts)?;
        let sending = Sending::of(template, held, &plan, &live);
        let mut places = Places::new(&plan, &live);
        let mut report = Report::new(template, &plan, &live);
        report.not_carried.extend(sending.not_carried.iter().cloned());
        if sending.body.get("dir").is_none() {
            report.not_carried.extend(without_files(&plan));
        }
        report.not_looked_at(facts.not_looked_at);
        for at in plan.unsettled() {
            report.moved(at, places.settle(at, &report.ids, call).await);
        }
        // Without a plan the tenant has the last word on a template that wants nothing, too.
        if self.plan_id.is_none() || !sending.nodes.is_empty() {
            let total = sending.nodes.len();
            let answer = self.send(sending.body.clone(), before, Some(total), import, call).await?;
            report.made(&sending.nodes, answer);
            for at in &sending.moves {
                if report.ids.get(*at).is_some_and(Option::is_some) {
                    report.moved(*at, places.settle(*at, &report.ids, call).await);
                }
            }
        } else {
            import.made_nothing().await?;
        }
        settings::apply(&plan, &mut report, call).await;
        Ok(report.answer())
    }

    async fn send(
        &self,
        mut body: Value,
        before: usize,
        total: Option<usize>,
        import: &Import,
        call: &Invocation,
    ) -> Result<Answer, Failure> {
        if let (true, Some(fields)) = (self.force, body.as_object_mut()) {
            fields.insert("force".to_owned(), true.into());
        }
        let asked = patiently(call, || call.tenant.ask(&IMPORT).body(&body).within(PATIENCE).received());
        let received = tokio::select! {
            received = asked => received?,
            never = watch(before, total, call) => match never {},
        };
        let answer = decoded(received)?;
        let ids: Vec<WorkspaceId> = answer.workspaces.iter().map(|one| one.id.clone()).collect();
        // It is made, whether or not that can be written down.
        if let Err(error) = import.made(&ids).await {
            tracing::warn!(%error, "what an import made isn't noted");
        }
        Ok(answer)
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
