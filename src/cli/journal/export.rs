//! `journal export`: to stdout or a new file. The whole of it can be verified; a selection can't.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::filters::Filters;
use super::{open, unreadable};
use crate::cli::{Ending, output};
use crate::journal::export::{self, Broken};

#[derive(Args)]
pub(super) struct Flags {
    /// jsonl: every entry, as `journal verify --file` reads it. csv: a line an invocation
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// A new file; stdout without it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

pub(super) fn run(data: &Path, flags: &Flags) -> Result<(), Ending> {
    let connection = open(data)?;
    let _snapshot = connection.unchecked_transaction().map_err(unreadable)?;
    let mut out: Box<dyn Write> = match &flags.output {
        Some(path) => Box::new(BufWriter::new(new_file(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let written = match (flags.format, flags.filters.whole()) {
        (Format::Csv, _) => export::table(&connection, &flags.filters.query(0), &mut out),
        (Format::Jsonl, Some(tenant)) => {
            let tenants = match tenant {
                Some(tenant) => vec![tenant.to_owned()],
                None => export::tenants(&connection).map_err(unreadable)?,
            };
            tenants.iter().try_for_each(|tenant| export::chain(&connection, tenant, None, &mut out).map(|_| ()))
        }
        (Format::Jsonl, None) => {
            output::notice("a selection: `journal verify` will miss the entries that it leaves out");
            export::some(&connection, &flags.filters.query(0), &mut out)
        }
    };
    match written.and_then(|()| Ok(out.flush()?)) {
        // A reader who has seen enough isn't a failure.
        Err(Broken::File(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|broken| Ending::Failed(broken.to_string())),
    }
}

/// Its owner's alone, and never over another.
pub(super) fn new_file(path: &Path) -> Result<File, Ending> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| Ending::Failed(format!("{}: {error}", path.display())))
}
