//! The chains in a database. Entries are read as the table has them and not through an index, which
//! could leave some out; what SQLite itself finds wrong with the file counts, too.

use std::collections::BTreeSet;
use std::iter::Peekable;

use rusqlite::{Connection, Error, Row};

use super::super::checkpoint::{self, Checkpoint};
use super::super::key::PublicKey;
use super::super::transfer::Entry;
use super::walk::Walk;
use super::{Chain, Kept, Report};

const TABLES: [&str; 3] = ["journal", "journal_checkpoints", "journal_prunings"];

/// Every tenant's, and those of which only a checkpoint is left elsewhere.
pub fn all(connection: &Connection, key: Option<PublicKey>, kept: &Kept) -> Report {
    let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction());
    if let Some(Err(error)) = &snapshot {
        return Report::of(Vec::new(), Some(unreadable(error)));
    }
    let tenants = match tenants(connection) {
        Ok(tenants) => tenants,
        Err(error) => return Report::of(Vec::new(), Some(error)),
    };
    let of_all = tenants.union(&kept.tenants().cloned().collect()).cloned().collect::<BTreeSet<String>>();
    let chains =
        of_all.iter().map(|tenant| walk(connection, Walk::new(tenant, key, kept.of(tenant)), tenant)).collect();
    Report::of(chains, unsound(connection))
}

/// This tenant's.
pub fn one(connection: &Connection, tenant: &str, key: Option<PublicKey>) -> rusqlite::Result<Chain> {
    let _snapshot = connection.unchecked_transaction()?;
    Ok(walk(connection, Walk::new(tenant, key, Kept::default().of(tenant)), tenant))
}

fn tenants(connection: &Connection) -> Result<BTreeSet<String>, String> {
    let mut tenants = BTreeSet::new();
    for table in TABLES {
        let is_table = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get::<_, i64>(0),
        );
        match is_table {
            Ok(1) => {}
            Ok(_) => {
                return Err(format!("there is no table {table}; a server of this version makes it when it starts"));
            }
            Err(error) => return Err(unreadable(&error)),
        }
        let sql = format!("SELECT DISTINCT tenant FROM {table} NOT INDEXED");
        let found: rusqlite::Result<BTreeSet<String>> =
            connection.prepare(&sql).and_then(|mut all| all.query_map([], |row| row.get(0))?.collect());
        tenants.append(&mut found.map_err(|error| unreadable(&error))?);
    }
    Ok(tenants)
}

fn unsound(connection: &Connection) -> Option<String> {
    match connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(said) if said == "ok" => None,
        Ok(said) => Some(format!("the file isn't sound: {said}")),
        Err(error) => Some(unreadable(&error)),
    }
}

fn unreadable(error: &Error) -> String {
    format!("the database can't be read: {error}")
}

fn walk(connection: &Connection, mut walk: Walk, tenant: &str) -> Chain {
    if let Err(error) = go(connection, &mut walk, tenant) {
        walk.take(|walk| Err(walk.unreadable(&error.to_string())));
    }
    walk.end()
}

fn go(connection: &Connection, walk: &mut Walk, tenant: &str) -> rusqlite::Result<()> {
    let pruned = checkpoint::pruning(connection, tenant)?;
    let begins_late = pruned.is_some();
    if let Some(pruning) = pruned {
        walk.take(|walk| walk.pruning(pruning));
    }
    let sql = format!("SELECT {} FROM journal_checkpoints WHERE tenant = ?1 ORDER BY number", checkpoint::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    let mut checkpoints = statement.query_map([tenant], checkpoint::row)?.peekable();
    if begins_late && let Some(border) = checkpoints.next() {
        let border = border?;
        walk.take(|walk| walk.checkpoint(&border));
    }
    let sql = format!("SELECT {} FROM journal NOT INDEXED WHERE tenant = ?1 ORDER BY rowid", Entry::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    for entry in statement.query_map([tenant], Entry::read)? {
        let entry = entry?;
        covered(walk, &mut checkpoints)?;
        walk.take(|walk| walk.entry(&entry));
        if walk.is_over() {
            return Ok(());
        }
    }
    covered(walk, &mut checkpoints)?;
    for checkpoint in checkpoints {
        let checkpoint = checkpoint?;
        walk.take(|walk| walk.checkpoint(&checkpoint));
    }
    Ok(())
}

/// The checkpoints that cover what has been seen.
fn covered<F>(walk: &mut Walk, checkpoints: &mut Peekable<rusqlite::MappedRows<'_, F>>) -> rusqlite::Result<()>
where
    F: FnMut(&Row<'_>) -> rusqlite::Result<Checkpoint>,
{
    let next = walk.next();
    while let Some(found) = checkpoints.next_if(|found| found.as_ref().map_or(true, |one| one.count < next)) {
        let checkpoint = found?;
        walk.take(|walk| walk.checkpoint(&checkpoint));
    }
    Ok(())
}
