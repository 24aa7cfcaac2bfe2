//! Entries from before there was a chain: taken over into it, in their order, as they stand. The chain
//! vouches for them from then on.

use rusqlite::{Connection, Row as Found};

use super::entry::{Row, Scribe};
use crate::store::Change;

pub(super) fn carry_over(change: &Change<'_>) -> rusqlite::Result<()> {
    // Asked as a query: what this connection remembers of the tables may be older than the transaction.
    const THERE: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'journal_unchained'";
    if change.query_row(THERE, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(());
    }
    for row in unchained(change)? {
        row.append(change)?;
    }
    change.execute_batch("DROP TABLE journal_unchained")
}

/// Only an intent said which tenant it was for.
fn unchained(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    const SQL: &str =
        "SELECT coalesce(i.body ->> 'tenant', ''), e.process, e.invocation, e.kind, e.at, e.tool, e.effect,
            e.key_prefix, e.result, e.body
        FROM journal_unchained e
        LEFT JOIN journal_unchained i ON i.seq =
            (SELECT min(seq) FROM journal_unchained WHERE invocation = e.invocation AND kind = 'intent')
        ORDER BY e.seq";
    // One look at all of them, once.
    connection.execute_batch("CREATE INDEX journal_unchained_invocation ON journal_unchained (invocation)")?;
    connection.prepare(SQL)?.query_map([], row)?.collect()
}

fn row(found: &Found<'_>) -> rusqlite::Result<Row> {
    let scribe = Scribe { tenant: found.get::<_, String>(0)?.into(), process: found.get::<_, String>(1)?.into() };
    Ok(Row {
        scribe,
        invocation: found.get(2)?,
        kind: if found.get::<_, String>(3)? == "intent" { "intent" } else { "outcome" },
        at: found.get(4)?,
        tool: found.get(5)?,
        effect: found.get(6)?,
        key_prefix: found.get(7)?,
        result: found.get(8)?,
        body: found.get(9)?,
    })
}
