//! Pages in the store. Each function is one step inside the writer's transaction, which holds the write
//! lock: of many that want the same value, in any process, one finds it.
//!
//! A page is `reserved` until its credential is there, `waiting` for a person, `filled` by one, `used` once;
//! `unheld` when a credential was on it that nobody revealed in time, and `over` when nothing is left to do.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};

use super::{HOLDS, Kind, Page, Purpose, Standing, TRIES, Tried, Unheld, Wants};
use crate::journal::entry::stamp;

/// Whoever was to revoke something and hasn't within this time may have died.
const REVOKING: TimeDelta = TimeDelta::seconds(60);
/// How long a page that is done with stays, so that a reload is told what it is.
const KEPT: TimeDelta = TimeDelta::days(1);

pub(super) struct Row {
    pub id: String,
    pub kind: Kind,
    pub purpose: Purpose,
    /// The MAC of its code; none where it wants the owner's bearer.
    pub proof: Option<[u8; 32]>,
    pub until: DateTime<Utc>,
}

/// What somebody brought to a page.
pub(super) enum Proof {
    Code([u8; 32]),
    Bearer(bool),
}

pub(super) struct Held {
    pub id: String,
    pub sealed: Vec<u8>,
    pub prefix: String,
    pub workspace: Option<String>,
    pub until: DateTime<Utc>,
}

/// A page that asks for a value takes the place of the one that waited for the same.
pub(super) fn put(rows: &Connection, row: &Row, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let Purpose { tenant, caller, tool, about } = &row.purpose;
    let (kind, standing) = match row.kind {
        Kind::Sink => ("sink", "reserved"),
        Kind::Source => ("source", "waiting"),
    };
    rows.execute("DELETE FROM drops WHERE until < ?1 AND standing IN ('used', 'over')", [stamp(now - KEPT)])?;
    rows.execute(
        "UPDATE drops SET standing = 'over' WHERE kind = 'source' AND standing = 'waiting'
         AND ?1 = 'source' AND tenant = ?2 AND caller = ?3 AND tool = ?4 AND about = ?5",
        params![kind, tenant, caller, tool, about],
    )?;
    rows.execute(
        "INSERT INTO drops (id, kind, tenant, caller, tool, about, proof, until, standing)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![row.id, kind, tenant, caller, tool, about, row.proof, stamp(row.until), standing],
    )?;
    Ok(())
}

/// False: nothing was reserved, or its time was over.
pub(super) fn hold(rows: &Connection, held: &Held) -> rusqlite::Result<bool> {
    let there = rows.execute(
        "UPDATE drops SET standing = 'waiting', sealed = ?1, prefix = ?2, workspace = ?3, until = ?4
         WHERE id = ?5 AND standing = 'reserved'",
        params![held.sealed, held.prefix, held.workspace, stamp(held.until), held.id],
    )?;
    Ok(there == 1)
}

pub(super) fn forget_reserved(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.execute("DELETE FROM drops WHERE id = ?1 AND standing = 'reserved'", [id]).map(|_| ())
}

const PAGE: &str = "SELECT id, kind, tenant, caller, tool, about, prefix, proof IS NULL, until, standing FROM drops";

