//! Whether the journal is what it was: every entry is hashed anew, every checkpoint's signature, head and
//! root are checked, and so are checkpoints that were kept elsewhere. It names the first entry that isn't
//! as it was. Whatever the bytes are, there is an answer.

pub mod database;
pub mod export;
mod kept;
mod walk;

use serde::Serialize;

use super::chain::Hash;
pub use kept::Kept;

/// Every tenant's chain.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub ok: bool,
    pub chains: Vec<Chain>,
    /// What is wrong with the whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One tenant's.
#[derive(Clone, Debug, Serialize)]
pub struct Chain {
    pub tenant: String,
    pub ok: bool,
    /// Entries since the first, pruned ones too.
    pub count: u64,
    /// The first position that is still here, where others were pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    pub head: Hash,
    /// How many checkpoints stand here and are right.
    pub checkpoints: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_checkpoint: Option<Covered>,
    /// How many checkpoints kept elsewhere are right.
    #[serde(skip_serializing_if = "is_none")]
    pub kept_checkpoints: u64,
    /// Kept elsewhere, of entries that were pruned: nothing is left to check them with.
    #[serde(skip_serializing_if = "is_none")]
    pub kept_of_pruned: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What a checkpoint covers.
#[derive(Clone, Debug, Serialize)]
pub struct Covered {
    pub number: u64,
    pub count: u64,
    pub at: String,
}

/// The first that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Of the entry at that position, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    pub what: String,
}

impl Problem {
    fn at(position: u64, what: impl Into<String>) -> Self {
        Self { position: Some(position), invocation: None, what: what.into() }
    }

    #[must_use]
    fn of(mut self, invocation: impl Into<String>) -> Self {
        self.invocation = Some(invocation.into());
        self
    }
}

impl Report {
    fn of(chains: Vec<Chain>, problem: Option<String>) -> Self {
        Self { ok: problem.is_none() && chains.iter().all(|chain| chain.ok), chains, problem }
    }
}
