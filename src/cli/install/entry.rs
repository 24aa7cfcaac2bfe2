//! What a client's file says about one server that it starts: a program, its arguments, its variables.

use std::collections::BTreeMap;
use std::path::Path;

use super::program;
use super::value::Value;

/// Ours are named like this.
const PROGRAM: &str = "molecule-org-mcp";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Entry {
    pub(in crate::cli) command: String,
    pub(in crate::cli) args: Vec<String>,
    pub(in crate::cli) env: BTreeMap<String, Value>,
}

impl Entry {
    /// Whether it starts this program, wherever it was installed.
    pub(super) fn is_ours(&self) -> bool {
        let command = Path::new(&self.command);
        let is_this = || program::path().is_ok_and(|this| this == command);
        command.file_stem().is_some_and(|stem| stem == PROGRAM) || is_this()
    }

    /// With the variables of another that are none of ours, a proxy's for one.
    pub(super) fn keeping(mut self, other: &Self) -> Self {
        let kept = other.env.iter().filter(|(name, _)| !name.starts_with("MOLECULE_"));
        self.env.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        self
    }
}
