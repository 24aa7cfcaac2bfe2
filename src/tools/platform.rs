//! The platform below the organisation, for its operator.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
