//! Where workspaces talk to people: Slack, Telegram, Discord, Lark.

use super::tool::Tool;

pub const TOOLS: &[Tool] = &[];
