//! Calls that go on after their first answer, as tools and as tasks of the protocol; what a client hears of a call that
//! takes long, and how it ends one.

mod cancelled;
mod processes;
mod progress;
mod tasks;
mod tools;

pub use tools::scene;

use serde_json::{Value, json};

/// Of the demo organisation: it is online, and stays so.
const SOMEBODY: &str = "de300000-0000-4000-8000-000000000001";

/// A read that takes so many seconds, because what it waits for never comes.
fn waiting(seconds: u32) -> Value {
    waiting_for(SOMEBODY, seconds)
}

fn waiting_for(workspace: &str, seconds: u32) -> Value {
    json!({ "workspace_id": workspace, "status": ["failed"], "seconds": seconds })
}

fn starting(tool: &str, arguments: Value) -> Value {
    json!({ "tool": tool, "arguments": arguments })
}
