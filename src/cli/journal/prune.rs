//! `journal prune`: verified, exported, then taken out.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, Utc};
use clap::Args;
use rusqlite::Connection;
use serde::Serialize;

use super::export::new_file;
use super::{open, unreadable};
use crate::cli::{Ending, output};
use crate::journal::export::{self, Broken};
use crate::journal::prune::{self, Border, Wish};
use crate::journal::verify::{self, Kept};
use crate::journal::{Checkpoint, SigningKey};
use crate::store::Store;

#[derive(Args)]
pub(super) struct Flags {
    /// What the checkpoint of this number covers
    #[arg(long, value_name = "N", required_unless_present = "keep_days", conflicts_with = "keep_days")]
    before_checkpoint: Option<u64>,
    /// What is older than so many days
    #[arg(long, value_name = "D")]
    keep_days: Option<u32>,
    /// A new file for what is taken out
    #[arg(long, value_name = "FILE")]
    export: PathBuf,
    /// Of this tenant, where the directory has several
    #[arg(long, value_name = "ADDRESS")]
    tenant: Option<String>,
}

/// What was done for a tenant.
#[derive(Serialize)]
struct Pruned {
    tenant: String,
    /// Entries.
    pruned: u64,
    up_to_checkpoint: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_back_by: Option<String>,
}

pub(super) async fn run(data: &Path, flags: Flags) -> Result<(), Ending> {
    let connection = open(data)?;
    let key = SigningKey::find(data)?
        .ok_or_else(|| Ending::Usage("there is no checkpoint yet: nothing can be pruned".to_owned()))?;
    let report = verify::database::all(&connection, Some(key.public()), &Kept::default());
    if !report.ok {
        return Err(Ending::Failed("the journal isn't as it was: see `journal verify`; nothing was pruned".to_owned()));
    }
    let borders = borders(&connection, &flags)?;
    if borders.is_empty() {
        output::notice("nothing to prune");
        return Ok(());
    }
    export_to(&connection, &borders, &flags.export)?;
    drop(connection);
    let store = Store::open(data);
    for (border, held_back_by) in borders {
        let pruned = prune::prune(&store, &key, &border).await?;
        let Checkpoint { tenant, number, .. } = border;
        output::compact(&Pruned { tenant, pruned, up_to_checkpoint: number, held_back_by })?;
    }
    Ok(())
}

/// How far it may go, for each tenant that has something to prune.
fn borders(connection: &Connection, flags: &Flags) -> Result<Vec<(Checkpoint, Option<String>)>, Ending> {
    let all = export::tenants(connection).map_err(unreadable)?;
    let tenants: Vec<&String> = all.iter().filter(|one| flags.tenant.as_ref().is_none_or(|it| it == *one)).collect();
    let wish = match (flags.before_checkpoint, flags.keep_days) {
        (Some(_), _) if tenants.len() > 1 => {
            return Err(Ending::Usage("each tenant has its own checkpoints: name one with --tenant".to_owned()));
        }
        (Some(number), _) => Wish::Checkpoint(number),
        (None, days) => Wish::Before(Utc::now() - TimeDelta::days(days.unwrap_or(u32::MAX).into())),
    };
    if tenants.is_empty() {
        return Err(Ending::Usage(format!("there is no such tenant here; there are: {}", all.join(", "))));
    }
    let mut borders = Vec::new();
    for tenant in tenants {
        match prune::border(connection, tenant, wish).map_err(unreadable)? {
            Border::At { checkpoint, held_by } => borders.push((checkpoint, held_by)),
            Border::Nowhere { held_by: Some(invocation) } => {
                output::notice(&format!("{tenant}: nothing can be pruned before invocation {invocation} has ended"));
            }
            Border::Nowhere { held_by: None } if flags.before_checkpoint.is_some() => {
                return Err(Ending::Usage("there is no checkpoint of that number, or it was pruned".to_owned()));
            }
            Border::Nowhere { held_by: None } => {}
        }
    }
    Ok(borders)
}

/// On the disk before anything goes.
fn export_to(connection: &Connection, borders: &[(Checkpoint, Option<String>)], path: &Path) -> Result<(), Ending> {
    let file = new_file(path)?;
    let mut out = BufWriter::new(&file);
    let mut written = || -> Result<u64, Broken> {
        let mut entries = 0;
        for (border, _) in borders {
            entries += export::chain(connection, &border.tenant, Some(border.count), &mut out)?;
        }
        out.flush()?;
        Ok(entries)
    };
    let entries = written().map_err(|broken| Ending::Failed(broken.to_string()))?;
    file.sync_all()?;
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        // So that the file's name survives as well.
        let _ = fs::File::open(directory).and_then(|directory| directory.sync_all());
    }
    output::notice(&format!("{entries} entries exported to {}", path.display()));
    Ok(())
}
