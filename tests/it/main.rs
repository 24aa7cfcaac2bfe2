//! One integration binary: everything that goes through a real door or speaks to a real server.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by panicking, and its figures by printing"
)]

mod bounds;
mod canary;
mod catalogue;
mod cli;
mod client;
mod completions;
mod consent;
mod contract;
mod crash;
mod doctor;
mod drops;
mod events;
mod faults;
mod faults_told;
mod filter;
mod grants;
mod http;
mod injection;
#[cfg(unix)]
mod install;
mod jobs;
mod journal;
mod key_trees;
mod leases;
mod no_values;
mod once;
mod organisation;
mod pace;
mod paths;
mod policy;
mod process;
mod prompts;
mod reference;
mod resources;
mod road;
mod rotate;
mod sinks;
mod snapshot;
mod stdio;
mod support;
mod surface;
mod talk;
mod toolsets;
mod typescript;
mod webhooks;
