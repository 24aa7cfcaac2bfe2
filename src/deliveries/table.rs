//! The table of credentials on their way. Each function is one step inside the writer's transaction.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Instead, Made, Parcel, Standing, Step, What};
use crate::journal::entry::stamp;

/// Longer than an idempotency key stands for anything: until then a repeated call may ask what arrived.
const KEPT: TimeDelta = TimeDelta::hours(48);

const ALL: &str = "SELECT d.row, d.invocation, d.name, d.workspace, d.instead, d.key_file, d.minter, d.seen, d.at,
    d.step, d.id, d.prefix, o.invocation IS NOT NULL FROM deliveries d
    LEFT JOIN journal o ON o.invocation = d.invocation AND o.kind = 'outcome' WHERE d.tenant = ?1";

pub(super) fn begin(open: &Connection, tenant: &str, parcel: &Parcel) -> rusqlite::Result<Option<i64>> {
    forget(open, parcel.at)?;
    let (name, workspace, instead) = match &parcel.what {
        What::OrgKey { name, instead } => (Some(name), None, instead.as_ref()),
        What::WorkspaceToken { workspace } => (None, Some(workspace), None),
    };
    let id = instead.map(|old| &old.id);
    if id.is_some_and(|id| instead_of(open, tenant, id).is_ok_and(|one| one.is_some())) {
        return Ok(None);
    }
    let key_file = instead.and_then(|old| old.key_file.as_deref()).map(|path| path.to_string_lossy().into_owned());
    let seen = serde_json::Value::from(parcel.seen.as_slice()).to_string();
    open.execute(
        "INSERT INTO deliveries (tenant, invocation, name, workspace, instead, key_file, minter, seen, at, step)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'minting')",
        params![
            tenant,
            parcel.invocation.to_string(),
            name,
            workspace,
            id,
            key_file,
            parcel.minter,
            seen,
            stamp(parcel.at)
        ],
    )?;
    Ok(Some(open.last_insert_rowid()))
}

/// What arrived long ago, and of which nothing is left to do.
fn forget(open: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM deliveries WHERE step = 'delivered' AND instead IS NULL AND at < ?1";
    open.execute(SQL, [stamp(now - KEPT)]).map(|_| ())
}

pub(super) fn minted(open: &Connection, row: i64, made: &Made) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE deliveries SET step = 'minted', id = ?2, prefix = ?3 WHERE row = ?1";
    open.execute(SQL, params![row, made.id, made.prefix]).map(|_| ())
}

pub(super) fn delivered(open: &Connection, row: i64) -> rusqlite::Result<()> {
    open.execute("UPDATE deliveries SET step = 'delivered' WHERE row = ?1", [row]).map(|_| ())
}

pub(super) fn old_is_gone(open: &Connection, row: i64) -> rusqlite::Result<()> {
    open.execute("UPDATE deliveries SET instead = NULL WHERE row = ?1", [row]).map(|_| ())
}

pub(super) fn gone(open: &Connection, row: i64) -> rusqlite::Result<()> {
    open.execute("DELETE FROM deliveries WHERE row = ?1", [row]).map(|_| ())
}

pub(super) fn left_behind(open: &Connection, tenant: &str) -> rusqlite::Result<Vec<Standing>> {
    let sql = format!(
        "{ALL} AND o.invocation IS NOT NULL AND (d.step <> 'delivered' OR d.instead IS NOT NULL OR o.result = 'unknown'
            AND NOT EXISTS (SELECT 1 FROM journal f WHERE f.invocation = d.invocation AND f.kind = 'found'))
         ORDER BY d.row"
    );
    open.prepare(&sql)?.query_map([tenant], standing)?.collect()
}

pub(super) fn instead_of(open: &Connection, tenant: &str, key: &str) -> rusqlite::Result<Option<Standing>> {
    open.query_row(&format!("{ALL} AND d.instead = ?2"), [tenant, key], standing).optional()
}

pub(super) fn alike(open: &Connection, tenant: &str, what: &What) -> rusqlite::Result<Vec<Standing>> {
    let (column, value) = match what {
        What::OrgKey { name, .. } => ("name", name),
        What::WorkspaceToken { workspace } => ("workspace", workspace),
    };
    open.prepare(&format!("{ALL} AND d.{column} = ?2 ORDER BY d.row"))?.query_map([tenant, value], standing)?.collect()
}

fn standing(row: &Row<'_>) -> rusqlite::Result<Standing> {
    let (name, workspace): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
    let key_file = row.get::<_, Option<String>>(5)?.map(PathBuf::from);
    let instead = row.get::<_, Option<String>>(4)?.map(|id| Instead { id, key_file });
    let what = match workspace {
        Some(workspace) => What::WorkspaceToken { workspace },
        None => What::OrgKey { name: name.unwrap_or_default(), instead },
    };
    let (step, prefix): (String, Option<String>) = (row.get(9)?, row.get(11)?);
    let made = Made { id: row.get(10)?, prefix: prefix.unwrap_or_default() };
    let at: String = row.get(8)?;
    Ok(Standing {
        row: row.get(0)?,
        invocation: row.get(1)?,
        what,
        minter: row.get(6)?,
        seen: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
        // What can't be read is as old as can be: nothing younger is taken for it by its age alone.
        at: DateTime::parse_from_rfc3339(&at).map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc)),
        step: match step.as_str() {
            "minting" => Step::Minting,
            "minted" => Step::Minted(made),
            _ => Step::Delivered(made),
        },
        over: row.get(12)?,
    })
}
