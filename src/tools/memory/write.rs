//! memory_set and memory_delete_kv: what is kept under keys, written and dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kept::fetch;
use super::{DROP, KEEP};
use crate::failure::{Code, Failure};
use crate::tools::bounds::Whole;
use crate::tools::given::GivenData;
use crate::tools::ids::{MemoryKey, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySet {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Under which name.
    key: MemoryKey,
    /// Any JSON. Not for secrets: set_secret is.
    value: GivenData,
    /// Seconds until it is dropped; absent: it stays.
    ttl_seconds: Option<Whole<1, 3_153_600_000>>,
    /// Only over this version; 0: only if the key is new.
    if_match_version: Option<Whole<0, 9_000_000_000_000_000>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Set {
    key: MemoryKey,
    version: i64,
}

#[derive(Deserialize)]
struct Answer {
    version: i64,
}

#[derive(Deserialize)]
struct Mismatch {
    current_version: Option<i64>,
}

impl Act for MemorySet {
    type Answer = Set;

    async fn act(self, call: &Invocation) -> Result<Set, Failure> {
        confirm_exists(&self.workspace_id, call).await?;
        let ask = call.tenant.ask(&KEEP).part("workspace_id", &self.workspace_id);
        let received = ask.body(&self.body()).expecting(&[409]).received().await?;
        if received.status == 409 {
            return Err(mismatch(received.decode()?));
        }
        let answer: Answer = received.decode()?;
        Ok(Set { key: self.key, version: answer.version })
    }
}

impl MemorySet {
    fn body(&self) -> Value {
        json!({
            "key": self.key,
            "value": self.value,
            "ttl_seconds": self.ttl_seconds,
            "if_match_version": self.if_match_version,
        })
    }
}

fn mismatch(found: Mismatch) -> Failure {
    let message = match found.current_version {
        Some(version) => format!("somebody changed it: the key is at version {version}"),
        None => "there is no such key to be changed".to_owned(),
    };
    Failure::new(Code::Conflict, message).next(
        "Read it with memory_get, decide again, and pass the `version` it shows. A key that has expired isn't shown \
         and keeps its version.",
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryDeleteKv {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From memory_list.
    key: MemoryKey,
}

#[derive(Serialize, JsonSchema)]
pub struct Dropped {
    key: MemoryKey,
    /// `deleted`
    status: &'static str,
}

impl Act for MemoryDeleteKv {
    type Answer = Dropped;

    /// The tenant says `deleted` of keys that were never there.
    async fn act(self, call: &Invocation) -> Result<Dropped, Failure> {
        fetch(&self.workspace_id, &self.key, call).await?;
        let ask = call.tenant.ask(&DROP).part("workspace_id", &self.workspace_id).part("key", &self.key);
        ask.received().await?;
        Ok(Dropped { key: self.key, status: "deleted" })
    }
}