pub(super) fn get(rows: &Connection, id: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Page>> {
    rows.query_row(&format!("{PAGE} WHERE id = ?1 AND standing <> 'reserved'"), [id], |row| page(row, now)).optional()
}

/// The newest page that asks for a value for this, and isn't over.
pub(super) fn find(rows: &Connection, purpose: &Purpose, now: DateTime<Utc>) -> rusqlite::Result<Option<Page>> {
    let sql = format!(
        "{PAGE} WHERE kind = 'source' AND standing IN ('waiting', 'filled') AND until > ?1
         AND tenant = ?2 AND caller = ?3 AND tool = ?4 AND about = ?5 ORDER BY until DESC, rowid DESC LIMIT 1"
    );
    let Purpose { tenant, caller, tool, about } = purpose;
    rows.query_row(&sql, params![stamp(now), tenant, caller, tool, about], |row| page(row, now)).optional()
}

pub(super) fn reveal(
    rows: &Connection,
    id: &str,
    proof: &Proof,
    now: DateTime<Utc>,
) -> rusqlite::Result<Tried<Vec<u8>>> {
    match prove(rows, id, Kind::Sink, proof, now)? {
        Tried::Done(Some(sealed)) => {
            end(rows, id, "used")?;
            Ok(Tried::Done(sealed))
        }
        Tried::Done(None) | Tried::Gone => Ok(Tried::Gone),
        Tried::Wrong { left } => Ok(Tried::Wrong { left }),
    }
}

pub(super) fn fill(
    rows: &Connection,
    id: &str,
    proof: &Proof,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> rusqlite::Result<Tried<()>> {
    match prove(rows, id, Kind::Source, proof, now)? {
        Tried::Done(_) => {
            rows.execute(
                "UPDATE drops SET standing = 'filled', sealed = ?1, until = ?2 WHERE id = ?3",
                params![sealed, stamp(now + HOLDS), id],
            )?;
            Ok(Tried::Done(()))
        }
        Tried::Wrong { left } => Ok(Tried::Wrong { left }),
        Tried::Gone => Ok(Tried::Gone),
    }
}

/// The value that was typed in for this, emptied in the same step.
pub(super) fn take(
    rows: &Connection,
    purpose: &Purpose,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<(String, Vec<u8>)>> {
    let Some(page) = find(rows, purpose, now)?.filter(|page| page.standing == Standing::Filled) else {
        return Ok(None);
    };
    let sealed: Option<Vec<u8>> =
        rows.query_row("SELECT sealed FROM drops WHERE id = ?1", [&page.id], |row| row.get(0))?;
    end(rows, &page.id, "used")?;
    Ok(sealed.map(|sealed| (page.id, sealed)))
}

/// What is on a waiting page, for whoever brings what it wants. A wrong one is counted, and the last closes
/// the page.
fn prove(
    rows: &Connection,
    id: &str,
    kind: Kind,
    brought: &Proof,
    now: DateTime<Utc>,
) -> rusqlite::Result<Tried<Option<Vec<u8>>>> {
    let kind = match kind {
        Kind::Sink => "sink",
        Kind::Source => "source",
    };
    let waits = "WHERE id = ?1 AND kind = ?2 AND standing = 'waiting' AND until > ?3";
    let found =
        rows.query_row(&format!("SELECT proof, sealed FROM drops {waits}"), params![id, kind, stamp(now)], |row| {
            Ok((row.get::<_, Option<[u8; 32]>>(0)?, row.get(1)?))
        });
    let Some((wanted, sealed)) = found.optional()? else { return Ok(Tried::Gone) };
    let is_right = match (wanted, brought) {
        (Some(wanted), Proof::Code(code)) => wanted == *code,
        (None, Proof::Bearer(good)) => *good,
        _ => false,
    };
    if is_right {
        return Ok(Tried::Done(sealed));
    }
    let wrong: u32 =
        rows.query_row("UPDATE drops SET wrong = wrong + 1 WHERE id = ?1 RETURNING wrong", [id], |row| row.get(0))?;
    if wrong >= TRIES {
        close(rows, id, now)?;
        return Ok(Tried::Gone);
    }
    Ok(Tried::Wrong { left: TRIES - wrong })
}

/// Its time is over now, and what happens then happens.
pub(super) fn close(rows: &Connection, id: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    rows.execute("UPDATE drops SET until = ?1 WHERE id = ?2 AND until > ?1", params![stamp(now), id]).map(|_| ())
}

fn end(rows: &Connection, id: &str, standing: &str) -> rusqlite::Result<()> {
    rows.execute("UPDATE drops SET standing = ?1, sealed = NULL, proof = NULL WHERE id = ?2", params![standing, id])
        .map(|_| ())
}

pub(super) fn next_end(rows: &Connection, tenant: &str) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let next: Option<String> = rows.query_row(
        "SELECT MIN(CASE standing WHEN 'unheld' THEN claimed ELSE until END) FROM drops
         WHERE tenant = ?1 AND standing IN ('reserved', 'waiting', 'filled', 'unheld')",
        [tenant],
        |row| row.get(0),
    )?;
    next.map(|text| time(&text, 0)).transpose()
}

pub(super) fn unheld(rows: &Connection, tenant: &str, now: DateTime<Utc>) -> rusqlite::Result<Vec<Unheld>> {
    let at = stamp(now);
    rows.execute(
        "UPDATE drops SET sealed = NULL, proof = NULL, claimed = until,
         standing = CASE WHEN kind = 'sink' AND standing = 'waiting' THEN 'unheld' ELSE 'over' END
         WHERE tenant = ?1 AND until <= ?2 AND standing IN ('reserved', 'waiting', 'filled')",
        params![tenant, at],
    )?;
    // Claimed until then by whoever gets them here.
    let mut claim = rows.prepare(
        "UPDATE drops SET claimed = ?1 WHERE tenant = ?2 AND standing = 'unheld' AND claimed <= ?3
         RETURNING id, prefix, workspace",
    )?;
    let claimed = claim.query_map(params![stamp(now + REVOKING), tenant, at], |row| {
        Ok(Unheld { id: row.get(0)?, prefix: row.get(1)?, workspace: row.get(2)? })
    })?;
    claimed.collect()
}

/// It was taken out, and reached nobody.
pub(super) fn lost(rows: &Connection, id: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let sql =
        "UPDATE drops SET standing = 'unheld', claimed = ?1 WHERE id = ?2 AND kind = 'sink' AND standing = 'used'";
    rows.execute(sql, params![stamp(now), id]).map(|_| ())
}

pub(super) fn revoked(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.execute("UPDATE drops SET standing = 'over' WHERE id = ?1 AND standing = 'unheld'", [id]).map(|_| ())
}

fn page(row: &rusqlite::Row<'_>, now: DateTime<Utc>) -> rusqlite::Result<Page> {
    let (kind, standing): (String, String) = (row.get(1)?, row.get(9)?);
    let until = time(&row.get::<_, String>(8)?, 8)?;
    let standing = match standing.as_str() {
        _ if until <= now => Standing::Gone,
        "waiting" => Standing::Waiting,
        "filled" => Standing::Filled,
        _ => Standing::Gone,
    };
    Ok(Page {
        id: row.get(0)?,
        kind: if kind == "sink" { Kind::Sink } else { Kind::Source },
        purpose: Purpose { tenant: row.get(2)?, caller: row.get(3)?, tool: row.get(4)?, about: row.get(5)? },
        prefix: row.get(6)?,
        wants: if row.get(7)? { Wants::Bearer } else { Wants::Code },
        until,
        standing,
    })
}

fn time(text: &str, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    Ok(at.with_timezone(&Utc))
}
