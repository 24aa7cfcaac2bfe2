//! What a tool does to the organisation. The effect decides annotations, what read-only mode refuses,
//! whether the intent must be durable first, and whether a person must agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In order of weight: an effect that depends on the arguments is annotated as the heaviest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    // Plain comments: doc comments here would go into every schema that names an effect.
    // Changes nothing a person would notice.
    Read,
    // Adds or changes something that can be put back.
    Write,
    // Removes, stops or overwrites something.
    Destroy,
    // Gives someone more power, more money or a credential.
    Escalate,
}

impl Effect {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Destroy, Self::Escalate];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
            Self::Escalate => "escalate",
        }
    }

    pub fn is_read(self) -> bool {
        self == Self::Read
    }

    /// What clients show as `destructiveHint`: whatever a person would want to be asked about.
    pub fn is_destructive(self) -> bool {
        self >= Self::Destroy
    }
}
