//! Whether a call may be made at all: one pure, total decision that listing and calling share.
//!
//! Its first form knows read-only mode and the chosen toolsets. A caller is already an argument,
//! because what a caller may do is decided here and nowhere else.

use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::toolset::Toolset;
use crate::transport::caller::Caller;

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Rules {
    pub read_only: bool,
    pub toolsets: Vec<Toolset>,
}

/// The rule that decided, by its name in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed(&'static str),
    Refused(&'static str),
}

impl Rules {
    /// May this caller use this tool to this effect? Read-only beats everything.
    pub fn decide(&self, _caller: &Caller, entry: &Entry, effect: Effect) -> Decision {
        if self.read_only && !effect.is_read() {
            return Decision::Refused("read-only");
        }
        if entry.toolset != Toolset::Surface && !self.toolsets.contains(&entry.toolset) {
            return Decision::Refused("toolset");
        }
        Decision::Allowed("operator")
    }

    /// A tool is listed when its mildest use is allowed.
    pub fn lists(&self, caller: &Caller, entry: &Entry) -> bool {
        matches!(self.decide(caller, entry, entry.tool.least), Decision::Allowed(_))
    }
}
