//! Workspaces' files, and files in a conversation.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
