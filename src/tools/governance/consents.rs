//! list_consents: what waits for a person. There is no tool to agree: that is a person's, elsewhere.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::consent::Question;
use crate::failure::Failure;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListConsents {}

#[derive(Serialize, JsonSchema)]
pub struct Waiting {
    /// For `molecule-org-mcp consents agree`.
    id: String,
    asked: DateTime<Utc>,
    until: DateTime<Utc>,
    tool: String,
    caller: String,
    /// The ids among its arguments.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    targets: BTreeMap<String, String>,
}

impl From<Question> for Waiting {
    fn from(one: Question) -> Self {
        Self {
            id: one.id,
            asked: one.asked,
            until: one.until,
            tool: one.bond.tool,
            caller: one.bond.caller,
            targets: one.targets,
        }
    }
}

impl List for ListConsents {
    type Item = Waiting;

    fn mark(one: &Waiting) -> String {
        one.id.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Waiting>, Failure> {
        let all = call.server.consents.waiting(call.now).await?;
        let own = |one: &Question| call.caller.grant.is_none() || one.bond.caller == call.caller.identity();
        let here = |one: &Question| one.bond.tenant == call.server.tenant;
        Ok(all.into_iter().filter(|one| own(one) && here(one)).map(Waiting::from).collect())
    }
}
