//! `molecule-org-mcp man DIR`: the manual pages that packages install, from the command line's own definition.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, Utc};
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;

const SOURCE: &str = concat!("molecule-org-mcp ", env!("CARGO_PKG_VERSION"));

/// What no flag says.
const MORE: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 refused, or waiting for a person.

Flags beat the environment, the environment beats the file (--config), the file beats the defaults. MOLECULE_ORG or \
MOLECULE_URL says which tenant, MOLECULE_ORG_TOKEN_FILE or MOLECULE_ORG_TOKEN holds the org key, MOLECULE_ORG_ID is \
what hosted tenants want besides. Each flag of the first page but --config and --embedded has a variable of its own: \
MOLECULE_MCP_DATA for --data, and so on.";

#[derive(Args)]
pub(super) struct Flags {
    /// A directory that is there
    #[arg(value_name = "DIR")]
    into: PathBuf,
    /// The date on the pages, as 2026-11-21; today without it
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,
}

pub(super) fn run(flags: &Flags) -> io::Result<()> {
    let date = flags.date.unwrap_or_else(|| Utc::now().date_naive()).to_string();
    let mut command = Cli::command().after_long_help(MORE);
    command.build();
    write(command, &date, &flags.into)
}

/// A page for the command, and one for each below it.
fn write(command: Command, date: &str, into: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below.clone(), date, into)?;
    }
    Man::new(command).date(date).source(SOURCE).manual("Molecule AI").generate_to(into).map(drop)
}
