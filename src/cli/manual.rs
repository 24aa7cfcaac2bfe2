//! `molecule-org-mcp man DIR`: the manual pages that packages install, from the command line's own definition.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::generate_to;

use super::Cli;

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
}

pub(super) fn run(flags: &Flags) -> io::Result<()> {
    generate_to(Cli::command().after_long_help(MORE), &flags.into)
}
