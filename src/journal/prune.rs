//! Taking old entries out, on purpose and with a signature: up to a checkpoint, so that the chain goes on
//! from there. What is taken out has been exported before.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::chain::Count;
use super::checkpoint::{self, Checkpoint, Pruning};
use super::entry::stamp;
use super::key::SigningKey;
use crate::failure::Failure;
use crate::store::{Durability, Store};

/// Entries that go in one transaction; others wait for it.
const STEP: u64 = 1000;

/// How much shall go.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    /// What this checkpoint covers.
    Checkpoint(u64),
    /// What a checkpoint from before this time covers.
    Before(DateTime<Utc>),
}

/// How far it may go.
#[derive(Debug)]
pub enum Border {
    /// Everything up to this checkpoint; earlier than wished where an open intent holds it back.
    At { checkpoint: Checkpoint, held_by: Option<String> },
    /// Nothing; the invocation whose open intent holds it back, if one does.
    Nowhere { held_by: Option<String> },
}

/// Open intents are never pruned: the border stays before the first.
pub fn border(connection: &Connection, tenant: &str, wish: Wish) -> rusqlite::Result<Border> {
    const OPEN: &str = "SELECT i.position, i.invocation FROM journal i
        WHERE i.tenant = ?1 AND i.kind = 'intent' AND i.position <= ?2 AND NOT EXISTS
            (SELECT 1 FROM journal o WHERE o.invocation = i.invocation AND o.kind = 'outcome')
        ORDER BY i.position LIMIT 1";
    let found = match wish {
        Wish::Checkpoint(number) => latest(connection, tenant, "number = ?2", Count(number))?,
        Wish::Before(time) => latest(connection, tenant, "at < ?2", stamp(time))?,
    };
    let Some(wished) = found else { return Ok(Border::Nowhere { held_by: None }) };
    let open = connection
        .query_row(OPEN, (tenant, Count(wished.count)), |row| Ok((row.get::<_, Count>(0)?, row.get::<_, String>(1)?)));
    let Some((Count(position), invocation)) = open.optional()? else {
        return Ok(Border::At { checkpoint: wished, held_by: None });
    };
    let held_by = Some(invocation);
    Ok(match latest(connection, tenant, "count < ?2", Count(position))? {
        Some(checkpoint) => Border::At { checkpoint, held_by },
        None => Border::Nowhere { held_by },
    })
}

/// Of those that aren't the border already.
fn latest(
    connection: &Connection,
    tenant: &str,
    which: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<Option<Checkpoint>> {
    let sql = format!(
        "SELECT {} FROM journal_checkpoints WHERE tenant = ?1 AND {which}
            AND number > coalesce((SELECT number FROM journal_prunings WHERE tenant = ?1), 0)
         ORDER BY number DESC LIMIT 1",
        checkpoint::COLUMNS
    );
    connection.query_row(&sql, (tenant, value), checkpoint::row).optional()
}

/// In steps from checkpoint to checkpoint: the chain is whole after each. How many entries went.
pub async fn prune(store: &Store, key: &SigningKey, border: &Checkpoint) -> Result<u64, Failure> {
    let mut gone = 0;
    loop {
        let (tenant, last) = (border.tenant.clone(), border.number);
        let next = store.read(move |connection| next(connection, &tenant, last)).await?;
        let Some(next) = next else { return Ok(gone) };
        let pruning = Pruning::sign(&next, key);
        gone += store.change(Durability::Synced, move |connection| take_out(connection, &pruning)).await?;
    }
}

/// The checkpoint up to which the next step goes.
fn next(connection: &Connection, tenant: &str, last: u64) -> rusqlite::Result<Option<Checkpoint>> {
    let begun = checkpoint::pruning(connection, tenant)?.map_or((0, 0), |pruning| (pruning.number, pruning.count));
    if begun.0 >= last {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {} FROM journal_checkpoints WHERE tenant = ?1 AND (number = ?2 OR number < ?2 AND count >= ?3)
         ORDER BY number LIMIT 1",
        checkpoint::COLUMNS
    );
    connection.query_row(&sql, (tenant, Count(last), Count(begun.1 + STEP)), checkpoint::row).optional()
}

fn take_out(connection: &Connection, pruning: &Pruning) -> rusqlite::Result<u64> {
    let Pruning { tenant, number, count, at, public_key, signature } = pruning;
    let gone =
        connection.execute("DELETE FROM journal WHERE tenant = ?1 AND position <= ?2", (tenant, Count(*count)))?;
    connection
        .execute("DELETE FROM journal_checkpoints WHERE tenant = ?1 AND number < ?2", (tenant, Count(*number)))?;
    connection.execute(
        "INSERT OR REPLACE INTO journal_prunings (tenant, number, count, at, public_key, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (tenant, Count(*number), Count(*count), at, public_key, signature),
    )?;
    Ok(gone as u64)
}
