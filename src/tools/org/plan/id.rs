//! What a plan is known by: digests of the template, of the workspaces that it touches as they were seen, and
//! of what was missing. Whoever brings it back is told which of the three has changed.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::needs::Needs;
use super::{Facts, Live, Plan};
use crate::digest;
use crate::failure::{Code, Failure};
use crate::tools::org::template::OrgTemplate;

/// Digits of each digest.
const DIGITS: usize = 12;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanId([String; 3]);

impl PlanId {
    pub fn of(template: &OrgTemplate, plan: &Plan, live: &Live, facts: &Facts, needs: &Needs) -> Self {
        let seen = plan.found.iter().map(|found| {
            let found = found.as_ref()?;
            let one = live.get(*found)?;
            Some(json!([one.id, one.parent_id, found.unsettled]))
        });
        let seen: Vec<Option<Value>> = seen.collect();
        let settings: Vec<(usize, String)> = plan.settings.iter().map(|(at, one)| (*at, one.words())).collect();
        let workspaces = json!([seen, plan.differences, settings, facts.not_looked_at]);
        Self([digits(&json!(template)), digits(&workspaces), digits(&json!(needs))])
    }

    /// Where the template is the tenant's alone, everything that is there counts.
    pub fn of_held(summary: &Value, live: &Live, missing: &[String]) -> Self {
        let ids: Vec<_> = live.workspaces.iter().map(|one| (&one.id, &one.parent_id)).collect();
        Self([digits(summary), digits(&json!(ids)), digits(&json!(missing))])
    }

    /// Nothing has changed since this plan was made.
    pub fn check(&self, now: &Self) -> Result<(), Failure> {
        let names = ["the template", "the workspaces that it touches", "what is missing for it"];
        let drifted = names.into_iter().zip(self.0.iter().zip(&now.0)).filter(|(_, (then, now))| then != now);
        let drifted: Vec<&str> = drifted.map(|(name, _)| name).collect();
        if drifted.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Code::Conflict, format!("since that plan, this has changed: {}", drifted.join(", ")))
            .next("Plan again with plan_org_import, look at what is different, and import with the new `plan_id`."))
    }
}

fn digits(value: &Value) -> String {
    digest::sha256(value.to_string()).get(..DIGITS).unwrap_or_default().to_owned()
}

impl TryFrom<String> for PlanId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_part = |part: &&str| part.len() == DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parts: Vec<String> =
            text.trim().strip_prefix("plan-").into_iter().flat_map(|rest| rest.split('-')).map(str::to_owned).collect();
        let is_one = parts.iter().all(|part| is_part(&part.as_str()));
        parts.try_into().ok().filter(|_| is_one).map(Self).ok_or("expected a plan id as plan_org_import gives it")
    }
}

impl From<PlanId> for String {
    fn from(id: PlanId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "plan-{}", self.0.join("-"))
    }
}

impl JsonSchema for PlanId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PlanId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PlanId {
        PlanId::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn what_has_changed_is_named() {
        let plan = id("plan-aaaaaaaaaaaa-bbbbbbbbbbbb-cccccccccccc");
        assert!(plan.check(&plan.clone()).is_ok());
        let told = plan.check(&id("plan-aaaaaaaaaaaa-bbbbbbbbbbb0-cccccccccccc")).unwrap_err().text();
        assert!(told.starts_with("CONFLICT: ") && told.contains("changed: the workspaces that it touches\n"), "{told}");
        for wrong in ["", "plan-", "plan-aaaaaaaaaaaa-bbbbbbbbbbbb", "aaaaaaaaaaaa-bbbbbbbbbbbb-cccccccccccc"] {
            assert!(PlanId::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert_eq!(plan.to_string(), "plan-aaaaaaaaaaaa-bbbbbbbbbbbb-cccccccccccc");
    }
}
