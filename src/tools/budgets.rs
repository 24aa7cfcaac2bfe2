//! What workspaces may spend, and what they have spent.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
