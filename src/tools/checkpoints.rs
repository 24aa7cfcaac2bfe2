//! Where workflows got to.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
