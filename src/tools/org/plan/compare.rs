//! compare_org: the same look at the organisation as for a plan, told as where it and a template differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Asked, Differing, differing, notes};
use super::facts::{Facts, look};
use super::{Difference, Live, Plan, Setting};
use crate::failure::{Code, Failure};
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Invocation;
use crate::tools::org::template::OrgTemplate;
use crate::tools::org::template::source::Opened;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CompareOrg(Asked);

#[derive(Serialize, JsonSchema)]
pub struct ComparedOrg {
    name: String,
    /// Nothing is missing, extra or different, and all was looked at.
    in_sync: bool,
    match_count: usize,
    missing_count: usize,
    /// In the template, and not there.
    missing: Vec<String>,
    extra_count: usize,
    /// Below a workspace of the template, and not in it.
    extra: Vec<Extra>,
    difference_count: usize,
    differences: Vec<Differing>,
    /// Roots beside those of the template; they count as no drift.
    beside_count: usize,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Extra {
    path: String,
    id: WorkspaceId,
}

impl Act for CompareOrg {
    type Answer = ComparedOrg;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        if call.caller.is_bound() && !self.0.is_inline() {
            return Err(Failure::new(
                Code::ForbiddenByPolicy,
                "that template may name workspaces which aren't below yours",
            )
            .next("Give one of your own as `inline`: export_org gives what you see."));
        }
        let Opened::Read { template, .. } = self.0.source().open(call).await? else {
            return Err(Failure::new(Code::NotSupported, "the tenant doesn't show what is in its template")
                .next("Give the template itself, or ask the operator for a copy of it in `template_dirs`."));
        };
        let (live, facts) = look(&template, call).await?;
        let plan = Plan::new(&template, &live, &facts);
        Ok(self.0.compared(&template, &plan, &live, &facts))
    }
}

impl Asked {
    fn compared(&self, template: &OrgTemplate, plan: &Plan, live: &Live, facts: &Facts) -> ComparedOrg {
        let mut differences = plan.differences.clone();
        differences.extend(lacking(plan));
        let (extra, beside_count) = plan.extra(live);
        let missing: Vec<String> = plan.missing().map(|(_, node)| node.path.clone()).collect();
        let extra: Vec<Extra> = extra.into_iter().map(|(path, one)| Extra { path, id: one.id.clone() }).collect();
        ComparedOrg {
            name: template.name.clone(),
            in_sync: missing.is_empty() && extra.is_empty() && differences.is_empty() && facts.not_looked_at == 0,
            match_count: plan.existing(),
            missing_count: missing.len(),
            missing: self.page(missing),
            extra_count: extra.len(),
            extra: self.page(extra),
            difference_count: differences.len(),
            differences: self.page(differences).into_iter().map(differing).collect(),
            beside_count,
            notes: notes(template, facts),
        }
    }
}

/// What an import would set on workspaces that are there.
fn lacking<'a>(plan: &'a Plan) -> impl Iterator<Item = Difference> + 'a {
    let of_found = plan.settings.iter().filter(|(at, _)| plan.found(*at).is_some());
    of_found.filter_map(|(at, setting)| {
        let path = plan.nodes.get(*at)?.path.clone();
        let (field, template) = match setting {
            Setting::Model(model) => ("model".to_owned(), json!(model)),
            Setting::Budget(cents) => ("budget_limit".to_owned(), json!(cents)),
            Setting::Rule(rule) => (format!("instructions.{}", rule.title), json!(rule.content)),
            Setting::Place(place) => ("canvas".to_owned(), json!(place)),
        };
        Some(Difference { path, field, live: json!(null), template })
    })
}
