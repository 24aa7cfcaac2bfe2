//! What waits to be sent: a row for each event and endpoint, gone when it is taken. In order: an endpoint
//! gets an event when it has taken those before.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::event::Notice;
use crate::journal::entry::stamp;
use crate::secrets::held;

/// How long one process has to send one; longer than the endpoint may take.
const CLAIM: TimeDelta = TimeDelta::seconds(30);
/// Nobody puts off further: what looks so comes from a clock that went back.
const FURTHEST: TimeDelta = TimeDelta::hours(2);
/// How long those that were given up can be seen.
const KEPT: TimeDelta = TimeDelta::days(90);

/// One delivery that is to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub endpoint: String,
    pub event: String,
    pub at: DateTime<Utc>,
    pub body: String,
    /// This one included.
    pub tries: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub waiting: u32,
    pub dead: u32,
}

/// In the transaction that writes down what happened.
pub fn put(
    connection: &Connection,
    tenant: &str,
    notice: &Notice,
    endpoints: &[String],
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    const SQL: &str =
        "INSERT INTO webhooks (tenant, endpoint, event, at, body, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?4)";
    // Strings, numbers and maps of them always become JSON.
    let body = held::clean_text(serde_json::to_string(notice).unwrap_or_default());
    let mut insert = connection.prepare_cached(SQL)?;
    for endpoint in endpoints {
        insert.execute(params![tenant, endpoint, notice.id, stamp(now), body])?;
    }
    Ok(())
}

const FIRST_DUE: &str = "SELECT rowid FROM webhooks w WHERE tenant = ?1 AND standing = 'waiting'
    AND (not_before <= ?2 OR not_before > ?3)
    AND NOT EXISTS (SELECT 1 FROM webhooks before WHERE before.tenant = w.tenant AND before.endpoint = w.endpoint
        AND before.standing = 'waiting' AND before.rowid < w.rowid)
    ORDER BY rowid LIMIT 1";

pub(super) fn is_due(connection: &Connection, tenant: &str, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let values = [tenant, &stamp(now), &stamp(now + FURTHEST)];
    connection.prepare_cached(FIRST_DUE)?.exists(values)
}

pub(super) fn claim(connection: &Connection, tenant: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Waiting>> {
    const SQL: &str = "UPDATE webhooks SET not_before = ?1, tries = tries + 1 WHERE rowid = ?2
        RETURNING endpoint, event, at, body, tries";
    let values = [tenant, &stamp(now), &stamp(now + FURTHEST)];
    let first: Option<i64> = connection.prepare_cached(FIRST_DUE)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(first) = first else { return Ok(None) };
    let waiting = |row: &rusqlite::Row<'_>| {
        let at: String = row.get(2)?;
        Ok(Waiting {
            endpoint: row.get(0)?,
            event: row.get(1)?,
            at: DateTime::parse_from_rfc3339(&at).map_or(now, |at| at.to_utc()),
            body: row.get(3)?,
            tries: row.get(4)?,
        })
    };
    connection.prepare_cached(SQL)?.query_row(params![stamp(now + CLAIM), first], waiting).optional()
}

pub(super) fn taken(connection: &Connection, one: &Waiting) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM webhooks WHERE endpoint = ?1 AND event = ?2";
    connection.prepare_cached(SQL)?.execute([&one.endpoint, &one.event]).map(drop)
}

pub(super) fn postpone(connection: &Connection, one: &Waiting, not_before: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE webhooks SET not_before = ?1 WHERE endpoint = ?2 AND event = ?3";
    connection.prepare_cached(SQL)?.execute([&stamp(not_before), &one.endpoint, &one.event]).map(drop)
}

pub(super) fn give_up(connection: &Connection, one: &Waiting, now: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE webhooks SET standing = 'dead' WHERE endpoint = ?1 AND event = ?2";
    connection.execute("DELETE FROM webhooks WHERE standing = 'dead' AND at <= ?1", [stamp(now - KEPT)])?;
    connection.prepare_cached(SQL)?.execute([&one.endpoint, &one.event]).map(drop)
}

pub fn standing(connection: &Connection, tenant: &str) -> rusqlite::Result<Standing> {
    const SQL: &str = "SELECT count(*) FILTER (WHERE standing = 'waiting'), count(*) FILTER (WHERE standing = 'dead')
        FROM webhooks WHERE tenant = ?1";
    let counted = |row: &rusqlite::Row<'_>| Ok(Standing { waiting: row.get(0)?, dead: row.get(1)? });
    connection.prepare_cached(SQL)?.query_row([tenant], counted)
}
