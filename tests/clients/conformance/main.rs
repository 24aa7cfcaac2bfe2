//! What the official conformance suite is run against: `molecule-org-mcp http` as it is, doors, layers, handler and
//! all, and around the handler the tools, prompts and resources with fixed names that the suite calls. An example
//! target, so that no release build has it; tests/clients/node/conformance.test.mjs starts it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a fixture that isn't what the protocol knows has to be seen"
)]
#![expect(deprecated, reason = "the older revisions are checked, too, with what the newest has given up")]

mod asking;
mod content;
mod fixtures;
mod prompts;
mod resources;
mod tasks;
mod tools;

use std::process::ExitCode;

use self::fixtures::Fixtures;

fn main() -> ExitCode {
    molecule_org_mcp::cli::http_around(Fixtures::around)
}
