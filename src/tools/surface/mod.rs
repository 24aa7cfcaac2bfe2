//! What is listed, and how to reach the rest. The compact surface lists the everyday tools and four
//! more: one finds tools, three call any tool by its effect, so that read-only mode and a client's own
//! rules about what may be called stay meaningful. The full surface lists everything by itself.

mod find;
mod index;
mod instructions;
mod through;
mod words;

pub use index::Index;
pub use through::{Through, Way};

use super::catalogue::Entry;
use super::effect::Effect;
use super::tool::{Draft, Place, Tool};
use super::toolset::Toolset;

/// How much of the catalogue is listed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surface {
    #[default]
    Compact,
    Full,
}

impl Surface {
    pub fn shows(self, entry: &Entry) -> bool {
        match self {
            Self::Compact => entry.tool.place != Place::Found,
            Self::Full => entry.toolset != Toolset::Surface,
        }
    }

    /// What a client's model reads before any tool.
    pub fn instructions(self) -> &'static str {
        match self {
            Self::Compact => instructions::COMPACT,
            Self::Full => instructions::FULL,
        }
    }
}

pub const TOOLS: &[Tool] = &[
    Draft::read("find_tools", &[])
        .about("Search all tools for a task in your own words. Answers the best with their input schemas and which call_ tool runs each. Most tools aren't listed: look here before you say that something can't be done.")
        .example(r#"{"query":"which agents may spend more than they should"}"#)
        .always_loaded()
        .common()
        .acts::<find::FindTools>(),
    Draft::read("call_read_tool", &[])
        .about("Call a tool from find_tools that only reads.")
        .example(r#"{"tool":"get_budget","arguments":{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}}"#)
        .always_loaded()
        .common()
        .calls(Way::Read),
    Draft::write("call_write_tool", &[])
        .about("Call a tool from find_tools that changes something which can be put back.")
        .example(r#"{"tool":"pause_workspace","arguments":{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}}"#)
        .everyday()
        .common()
        .calls(Way::Write),
    Draft::destroy("call_dangerous_tool", &[])
        .up_to(Effect::Escalate)
        .about("Call a tool from find_tools that removes, stops or overwrites something, or gives away power, money or a credential. A person should have agreed to it.")
        .example(r#"{"tool":"delete_schedule","arguments":{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","schedule_id":"0b9f8f5e-3c1d-4a57-9f0e-5d1c2b7a6e43"}}"#)
        .everyday()
        .common()
        .calls(Way::Dangerous),
];
