//! The journal as lines of JSON: what an export holds, what an anchor keeps, and what the verifier reads
//! of both. An entry stands in it with every column, so that its hash can be worked out anew.

use std::fmt;

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::chain::{Columns, Count, Hash, link};
use super::checkpoint::{Checkpoint, Pruning};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    Entry(Entry),
    /// It stands behind the last entry that it covers; one with a frontier stands where entries before
    /// it were pruned.
    Checkpoint(Checkpoint),
    Pruning(Pruning),
}

/// An entry as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub tenant: String,
    pub position: u64,
    pub invocation: String,
    pub kind: String,
    pub at: String,
    pub process: String,
    pub tool: String,
    pub effect: String,
    pub key_prefix: String,
    pub result: Option<String>,
    pub body: String,
    pub hash: Hash,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Strings and numbers always become JSON.
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl Entry {
    pub(super) const COLUMNS: &str =
        "tenant, position, invocation, kind, at, process, tool, effect, key_prefix, result, body, hash";

    /// Nothing is expected of the row but what an entry is: a file that somebody changed can hold anything.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            tenant: row.get(0)?,
            position: row.get::<_, Count>(1)?.0,
            invocation: row.get(2)?,
            kind: row.get(3)?,
            at: row.get(4)?,
            process: row.get(5)?,
            tool: row.get(6)?,
            effect: row.get(7)?,
            key_prefix: row.get(8)?,
            result: row.get(9)?,
            body: row.get(10)?,
            hash: row.get(11)?,
        })
    }

    /// The hash that it must have after one with `previous`.
    pub(super) fn hash_after(&self, previous: &Hash) -> Hash {
        let content = Columns {
            tenant: &self.tenant,
            invocation: &self.invocation,
            kind: &self.kind,
            at: &self.at,
            process: &self.process,
            tool: &self.tool,
            effect: &self.effect,
            key_prefix: &self.key_prefix,
            result: self.result.as_deref(),
            body: &self.body,
        };
        link(previous, self.position, &content.hash())
    }
}
