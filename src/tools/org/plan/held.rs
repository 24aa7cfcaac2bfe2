//! A template of which only the tenant knows the content: what can be said of its import all the same.

use std::collections::BTreeSet;

use serde_json::json;

use super::Live;
use super::id::PlanId;
use super::needs::missing;
use crate::failure::{Code, Failure};
use crate::tools::ids::{TemplateName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::org::list::Listed;
use crate::tools::org::template::source::find_listed;
use crate::tools::secrets::{self, SecretLine};
use crate::tools::workspaces::fetch_all;

pub struct Held {
    pub listed: Listed,
    pub live: Live,
    /// Workspaces that an earlier import of it made, and that are there.
    there: usize,
    /// One ended without anybody knowing what it made.
    unclear: bool,
    /// Secrets that are missing.
    pub required: Vec<String>,
    pub recommended: Vec<String>,
}

impl Held {
    pub async fn look(name: &TemplateName, call: &Invocation) -> Result<Self, Failure> {
        let asked = call.tenant.ask(&secrets::LIST_GLOBAL).fetch::<Vec<SecretLine>>();
        let (listed, all, keys) = tokio::try_join!(find_listed(name, call), fetch_all(call), asked)?;
        let earlier = call.server.imports.earlier(&listed.name).await?;
        let made: BTreeSet<&WorkspaceId> = earlier.made.iter().collect();
        let remaining = all.iter().filter(|one| made.contains(&one.id)).count();
        let there = keys.into_iter().map(|one| one.key).collect();
        let lacking = |needed: &[_]| missing(&needed.iter().collect::<Vec<_>>(), Some(&there));
        let (required, recommended) = (lacking(&listed.required_env), lacking(&listed.recommended_env));
        Ok(Self { live: Live::new(all), there: remaining, unclear: earlier.unclear, required, recommended, listed })
    }

    /// Why importing what is missing can't be promised: nobody could tell it from what is there.
    pub fn in_the_way(&self) -> Option<String> {
        match (self.there, self.unclear) {
            (0, false) => None,
            (0, true) => {
                Some("an earlier import of this template ended without anybody knowing what it made".to_owned())
            }
            (there, _) => Some(format!("{there} workspaces of an earlier import of this template are there")),
        }
    }

    /// The plan holds, and makes no twins.
    pub fn check(&self, plan_id: &PlanId) -> Result<(), Failure> {
        plan_id.check(&self.id())?;
        self.in_the_way().map_or(Ok(()), |why| {
            Err(Failure::new(Code::Conflict, format!("{why}, and which ones are missing only the tenant knows")).next(
                "Delete those first, or give the template itself rather than its name. import_org without `plan_id` \
                 makes all of it once more, twins included.",
            ))
        })
    }

    pub fn id(&self) -> PlanId {
        let Listed { dir, name, workspaces, required_env, .. } = &self.listed;
        PlanId::of_held(&json!([dir, name, workspaces, required_env]), &self.live, &self.required)
    }
}
