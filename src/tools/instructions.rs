//! Rules that every agent, or one, obeys.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
