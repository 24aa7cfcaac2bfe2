//! Jobs in the store. What died with its process is known from the journal, which says *unknown* of its call.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Ended, Job};
use crate::journal::entry::{Outcome, stamp};

/// Between a call's outcome and what is kept of its job there are milliseconds.
const AFTER_ITS_OUTCOME: TimeDelta = TimeDelta::seconds(10);
const LONGEST_MESSAGE: usize = 300;

const ALL: &str = "SELECT j.id, j.tool, j.invocation, j.message, j.created, j.updated, j.until, j.ended,
    o.result, o.effect, o.at, o.body ->> '$.changed'
    FROM jobs j LEFT JOIN journal o ON o.invocation = j.invocation AND o.kind = 'outcome' AND j.ended IS NULL
    WHERE j.tenant = ?1 AND j.caller = ?2 AND j.until > ?3";

pub(super) fn insert(connection: &Connection, tenant: &str, caller: &str, job: &Job) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO jobs (id, tenant, caller, tool, invocation, created, updated, until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (created, updated, until) = (stamp(job.created), stamp(job.updated), stamp(job.until));
    connection
        .execute(SQL, params![job.id, tenant, caller, job.tool, job.invocation, created, updated, until])
        .map(|_| ())
}

pub(super) fn told(connection: &Connection, id: &str, message: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE jobs SET message = ?1, updated = ?2 WHERE id = ?3 AND ended IS NULL";
    let short: String = message.chars().take(LONGEST_MESSAGE).collect();
    connection.execute(SQL, params![short, stamp(now), id]).map(|_| ())
}

pub(super) fn end(connection: &Connection, id: &str, ended: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE jobs SET ended = ?1, updated = ?2 WHERE id = ?3 AND ended IS NULL";
    connection.execute(SQL, params![ended, stamp(now), id]).map(|_| ())
}

pub(super) fn unwanted(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE jobs SET unwanted = 1 WHERE id = ?1", [id]).map(|_| ())
}

pub(super) fn is_unwanted(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT unwanted FROM jobs WHERE id = ?1";
    Ok(connection.query_row(SQL, [id], |row| row.get(0)).optional()?.unwrap_or(false))
}

pub(super) fn get(
    connection: &Connection,
    tenant: &str,
    caller: &str,
    id: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Job>> {
    let sql = format!("{ALL} AND j.id = ?4");
    connection.query_row(&sql, params![tenant, caller, stamp(now), id], |row| job(row, now)).optional()
}

pub(super) fn list(
    connection: &Connection,
    tenant: &str,
    caller: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<Job>> {
    let sql = format!("{ALL} ORDER BY j.created DESC, j.rowid DESC");
    connection.prepare(&sql)?.query_map(params![tenant, caller, stamp(now)], |row| job(row, now))?.collect()
}

pub(super) fn prune(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM jobs WHERE until <= ?1", [stamp(now)]).map(|_| ())
}

fn job(row: &Row<'_>, now: DateTime<Utc>) -> rusqlite::Result<Job> {
    let (tool, invocation): (String, String) = (row.get(1)?, row.get(2)?);
    let kept = row.get::<_, Option<String>>(7)?;
    let kept = kept.map(|text| serde_json::from_str(&text).map_err(|error| unreadable(7, error))).transpose()?;
    let result: Option<String> = row.get(8)?;
    let ended = match (kept, result) {
        (Some(kept), _) => Some(kept),
        (None, None) => None,
        (None, Some(result)) if result == Outcome::UNKNOWN => {
            Some(Ended::died(&tool, &invocation, &row.get::<_, String>(9)?))
        }
        (None, Some(result)) => {
            let changed = row.get::<_, Option<String>>(11)?.unwrap_or_default();
            (at(row, 10)? < now - AFTER_ITS_OUTCOME).then(|| Ended::unheard(&invocation, &result, &changed))
        }
    };
    Ok(Job {
        id: row.get(0)?,
        tool,
        invocation,
        message: row.get(3)?,
        created: at(row, 4)?,
        updated: at(row, 5)?,
        until: at(row, 6)?,
        ended,
    })
}

fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text: String = row.get(column)?;
    let at = DateTime::parse_from_rfc3339(&text).map_err(|error| unreadable(column, error))?;
    Ok(at.with_timezone(&Utc))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
