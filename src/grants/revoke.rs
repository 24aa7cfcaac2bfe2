//! Taking a grant back, at once and with everything that was issued under it.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::table::{Row, State};
use super::{By, Grants};
use crate::failure::{Code, Failure};
use crate::journal::entry::stamp;
use crate::store::Durability;

#[derive(Debug)]
pub struct Revoked {
    pub name: String,
    pub prefix: String,
    /// How many issued under it went with it.
    pub under: usize,
}

impl Grants {
    /// `which` is an id, a prefix or a name, whole.
    pub async fn revoke(&self, which: &str, by: By, now: DateTime<Utc>) -> Result<Revoked, Failure> {
        let which = which.to_owned();
        let write = move |state: &Connection| {
            let row = match find(Row::all(state, by.above())?, &which, now) {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            let gone = take(state, &row.id, &by, now)?;
            Ok(Ok(Revoked { name: row.name, prefix: row.prefix, under: gone.saturating_sub(1) }))
        };
        self.0.change(Durability::Synced, write).await?
    }
}

fn find(rows: Vec<Row>, which: &str, now: DateTime<Utc>) -> Result<Row, Failure> {
    let named = |row: &Row| row.id == which || row.prefix == which || row.name == which;
    let mut found: Vec<Row> = rows.into_iter().filter(named).collect();
    let known = !found.is_empty();
    found.retain(|row| row.revoked.is_none());
    // A name may be used again when its grant has expired: the one that can still be used is meant.
    if found.iter().any(|row| row.state(now) == State::Live) {
        found.retain(|row| row.state(now) == State::Live);
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(last), false) => {
            found.push(last);
            let all: Vec<String> =
                found.iter().map(|row| format!("{} ({}, {})", row.id, row.prefix, row.name)).collect();
            Err(Failure::new(Code::Conflict, format!("several grants are meant by `{which}`: {}", all.join("; ")))
                .next("Name one by its id."))
        }
        (None, _) if known => Err(Failure::new(Code::Conflict, format!("`{which}` is revoked already"))),
        (None, _) => Err(Failure::new(Code::NotFound, "there is no such grant")
            .next("`grants list` shows ids, prefixes and names; give one of them whole.")),
    }
}

fn take(state: &Connection, id: &str, by: &By, now: DateTime<Utc>) -> rusqlite::Result<usize> {
    let sql = "WITH RECURSIVE under (id) AS
            (SELECT ?1 UNION SELECT grants.id FROM grants JOIN under ON grants.parent = under.id)
        UPDATE grants SET revoked = ?2, revoked_by = ?3
        WHERE revoked IS NULL AND id IN (SELECT id FROM under)";
    state.execute(sql, (id, stamp(now), by.signed()))
}
