//! Talking to agents, handing them work, and following what they do.

mod chat;

use super::a2a::SEND;
use super::tool::{Draft, Tool};
use super::workspaces;

pub const TOOLS: &[Tool] = &[
    Draft::write("chat_with_agent", &[workspaces::GET, SEND])
        .open_world()
        .said("talk message ask send tell prompt an agent, conversation")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","message":"What are you working on?","deadline_seconds":60}"#)
        .about("Send an agent a message and wait for its answer. `queued` means not answered yet. Sending again makes it work again; for long work use delegate_task.")
        .acts::<chat::ChatWithAgent>(),
];
