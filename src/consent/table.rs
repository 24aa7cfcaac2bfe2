//! Questions in the store. Each function is one step inside the writer's transaction: of many that want
//! the same yes, one finds it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::preview::{Preview, Seen};
use super::seal::Seal;
use super::{Answered, Bond, HOLDS, Question, Standing, TRIES};
use crate::failure::{Code, Failure};
use crate::journal::entry::{Agreement, stamp};
use crate::secrets::held;

/// How long an answered question stays, so that a replay is told what it is. Arguments shouldn't stay.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// Letters and digits that nobody takes for each other.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Short, because a person types it; it opens nothing by itself.
pub(super) fn new_id() -> Result<String, Failure> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::Internal, "no random numbers").operator(error.to_string()))?;
    Ok(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect())
}

/// The one that was there first.
pub(super) fn seal(connection: &Connection, fresh: Seal) -> rusqlite::Result<Seal> {
    connection.execute("INSERT OR IGNORE INTO consent_seal (one, secret) VALUES (1, ?1)", [fresh.secret()])?;
    connection.query_row("SELECT secret FROM consent_seal", [], |row| row.get(0)).map(Seal::new)
}

/// The question that waits already, where it is the same; else this one, in place of what waited.
pub(super) fn put(connection: &Connection, question: Question) -> rusqlite::Result<Question> {
    connection.execute("DELETE FROM consents WHERE until < ?1", [stamp(question.asked - KEPT)])?;
    if let Some((waiting, Standing::Waiting)) = find(connection, &question.bond, question.asked)? {
        if waiting.preview.is_about_the_same(&question.preview) {
            let shown = shown(&question.preview);
            connection.execute("UPDATE consents SET preview = ?1 WHERE id = ?2", params![shown, waiting.id])?;
            return Ok(Question { preview: question.preview, ..waiting });
        }
        spend(connection, &waiting.id)?;
    }
    let Bond { tenant, caller, tool, arguments } = &question.bond;
    connection.execute(
        "INSERT INTO consents
         (id, tenant, caller, grants, tool, arguments, targets, seen, preview, asked, until, standing)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'waiting')",
        params![
            question.id,
            tenant,
            caller,
            json(&question.grants),
            tool,
            arguments,
            json(&question.targets),
            json(&question.preview.seen),
            shown(&question.preview),
            stamp(question.asked),
            stamp(question.until),
        ],
    )?;
    Ok(question)
}

const ALL: &str = "SELECT id, tenant, caller, grants, tool, arguments, targets, seen, preview, asked, until,
    standing, way, by FROM consents WHERE until >";

pub(super) fn find(
    connection: &Connection,
    bond: &Bond,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<(Question, Standing)>> {
    let sql = format!(
        "{ALL} ?1 AND tenant = ?2 AND caller = ?3 AND tool = ?4 AND arguments = ?5
         AND standing IN ('waiting', 'agreed', 'refused') ORDER BY asked DESC, rowid DESC LIMIT 1"
    );
    let Bond { tenant, caller, tool, arguments } = bond;
    connection.query_row(&sql, params![stamp(now), tenant, caller, tool, arguments], question).optional()
}

pub(super) fn get(
    connection: &Connection,
    id: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<(Question, Standing)>> {
    connection.query_row(&format!("{ALL} ?1 AND id = ?2"), params![stamp(now), id], question).optional()
}

pub(super) fn waiting(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<Question>> {
    let mut statement = connection.prepare(&format!("{ALL} ?1 AND standing = 'waiting' ORDER BY asked, rowid"))?;
    statement.query_map([stamp(now)], |row| question(row).map(|(question, _)| question))?.collect()
}

/// The yes holds from now on.
pub(super) fn agree(connection: &Connection, by: &Agreement, now: DateTime<Utc>) -> rusqlite::Result<Answered> {
    let agreed = connection.execute(
        "UPDATE consents SET standing = 'agreed', way = ?1, by = ?2, until = ?3
         WHERE id = ?4 AND standing = 'waiting' AND until > ?5",
        params![by.way, by.by, stamp(now + HOLDS), by.id, stamp(now)],
    )?;
    Ok(if agreed == 1 { Answered::Agreed } else { Answered::NotWaiting })
}

pub(super) fn refuse(connection: &Connection, by: &Agreement, now: DateTime<Utc>) -> rusqlite::Result<Answered> {
    let refused = connection.execute(
        "UPDATE consents SET standing = 'refused', way = ?1, by = ?2
         WHERE id = ?3 AND standing = 'waiting' AND until > ?4",
        params![by.way, by.by, by.id, stamp(now)],
    )?;
    Ok(if refused == 1 { Answered::Refused } else { Answered::NotWaiting })
}

pub(super) fn mistype(connection: &Connection, by: &Agreement, now: DateTime<Utc>) -> rusqlite::Result<Answered> {
    let tries: Option<u32> = connection
        .query_row(
            "UPDATE consents SET tries = tries + 1 WHERE id = ?1 AND standing = 'waiting' AND until > ?2
             RETURNING tries",
            params![by.id, stamp(now)],
            |row| row.get(0),
        )
        .optional()?;
    match tries {
        None => Ok(Answered::NotWaiting),
        Some(tries) if tries < TRIES => Ok(Answered::WrongName),
        Some(_) => refuse(connection, by, now),
    }
}

pub(super) fn consume(
    connection: &Connection,
    id: &str,
    bond: &Bond,
    seen: &Seen,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let used = connection.execute(
        "UPDATE consents SET standing = 'spent' WHERE id = ?1 AND standing = 'agreed' AND until > ?2
         AND tenant = ?3 AND caller = ?4 AND tool = ?5 AND arguments = ?6 AND seen = ?7",
        params![id, stamp(now), bond.tenant, bond.caller, bond.tool, bond.arguments, json(seen)],
    )?;
    Ok(used == 1)
}

pub(super) fn spend(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE consents SET standing = 'spent' WHERE id = ?1", [id]).map(|_| ())
}

fn question(row: &Row<'_>) -> rusqlite::Result<(Question, Standing)> {
    let (lines, name) = read(row, 8)?;
    let id: String = row.get(0)?;
    let standing: String = row.get(11)?;
    let standing = match standing.as_str() {
        "waiting" => Standing::Waiting,
        "agreed" => Standing::Agreed(Agreement { id: id.clone(), way: row.get(12)?, by: row.get(13)? }),
        "refused" => Standing::Refused,
        _ => Standing::Spent,
    };
    let question = Question {
        id,
        bond: Bond { tenant: row.get(1)?, caller: row.get(2)?, tool: row.get(4)?, arguments: row.get(5)? },
        grants: read(row, 3)?,
        targets: read::<BTreeMap<String, String>>(row, 6)?,
        preview: Preview { lines, name, seen: read(row, 7)? },
        asked: time(row, 9)?,
        until: time(row, 10)?,
    };
    Ok((question, standing))
}

fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text: String = row.get(column)?;
    let at = DateTime::parse_from_rfc3339(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    Ok(at.with_timezone(&Utc))
}

fn shown(preview: &Preview) -> String {
    json(&(&preview.lines, &preview.name))
}

/// Strings and maps of them always become JSON. It is kept, so no secret stands in it.
fn json(value: &impl serde::Serialize) -> String {
    held::clean_text(serde_json::to_string(value).unwrap_or_default())
}
