//! What a client's file says about one server that it starts: a program, its arguments, its variables.

use std::collections::BTreeMap;
use std::path::Path;

use super::program;
use super::value::Value;

/// Variables that begin with this are ours to set and to take out, and no others.
pub(super) const OURS: &str = "MOLECULE_";

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
        let is_this = || program::real().is_ok_and(|this| this == command);
        command.file_stem().is_some_and(|stem| stem == program::NAME) || is_this()
    }

    /// Whether a key or a grant stands in it, and no reference to one.
    pub(super) fn holds_key(&self) -> bool {
        let stands = |name: &str| match self.env.get(name) {
            Some(Value::Plain(text)) => !text.is_empty() && !text.contains("${"),
            _ => false,
        };
        ["MOLECULE_ORG_TOKEN", "MOLECULE_MCP_GRANT"].into_iter().any(stands)
    }
}
