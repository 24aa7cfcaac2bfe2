//! What a call over many workspaces hasn't done yet: a row from before its first request until nothing is
//! left. Whoever made the call goes on from there, also after this process was killed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, params};

use crate::failure::{Code, Failure};
use crate::journal::entry::stamp;
use crate::store::{Durability, Store};
use crate::tools::ids::WorkspaceId;

const KEPT: TimeDelta = TimeDelta::days(7);

#[derive(Clone)]
pub struct Fleets {
    store: Store,
    tenant: Arc<str>,
}

/// Whose it is, and of which tool.
#[derive(Clone, Debug)]
pub struct Whose {
    pub caller: String,
    pub tool: String,
}

impl Fleets {
    pub fn new(store: Store, tenant: &str) -> Self {
        Self { store, tenant: tenant.into() }
    }

    /// What is left of a call of this caller and tool.
    pub async fn left(&self, id: &str, whose: &Whose) -> Result<Option<Vec<WorkspaceId>>, Failure> {
        let (id, tenant, whose) = (id.to_owned(), Arc::clone(&self.tenant), whose.clone());
        let query = move |connection: &rusqlite::Connection| {
            const SQL: &str =
                "SELECT workspaces FROM fleets WHERE id = ?1 AND tenant = ?2 AND caller = ?3 AND tool = ?4";
            let values = params![id, tenant, whose.caller, whose.tool];
            connection.query_row(SQL, values, |row| row.get::<_, String>(0)).optional()
        };
        self.store.flush().await?;
        let found = self.store.read(query).await?;
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Begins one, in place of the one that it goes on from. Somebody may have gone on from that already.
    pub async fn begin(
        &self,
        id: &str,
        whose: Whose,
        workspaces: &[WorkspaceId],
        instead: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let (id, tenant, workspaces) = (id.to_owned(), Arc::clone(&self.tenant), text(workspaces));
        let change = move |connection: &rusqlite::Connection| {
            connection.execute("DELETE FROM fleets WHERE at <= ?1", [stamp(now - KEPT)])?;
            if let Some(instead) = instead
                && connection.execute("DELETE FROM fleets WHERE id = ?1", [instead])? == 0
            {
                return Ok(false);
            }
            const SQL: &str = "INSERT INTO fleets (id, tenant, caller, tool, workspaces, at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            connection.execute(SQL, params![id, tenant, whose.caller, whose.tool, workspaces, stamp(now)])?;
            Ok(true)
        };
        if self.store.change(Durability::Written, change).await? {
            return Ok(());
        }
        Err(Failure::new(Code::Conflict, "somebody went on from that `resume` already"))
    }

    /// This is left of it now; with nothing left it is forgotten.
    pub async fn leave(&self, id: &str, workspaces: &[WorkspaceId]) -> Result<(), Failure> {
        let (id, left) = (id.to_owned(), (!workspaces.is_empty()).then(|| text(workspaces)));
        let change = move |connection: &rusqlite::Connection| {
            match left {
                Some(left) => connection.execute("UPDATE fleets SET workspaces = ?2 WHERE id = ?1", params![id, left]),
                None => connection.execute("DELETE FROM fleets WHERE id = ?1", [id]),
            }
            .map(|_| ())
        };
        self.store.change(Durability::Written, change).await
    }
}

fn text(workspaces: &[WorkspaceId]) -> String {
    serde_json::to_string(workspaces).unwrap_or_default()
}
