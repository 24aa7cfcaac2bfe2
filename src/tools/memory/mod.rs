//! What agents remember: searchable memories, and values under keys.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
