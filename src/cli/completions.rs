//! `molecule-org-mcp completions SHELL`: a script for a shell's completion, from the command line's own definition.

use std::io;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::{Cli, output};

#[derive(Args)]
pub(super) struct Flags {
    /// bash, zsh, fish, powershell or elvish
    shell: Shell,
}

pub(super) fn run(flags: &Flags) -> io::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(flags.shell, &mut command, name, &mut script);
    output::bytes(&script)
}
