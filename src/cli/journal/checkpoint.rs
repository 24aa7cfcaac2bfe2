//! `journal checkpoint`: the newest checkpoint of every tenant, made if entries came after the last.

use std::path::{Path, PathBuf};

use clap::Args;

use super::open;
use crate::anchor;
use crate::cli::{Ending, output};
use crate::journal::{self, Line, SigningKey};
use crate::store::Store;

#[derive(Args)]
pub(super) struct Flags {
    /// Append it to this file; stdout without it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(data: &Path, flags: &Flags) -> Result<(), Ending> {
    // Nothing is made where there is nothing.
    drop(open(data)?);
    let store = Store::open(data);
    let checkpoints = journal::checkpoints_now(&store, data).await?;
    for checkpoint in checkpoints {
        let line = Line::Checkpoint(checkpoint).to_string();
        match &flags.output {
            Some(path) => {
                anchor::append(path, &line).map_err(|error| Ending::Failed(format!("{}: {error}", path.display())))?
            }
            None => output::line(&line)?,
        }
    }
    let key = SigningKey::open(data)?.public();
    output::notice(&format!("public key: {key}"));
    Ok(())
}
