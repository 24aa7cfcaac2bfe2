//! A template of which only the tenant knows the content: what can be said of its import all the same.

use serde_json::json;

use super::Live;
use super::id::PlanId;
use super::needs::missing;
use crate::failure::{Code, Failure};
use crate::tools::ids::TemplateName;
use crate::tools::invocation::Invocation;
use crate::tools::org::list::Listed;
use crate::tools::org::template::source::listed;
use crate::tools::secrets::{self, SecretLine};
use crate::tools::workspaces::fetch_all;

pub struct Held {
    pub listed: Listed,
    pub live: Live,
    /// Secrets that are missing.
    pub required: Vec<String>,
    pub recommended: Vec<String>,
}

impl Held {
    pub async fn look(name: &TemplateName, call: &Invocation) -> Result<Self, Failure> {
        let asked = call.tenant.ask(&secrets::LIST_GLOBAL).fetch::<Vec<SecretLine>>();
        let (listed, all, keys) = tokio::try_join!(listed(name, call), fetch_all(call), asked)?;
        let listed = listed.ok_or_else(|| {
            Failure::new(Code::NotFound, "the tenant has no such org template").next("list_org_templates names them.")
        })?;
        let there = keys.into_iter().map(|one| one.key).collect();
        let lacking = |needed: &[_]| missing(&needed.iter().collect::<Vec<_>>(), Some(&there));
        let (required, recommended) = (lacking(&listed.required_env), lacking(&listed.recommended_env));
        Ok(Self { live: Live::new(all), required, recommended, listed })
    }

    pub fn id(&self) -> PlanId {
        let Listed { dir, name, workspaces, required_env, .. } = &self.listed;
        PlanId::of_held(&json!([dir, name, workspaces, required_env]), &self.live, &self.required)
    }
}
