//! What workspaces do by the clock.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
