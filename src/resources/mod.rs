//! What a client can read by its address instead of calling a tool: `molecule://…`. Each resource stands for one
//! read tool; reading it is a call of that tool on the same road. Here is only what is pure: which there are, what
//! an address means, what an answer looks like as contents. `transport/mcp/resources.rs` speaks the protocol.

mod address;
mod contents;
mod entry;
mod place;
mod table;

pub use contents::{Body, Contents};
pub use entry::{Audience, Entry, Form, Subject, Variable};
pub use place::Place;
pub use table::{ENTRIES, JOURNAL_TODAY, WORKSPACES};

use crate::completions::Names;

/// What a variable of a template is a name of, where there is a list of those.
pub fn variable(template: &str, name: &str) -> Option<Names> {
    let entry = ENTRIES.iter().find(|entry| entry.template == template)?;
    entry.variables.iter().find(|variable| variable.name == name)?.names
}

/// The address of a workspace.
pub fn of_workspace(id: &str) -> String {
    format!("{}workspaces/{id}", address::SCHEME)
}

/// The address of a text that an answer had to cut.
pub fn of_result(id: &str) -> String {
    format!("{}results/{id}", address::SCHEME)
}

/// The address of a file in a workspace's container, by its whole path there.
pub fn of_file(workspace: &str, path: &str) -> String {
    format!(
        "{}workspaces/{workspace}/container/{}",
        address::SCHEME,
        address::encoded_path(path.trim_start_matches('/'))
    )
}
