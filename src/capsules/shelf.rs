//! The rows: which capsules there are, and which steps of a restoring are done.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Label, Named};
use crate::failure::Failure;
use crate::journal::entry::stamp;
use crate::store::{Durability, Store};

const COLUMNS: &str = "id, made, until, workspaces, size";

#[derive(Clone)]
pub(super) struct Shelf {
    store: Store,
    tenant: String,
}

impl Shelf {
    pub(super) fn new(store: Store, tenant: &str) -> Self {
        Self { store, tenant: tenant.to_owned() }
    }

    /// On the disk before what it keeps is deleted.
    pub(super) async fn put(&self, label: Label) -> Result<(), Failure> {
        let tenant = self.tenant.clone();
        let change = move |connection: &rusqlite::Connection| {
            const SQL: &str = "INSERT INTO capsules (id, tenant, made, until, workspaces, size)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let workspaces = serde_json::to_string(&label.workspaces).unwrap_or_default();
            let (made, until) = (stamp(label.made), label.until.map(stamp));
            let values =
                params![label.id, tenant, made, until, workspaces, i64::try_from(label.size).unwrap_or(i64::MAX)];
            connection.execute(SQL, values).map(|_| ())
        };
        self.store.change(Durability::Synced, change).await
    }

    pub(super) async fn get(&self, id: &str) -> Result<Option<Label>, Failure> {
        let (tenant, id) = (self.tenant.clone(), id.to_owned());
        let sql = format!("SELECT {COLUMNS} FROM capsules WHERE tenant = ?1 AND id = ?2");
        self.store.flush().await?;
        self.store.read(move |connection| connection.query_row(&sql, [tenant, id], label).optional()).await
    }

    pub(super) async fn newest(&self, most: u32, now: DateTime<Utc>) -> Result<Vec<Label>, Failure> {
        let tenant = self.tenant.clone();
        let sql = format!(
            "SELECT {COLUMNS} FROM capsules WHERE tenant = ?1 AND (until IS NULL OR until > ?2)
             ORDER BY made DESC LIMIT ?3"
        );
        self.store.flush().await?;
        let query = move |connection: &rusqlite::Connection| {
            let mut query = connection.prepare(&sql)?;
            query.query_map(params![tenant, stamp(now), most], label)?.collect()
        };
        self.store.read(query).await
    }

    /// Removes the rows whose time is over, and says which they were.
    pub(super) async fn take_over(&self, now: DateTime<Utc>) -> Result<Vec<String>, Failure> {
        let change = move |connection: &rusqlite::Connection| {
            connection.execute(
                "DELETE FROM capsule_steps WHERE capsule IN (SELECT id FROM capsules WHERE until <= ?1)",
                [stamp(now)],
            )?;
            let mut gone = connection.prepare("DELETE FROM capsules WHERE until <= ?1 RETURNING id")?;
            gone.query_map([stamp(now)], |row| row.get(0))?.collect()
        };
        self.store.change(Durability::Written, change).await
    }

    pub(super) async fn ids(&self) -> Result<Vec<String>, Failure> {
        let query = |connection: &rusqlite::Connection| {
            let mut query = connection.prepare("SELECT id FROM capsules")?;
            query.query_map([], |row| row.get(0))?.collect()
        };
        self.store.read(query).await
    }

    pub(super) async fn steps(&self, id: &str) -> Result<BTreeMap<String, String>, Failure> {
        let id = id.to_owned();
        let query = move |connection: &rusqlite::Connection| {
            let mut query = connection.prepare("SELECT step, made FROM capsule_steps WHERE capsule = ?1")?;
            query.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        self.store.flush().await?;
        self.store.read(query).await
    }

    /// False while the call that claimed it before isn't over.
    pub(super) async fn claim(&self, id: String, invocation: String) -> Result<bool, Failure> {
        let change = move |connection: &rusqlite::Connection| {
            const SQL: &str = "INSERT INTO capsule_steps (capsule, step, made) VALUES (?1, 'claimed', ?2)
                ON CONFLICT (capsule, step) DO UPDATE SET made = excluded.made WHERE NOT EXISTS
                (SELECT 1 FROM journal i WHERE i.invocation = capsule_steps.made AND i.kind = 'intent' AND NOT EXISTS
                    (SELECT 1 FROM journal o WHERE o.invocation = i.invocation AND o.kind = 'outcome'))";
            connection.execute(SQL, [id, invocation]).map(|claimed| claimed == 1)
        };
        self.store.change(Durability::Written, change).await
    }

    pub(super) async fn step(&self, id: String, step: String, made: String) -> Result<(), Failure> {
        let change = move |connection: &rusqlite::Connection| {
            const SQL: &str = "INSERT OR REPLACE INTO capsule_steps (capsule, step, made) VALUES (?1, ?2, ?3)";
            connection.execute(SQL, params![id, step, made]).map(|_| ())
        };
        self.store.change(Durability::Written, change).await
    }
}

fn label(row: &Row<'_>) -> rusqlite::Result<Label> {
    let time = |text: String| {
        DateTime::parse_from_rfc3339(&text).map_or(DateTime::<Utc>::MIN_UTC, |time| time.with_timezone(&Utc))
    };
    let workspaces: String = row.get(3)?;
    let size: i64 = row.get(4)?;
    Ok(Label {
        id: row.get(0)?,
        made: time(row.get(1)?),
        until: row.get::<_, Option<String>>(2)?.map(time),
        workspaces: serde_json::from_str::<Vec<Named>>(&workspaces).unwrap_or_default(),
        size: u64::try_from(size).unwrap_or(0),
    })
}
