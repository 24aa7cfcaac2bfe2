//! The rows of leases. One ends in the transaction that writes down how its key was revoked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{CLAIM, Holder, Lease};
use crate::journal::entry::{KeyMark, stamp};

/// A lease that a revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// After its time, so many seconds; before it, negative.
    pub late_seconds: i64,
}

/// A key that is leased anew keeps the earlier end.
pub(super) fn begin(
    connection: &Connection,
    holder: &Holder,
    key: &KeyMark,
    until: DateTime<Utc>,
) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO leases (tenant, key_id, prefix, name, until, invocation, caller, standing)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'running')
        ON CONFLICT (tenant, key_id) DO UPDATE SET until = min(until, excluded.until)";
    let Holder { tenant, invocation, caller } = holder;
    let values = params![tenant, key.id, key.prefix, key.name, stamp(until), invocation.to_string(), caller];
    connection.prepare_cached(SQL)?.execute(values).map(drop)
}

pub(super) fn running(connection: &Connection, tenant: &str) -> rusqlite::Result<HashMap<String, DateTime<Utc>>> {
    const SQL: &str = "SELECT key_id, until FROM leases WHERE tenant = ?1 AND standing = 'running'";
    let mut query = connection.prepare_cached(SQL)?;
    let rows = query.query_map([tenant], |row| Ok((row.get(0)?, time(row, 1)?)))?;
    rows.collect()
}

/// Nobody has it in hand. Put off further than anybody puts off means that the clock went back: that
/// doesn't count.
macro_rules! free {
    ($now:literal, $furthest:literal) => {
        concat!(
            "standing = 'running' AND (not_before IS NULL OR not_before <= ",
            $now,
            " OR not_before > ",
            $furthest,
            ")"
        )
    };
}

pub(super) fn next(
    connection: &Connection,
    tenant: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    const SQL: &str = concat!("SELECT min(until) FROM leases WHERE tenant = ?1 AND ", free!("?2", "?3"));
    let mut query = connection.prepare_cached(SQL)?;
    let first: Option<String> = query.query_row([tenant, &stamp(now), &stamp(furthest(now))], |row| row.get(0))?;
    Ok(first.map(|text| parsed(&text)))
}

pub(super) fn claim(connection: &Connection, tenant: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Lease>> {
    const SQL: &str = concat!(
        "UPDATE leases SET not_before = ?1, tries = tries + 1
         WHERE rowid = (SELECT rowid FROM leases WHERE tenant = ?2 AND until <= ?3 AND ",
        free!("?3", "?4"),
        " ORDER BY until LIMIT 1) RETURNING key_id, prefix, name, until, tries"
    );
    let values = [&stamp(now + CLAIM), tenant, &stamp(now), &stamp(furthest(now))];
    let lease = |row: &rusqlite::Row<'_>| {
        let key = KeyMark { id: row.get(0)?, prefix: row.get(1)?, name: row.get(2)? };
        Ok(Lease { key, until: time(row, 3)?, tries: row.get(4)? })
    };
    connection.prepare_cached(SQL)?.query_row(values, lease).optional()
}

pub(super) fn postpone(
    connection: &Connection,
    tenant: &str,
    key: &str,
    not_before: DateTime<Utc>,
) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE leases SET not_before = ?1 WHERE tenant = ?2 AND key_id = ?3 AND standing = 'running'";
    connection.prepare_cached(SQL)?.execute([&stamp(not_before), tenant, key]).map(drop)
}

pub(super) fn gone(connection: &Connection, tenant: &str, key: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    const SQL: &str =
        "UPDATE leases SET standing = 'gone', ended = ?1 WHERE tenant = ?2 AND key_id = ?3 AND standing = 'running'";
    connection.prepare_cached(SQL)?.execute([&stamp(now), tenant, key]).map(drop)
}

/// The key is revoked: its lease ends, where it has one.
pub fn end(connection: &Connection, tenant: &str, key: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Ended>> {
    const SQL: &str = "SELECT until FROM leases WHERE tenant = ?1 AND key_id = ?2 AND standing = 'running'";
    const END: &str = "UPDATE leases SET standing = 'revoked', ended = ?1, late_seconds = ?2
        WHERE tenant = ?3 AND key_id = ?4 AND standing = 'running'";
    let mut query = connection.prepare_cached(SQL)?;
    let Some(until) = query.query_row([tenant, key], |row| time(row, 0)).optional()? else { return Ok(None) };
    let late_seconds = (now - until).num_seconds();
    connection.prepare_cached(END)?.execute(params![stamp(now), late_seconds, tenant, key])?;
    Ok(Some(Ended { late_seconds }))
}

fn furthest(now: DateTime<Utc>) -> DateTime<Utc> {
    now + super::runner::LONGEST_PAUSE
}

fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    Ok(parsed(&row.get::<_, String>(column)?))
}

/// What isn't a time has come: nothing here lives on because of a broken row.
fn parsed(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).map_or(DateTime::UNIX_EPOCH, |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leases::Leases;
    use crate::store::{Durability, Store};
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn mark(id: &str) -> KeyMark {
        KeyMark { id: id.to_owned(), prefix: "prefix00".to_owned(), name: "n".to_owned() }
    }

    fn holder() -> Holder {
        Holder { tenant: "t".to_owned(), invocation: Uuid::now_v7(), caller: "local".to_owned() }
    }

    #[tokio::test]
    async fn one_of_many_gets_it_and_a_dead_one_holds_it_no_longer() {
        let home = tempfile::tempdir().unwrap();
        let leases = Leases::new(Store::open(home.path()));
        let now = Utc::now();
        leases.begin(holder(), mark("a"), now + TimeDelta::hours(1)).await.unwrap();
        assert_eq!(leases.claim("t", now).await.unwrap(), None, "its time hasn't come");
        let due = now + TimeDelta::hours(2);
        let processes: Vec<Leases> = (0..8).map(|_| Leases::new(Store::open(home.path()))).collect();
        let claims = futures_util::future::join_all(processes.iter().map(|one| one.claim("t", due))).await;
        assert_eq!(claims.into_iter().filter_map(|claim| claim.unwrap()).count(), 1);
        assert_eq!(leases.claim("other", due).await.unwrap(), None, "another tenant's");
        assert_eq!(leases.next("t", due).unwrap(), None, "somebody has it in hand");
        let again = leases.claim("t", due + CLAIM).await.unwrap().expect("who held it is dead");
        assert_eq!((again.tries, again.key), (2, mark("a")));
        // The clock goes back by a day: the claim of tomorrow doesn't hold.
        leases.postpone("t", &again_of("a"), due + TimeDelta::days(1)).await.unwrap();
        assert!(leases.claim("t", due).await.unwrap().is_some());
    }

    fn again_of(id: &str) -> Lease {
        Lease { key: mark(id), until: Utc::now(), tries: 0 }
    }

    #[tokio::test]
    async fn it_ends_once() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path());
        let leases = Leases::new(store.clone());
        let until = DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap();
        leases.begin(holder(), mark("a"), until).await.unwrap();
        assert_eq!(leases.running("t").unwrap(), HashMap::from([("a".to_owned(), until)]));
        let late = until + TimeDelta::seconds(90);
        let ended = async || store.change(Durability::Written, move |rows| end(rows, "t", "a", late)).await.unwrap();
        assert_eq!(ended().await, Some(Ended { late_seconds: 90 }));
        assert_eq!(ended().await, None);
        assert_eq!(leases.claim("t", late).await.unwrap(), None);
    }
}
