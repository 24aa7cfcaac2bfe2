//! The journal as a file: JSON lines that the verifier can read, or a table with a line an invocation.

use std::io::{self, Write};

use rusqlite::Connection;

use super::checkpoint;
use super::query::{Query, Record};
use super::transfer::{Entry, Line};

/// The database or the file failed.
#[derive(Debug)]
pub enum Broken {
    Database(rusqlite::Error),
    File(io::Error),
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the journal can't be read: {error}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

/// Tenants that have entries or checkpoints here.
pub fn tenants(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    const SQL: &str = "SELECT tenant FROM journal UNION SELECT tenant FROM journal_checkpoints ORDER BY 1";
    connection.prepare(SQL)?.query_map([], |row| row.get(0))?.collect()
}

/// One tenant's chain with its checkpoints, up to the entry at `last`: whole by itself.
pub fn chain(connection: &Connection, tenant: &str, last: Option<u64>, out: &mut impl Write) -> Result<u64, Broken> {
    let last = last.map_or(i64::MAX, |last| i64::try_from(last).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {} FROM journal_checkpoints WHERE tenant = ?1 AND count <= ?2 ORDER BY number",
        checkpoint::COLUMNS
    );
    let mut statement = connection.prepare(&sql)?;
    let mut checkpoints = statement.query_map((tenant, last), checkpoint::row)?.peekable();
    if let Some(pruning) = checkpoint::pruning(connection, tenant)? {
        writeln!(out, "{}", Line::Pruning(pruning))?;
        // The chain begins behind it.
        if let Some(border) = checkpoints.next() {
            writeln!(out, "{}", Line::Checkpoint(border?))?;
        }
    }
    let sql = format!("SELECT {} FROM journal WHERE tenant = ?1 AND position <= ?2 ORDER BY position", Entry::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    let mut written = 0;
    for entry in statement.query_map((tenant, last), Entry::read)? {
        let entry = entry?;
        let next = entry.position;
        while let Some(covers) = checkpoints.next_if(|found| found.as_ref().map_or(true, |one| one.count < next)) {
            writeln!(out, "{}", Line::Checkpoint(covers?.without_frontier()))?;
        }
        writeln!(out, "{}", Line::Entry(entry))?;
        written += 1;
    }
    for rest in checkpoints {
        writeln!(out, "{}", Line::Checkpoint(rest?.without_frontier()))?;
    }
    Ok(written)
}

/// The entries of some invocations. With others left out they are no whole chain.
pub fn some(connection: &Connection, query: &Query, out: &mut impl Write) -> Result<(), Broken> {
    let (invocations, values) = query.invocations();
    let sql = format!("SELECT {} FROM journal WHERE invocation IN ({invocations}) ORDER BY rowid", Entry::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    for entry in statement.query_map(rusqlite::params_from_iter(values), Entry::read)? {
        writeln!(out, "{}", Line::Entry(entry?))?;
    }
    Ok(())
}

const HEADINGS: &str = "tenant,position,invocation,at,tool,effect,key_prefix,caller,grant,person,door,client,targets,\
    decision,rule,policy,consent,outcome,found,changed,status,made,duration_ms,error";

/// A line an invocation, oldest first.
pub fn table(connection: &Connection, query: &Query, out: &mut impl Write) -> Result<(), Broken> {
    writeln!(out, "{HEADINGS}")?;
    let mut written = Ok(());
    query.each(connection, |record| {
        written = writeln!(out, "{}", row(&record));
        written.is_ok()
    })?;
    Ok(written?)
}

fn row(record: &Record) -> String {
    let intent = &record.intent;
    let ended = record.outcome.as_ref().map(|(_, detail)| detail);
    let targets: Vec<String> = intent.targets.iter().map(|(name, id)| format!("{name}={id}")).collect();
    let person = intent.person.as_ref().map(|person| format!("{} {}", person.issuer, person.subject));
    let consent = intent.consent.as_ref().map(|consent| format!("{} by {}", consent.way, consent.by));
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let cells = [
        record.tenant.clone(),
        record.position.to_string(),
        record.invocation.clone(),
        record.at.clone(),
        record.tool.clone(),
        record.effect.clone(),
        record.key_prefix.clone(),
        intent.caller.clone(),
        text(&intent.grant),
        text(&person),
        intent.door.clone(),
        text(&intent.client),
        targets.join(" "),
        intent.decision.clone(),
        intent.rule.clone(),
        text(&intent.policy),
        text(&consent),
        record.result().to_owned(),
        record.found.as_ref().map(|(result, _)| result.clone()).unwrap_or_default(),
        ended.map(|detail| detail.changed.clone()).unwrap_or_default(),
        ended.and_then(|detail| detail.status).map(|status| status.to_string()).unwrap_or_default(),
        ended.and_then(|detail| detail.made.clone()).unwrap_or_default(),
        ended.map(|detail| detail.duration_ms.to_string()).unwrap_or_default(),
        ended.and_then(|detail| detail.error.clone()).unwrap_or_default(),
    ];
    cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(",")
}

/// Spreadsheets run what begins like a formula, and some look behind leading blanks.
fn cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_runs_into_the_next() {
        for (text, shown) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            (" =1", "' =1"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=\"a\nb\"", "\"'=\"\"a\nb\"\"\""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
