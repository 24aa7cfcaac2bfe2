//! `journal tail`, `journal query`: a line of JSON an invocation, or a line to read on a terminal.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::filters::Filters;
use super::{open, unreadable};
use crate::cli::{Ending, output};
use crate::journal::query::{self, Record};
use crate::tools::governance::journal::JournalLine;
use crate::transport::stop;

/// How often a tail looks for what is new.
const EVERY: Duration = Duration::from_millis(250);

#[derive(Args)]
pub(super) struct Tail {
    /// So many at first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    lines: u32,
    /// Go on: show each invocation when its outcome is known
    #[arg(long, short = 'f')]
    follow: bool,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Args)]
pub(super) struct Query {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    #[command(flatten)]
    filters: Filters,
}

pub(super) fn query(data: &Path, flags: &Query) -> Result<(), Ending> {
    let found = flags.filters.query(flags.limit).run(&open(data)?).map_err(unreadable)?;
    let more = found.next.is_some();
    found.records.into_iter().try_for_each(show)?;
    if more {
        output::notice("there are more: use --limit, or --until with the time of the last");
    }
    Ok(())
}

pub(super) async fn tail(data: &Path, flags: Tail) -> Result<(), Ending> {
    let connection = open(data)?;
    let mut seen = newest(&connection).map_err(unreadable)?;
    let found = flags.filters.query(flags.lines).run(&connection).map_err(unreadable)?;
    found.records.into_iter().rev().try_for_each(show)?;
    if !flags.follow {
        return Ok(());
    }
    let end = stop::asked();
    tokio::pin!(end);
    loop {
        tokio::select! {
            _ = &mut end => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
        let until = newest(&connection).map_err(unreadable)?;
        for invocation in ended(&connection, seen, until).map_err(unreadable)? {
            let query = query::Query { invocation: Some(invocation), ..flags.filters.query(1) };
            query.run(&connection).map_err(unreadable)?.records.into_iter().try_for_each(show)?;
        }
        seen = until;
    }
}

/// Where the table ends now. Rows are numbered anew only if all were pruned.
fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let last = connection.query_row("SELECT max(rowid) FROM journal", [], |row| row.get(0)).optional()?;
    Ok(last.flatten().unwrap_or(0))
}

fn ended(connection: &Connection, after: i64, until: i64) -> rusqlite::Result<Vec<String>> {
    const SQL: &str =
        "SELECT invocation FROM journal WHERE rowid > ?1 AND rowid <= ?2 AND kind <> 'intent' ORDER BY rowid";
    connection.prepare_cached(SQL)?.query_map((after, until), |row| row.get(0))?.collect()
}

/// As the tool shows it, and of which tenant.
#[derive(Serialize)]
struct Shown {
    tenant: String,
    position: u64,
    #[serde(flatten)]
    line: JournalLine,
}

fn show(record: Record) -> Result<(), Ending> {
    let (tenant, position) = (record.tenant.clone(), record.position);
    let line = JournalLine::from(record);
    if io::stdout().is_terminal() {
        return Ok(output::line(&for_a_person(&line))?);
    }
    Ok(output::compact(&Shown { tenant, position, line })?)
}

fn for_a_person(line: &JournalLine) -> String {
    let about: Vec<&str> = line.targets.values().map(String::as_str).collect();
    let found = line.found.as_deref().map(|found| format!(" (found: {found})")).unwrap_or_default();
    let at = line.at.get(..19).unwrap_or(&line.at);
    let text = format!(
        "{at}  {:<9} {:<28} {:<10} {:<8} {}{found}  {}",
        line.effect,
        line.tool,
        line.caller,
        line.key_prefix,
        line.outcome,
        about.join(" ")
    );
    // What a caller chose mustn't steer the terminal.
    text.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
