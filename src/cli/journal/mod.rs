//! `molecule-org-mcp journal …`: read, verify, export and prune the journal. Only the data directory is
//! needed: no tenant, and no key.

mod checkpoint;
mod export;
mod filters;
mod prune;
mod show;
mod verify;

pub(super) use verify::trouble;

use std::path::Path;

use clap::{Args, Subcommand};
use rusqlite::Connection;

use super::{Choices, Ending, log};
use crate::store;

#[derive(Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The newest invocations, oldest of them first
    Tail(show::Tail),
    /// Find invocations, newest first
    Query(show::Query),
    /// Whether anybody changed the journal; exit code 1 if so
    Verify(verify::Flags),
    /// All of it, or some invocations, as a file
    Export(export::Flags),
    /// Sign what the journal is now, and print that: to be kept elsewhere
    Checkpoint(checkpoint::Flags),
    /// Export old entries and take them out, up to a checkpoint
    Prune(prune::Flags),
}

pub(super) async fn run(mut choices: Choices, flags: Flags) -> Result<(), Ending> {
    choices.embedded = true;
    let config = choices.config(None)?;
    log::start(&config.log);
    let data = config.data.as_path();
    match flags.what {
        What::Tail(flags) => show::tail(data, flags).await,
        What::Query(flags) => show::query(data, &flags),
        What::Verify(flags) => verify::run(data, &flags),
        What::Export(flags) => export::run(data, &flags),
        What::Checkpoint(flags) => checkpoint::run(data, &flags).await,
        What::Prune(flags) => prune::run(data, flags).await,
    }
}

/// As it stands; nothing here changes it.
fn open(data: &Path) -> Result<Connection, Ending> {
    if !data.join("state.db").exists() {
        return Err(Ending::Usage(format!(
            "there is no journal in {}; --data names another directory",
            data.display()
        )));
    }
    store::open_to_read(data).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> Ending {
    Ending::Failed(format!("the journal can't be read: {error}"))
}
