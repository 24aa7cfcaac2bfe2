//! memory_get and memory_list: what is kept under keys. Values may be any JSON, and long: a list shows
//! their beginnings, and one alone comes in ranges.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{KEPT, KEPT_ONE};
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::ids::{MemoryKey, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::list::List;
use crate::tools::prose::{Data, Prose};
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

const USUAL_LENGTH: i64 = 20_000;

#[derive(Deserialize)]
pub(super) struct Kept {
    key: String,
    value: Value,
    version: i64,
    expires_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

pub(super) async fn fetch(workspace: &WorkspaceId, key: &MemoryKey, call: &Invocation) -> Result<Kept, Failure> {
    call.tenant.ask(&KEPT_ONE).part("workspace_id", workspace).part("key", key).fetch().await
}

#[derive(Serialize, JsonSchema)]
pub struct Entry {
    key: String,
    /// The value; a long one as its JSON's text.
    content: Data,
    version: i64,
    updated_at: DateTime<Utc>,
    /// Absent: it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

impl Kept {
    fn entry(self, content: Data) -> Entry {
        Entry {
            key: self.key,
            content,
            version: self.version,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryList {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
}

impl List for MemoryList {
    type Item = Entry;
    const MOST: u32 = 500;

    fn mark(one: &Entry) -> String {
        one.key.clone()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Entry>, Failure> {
        let kept: Vec<Kept> = call.tenant.ask(&KEPT).part("workspace_id", &self.workspace_id).fetch().await?;
        if kept.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        Ok(kept.into_iter().map(Kept::shortened).collect())
    }
}

impl Kept {
    fn shortened(mut self) -> Entry {
        let content = Data::from(self.value.take()).excerpt(200, "memory_get");
        self.entry(content)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryGet {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From memory_list.
    key: MemoryKey,
    /// For a long value: from this character of its JSON on; default 0.
    from: Option<Whole<0, 1_000_000_000>>,
    /// Characters; default 20000.
    length: Option<Whole<1, 60_000>>,
}

impl Act for MemoryGet {
    type Answer = Entry;

    async fn act(self, call: &Invocation) -> Result<Entry, Failure> {
        let mut kept = fetch(&self.workspace_id, &self.key, call).await?;
        let value = kept.value.take();
        let from = self.from.map_or(0, Whole::get);
        let length = self.length.map_or(USUAL_LENGTH, Whole::get);
        let content = range(value, from, length);
        Ok(kept.entry(content))
    }
}

/// The value itself where all of it fits.
fn range(value: Value, from: i64, length: i64) -> Data {
    let (start, most) = (usize::try_from(from).unwrap_or(0), usize::try_from(length).unwrap_or(usize::MAX));
    let text = value.to_string();
    if start == 0 && text.len() <= most {
        return value.into();
    }
    let end = start.saturating_add(most);
    let rest: String = text.chars().skip(start).collect();
    Data::of(&Prose::from(rest).excerpt(most, &format!("`from` {end}")))
}
