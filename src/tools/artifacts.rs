//! Workspaces' repositories of artifacts.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
