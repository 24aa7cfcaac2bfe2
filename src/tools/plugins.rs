//! What agents can be taught: plugins, where they come from and who may have which.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
