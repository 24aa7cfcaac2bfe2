//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    molecule_org_mcp::cli::main()
}
