//! Calls under an idempotency key: the first outcome is given again for a day, and what may have happened
//! isn't done a second time unlooked-at. Dispatch asks here before a creating tool sets out.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::failure::Failure;
use crate::journal::entry::stamp;
use crate::store::Store;

const KEPT: TimeDelta = TimeDelta::hours(24);

#[derive(Clone)]
pub struct Repeats(Store);

/// Which call it is: whose, of what, under which key, with which arguments.
#[derive(Clone, Debug)]
pub struct Once {
    pub tenant: String,
    pub caller: String,
    pub tool: &'static str,
    /// A digest: what a caller takes for a key may be anything.
    pub key: String,
    /// A digest as well.
    pub arguments: String,
}

/// What is known of the key.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    Nothing,
    /// This came of it.
    Done {
        invocation: String,
        answer: Value,
    },
    /// It is under way.
    Running,
    /// It was begun then, and nobody knows how it ended.
    Unclear {
        since: DateTime<Utc>,
    },
    /// It stands for other arguments.
    Other,
}

impl Repeats {
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    pub fn before(&self, once: &Once, now: DateTime<Utc>) -> Result<Before, Failure> {
        self.0.look(|connection| before(connection, once, now))
    }
}

impl Once {
    /// Takes the key for this invocation, in the transaction that writes its intent down. Not taken where
    /// somebody was quicker.
    pub fn claim(&self, invocation: Uuid, now: DateTime<Utc>, connection: &Connection) -> rusqlite::Result<bool> {
        connection.execute("DELETE FROM repeats WHERE at <= ?1", [stamp(now - KEPT)])?;
        if !matches!(before(connection, self, now)?, Before::Nothing | Before::Unclear { .. }) {
            return Ok(false);
        }
        // A second try keeps the time of the first: what that made is younger than it.
        const SQL: &str = "INSERT INTO repeats (tenant, caller, tool, key, arguments, invocation, at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (tenant, caller, tool, key) DO UPDATE SET invocation = excluded.invocation";
        let Self { tenant, caller, tool, key, arguments } = self;
        let values = params![tenant, caller, tool, key, arguments, invocation.to_string(), stamp(now)];
        connection.prepare_cached(SQL)?.execute(values).map(|_| true)
    }

    /// How it went, in the transaction that writes the outcome down. What changed nothing may be tried again.
    pub fn settle(&self, invocation: Uuid, end: &End, connection: &Connection) -> rusqlite::Result<()> {
        let place = "WHERE tenant = ?1 AND caller = ?2 AND tool = ?3 AND key = ?4 AND invocation = ?5";
        let Self { tenant, caller, tool, key, .. } = self;
        let invocation = invocation.to_string();
        match end {
            End::Done(answer) => {
                let sql = format!("UPDATE repeats SET answer = ?6 {place}");
                connection.execute(&sql, params![tenant, caller, tool, key, invocation, answer])?
            }
            End::Nothing => connection
                .execute(&format!("DELETE FROM repeats {place}"), params![tenant, caller, tool, key, invocation])?,
            End::Unclear => 0,
        };
        Ok(())
    }
}

/// How a call under a key ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With this answer, as JSON.
    Done(String),
    Nothing,
    Unclear,
}

struct Found {
    arguments: String,
    invocation: String,
    at: String,
    answer: Option<String>,
    /// Of that invocation, as the journal has it.
    outcome: Option<String>,
}

fn before(connection: &Connection, once: &Once, now: DateTime<Utc>) -> rusqlite::Result<Before> {
    const SQL: &str = "SELECT r.arguments, r.invocation, r.at, r.answer, o.result FROM repeats r
        LEFT JOIN journal o ON o.invocation = r.invocation AND o.kind = 'outcome'
        WHERE r.tenant = ?1 AND r.caller = ?2 AND r.tool = ?3 AND r.key = ?4 AND r.at > ?5";
    let values = params![once.tenant, once.caller, once.tool, once.key, stamp(now - KEPT)];
    let found = connection.prepare_cached(SQL)?.query_row(values, found).optional()?;
    let Some(found) = found else { return Ok(Before::Nothing) };
    if found.arguments != once.arguments {
        return Ok(Before::Other);
    }
    let answer = found.answer.and_then(|text| serde_json::from_str(&text).ok());
    Ok(match (answer, found.outcome.as_deref()) {
        (Some(answer), _) => Before::Done { invocation: found.invocation, answer },
        (None, None) => Before::Running,
        (None, Some(_)) => Before::Unclear {
            since: DateTime::parse_from_rfc3339(&found.at).map_or(now - KEPT, |at| at.with_timezone(&Utc)),
        },
    })
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        arguments: row.get(0)?,
        invocation: row.get(1)?,
        at: row.get(2)?,
        answer: row.get(3)?,
        outcome: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Durability;

    fn once(caller: &str, key: &str, arguments: &str) -> Once {
        let (tenant, caller) = ("t".to_owned(), caller.to_owned());
        Once { tenant, caller, tool: "create", key: key.to_owned(), arguments: arguments.to_owned() }
    }

    async fn claim(store: &Store, once: &Once, invocation: Uuid, now: DateTime<Utc>) -> bool {
        let once = once.clone();
        store.change(Durability::Written, move |connection| once.claim(invocation, now, connection)).await.unwrap()
    }

    #[tokio::test]
    async fn a_key_is_one_callers_and_for_a_day() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path());
        let (repeats, now, invocation) = (Repeats::new(store.clone()), Utc::now(), Uuid::now_v7());
        let mine = once("a", "k", "x");
        assert!(claim(&store, &mine, invocation, now).await);
        assert!(!claim(&store, &mine, Uuid::now_v7(), now).await, "it is under way");
        assert_eq!(repeats.before(&mine, now).unwrap(), Before::Running);
        assert_eq!(repeats.before(&once("a", "k", "y"), now).unwrap(), Before::Other);
        assert_eq!(repeats.before(&once("b", "k", "y"), now).unwrap(), Before::Nothing);

        let (settled, end) = (mine.clone(), End::Done(r#"{"id":1}"#.to_owned()));
        let settled = store.change(Durability::Written, move |change| settled.settle(invocation, &end, change));
        settled.await.unwrap();
        let done = Before::Done { invocation: invocation.to_string(), answer: serde_json::json!({ "id": 1 }) };
        assert_eq!(repeats.before(&mine, now + TimeDelta::hours(23)).unwrap(), done);
        assert_eq!(repeats.before(&mine, now + TimeDelta::hours(24)).unwrap(), Before::Nothing);
        assert!(claim(&store, &mine, Uuid::now_v7(), now + TimeDelta::hours(24)).await);
    }
}
