//! Talking to agents, handing them work, and following what they do.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
