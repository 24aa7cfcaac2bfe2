//! What there is: every grant there ever was, and what each was used for. The uses are counted here and
//! not in the journal, whose older entries may be pruned.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::Serialize;

use super::table::{Row, State};
use super::{By, Grants};
use crate::failure::Failure;
use crate::journal::entry::{Person, stamp};
use crate::policy::role::Role;
use crate::tools::ids::WorkspaceId;
use crate::tools::toolset::Toolset;
use crate::transport::caller::Caller;

#[derive(Debug, Serialize)]
pub struct Line {
    pub id: String,
    /// Begins the credential.
    pub prefix: String,
    pub name: String,
    pub state: State,
    pub role: Role,
    pub read_only: bool,
    /// Null, both of them: bound to nothing.
    pub workspaces: Option<BTreeSet<WorkspaceId>>,
    pub subtrees: Option<BTreeSet<WorkspaceId>>,
    /// Null: all.
    pub toolsets: Option<BTreeSet<Toolset>>,
    /// Null: never.
    pub expires: Option<DateTime<Utc>>,
    pub own_workspace: Option<WorkspaceId>,
    pub person: Option<Person>,
    pub parent: Option<String>,
    pub creator: String,
    pub created: DateTime<Utc>,
    pub revoked: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    pub last_used: Option<String>,
    /// Calls by tool, allowed or not.
    pub calls: BTreeMap<String, u64>,
}

impl Grants {
    /// The newest first. For the holder of a grant: those that were issued under it.
    pub async fn list(&self, by: &By, now: DateTime<Utc>) -> Result<Vec<Line>, Failure> {
        self.ready().await?;
        let by = by.clone();
        self.0
            .read(move |state| {
                let mut uses = uses(state)?;
                Ok(Row::all(state, by.above())?.into_iter().map(|row| line(row, &mut uses, now)).collect())
            })
            .await
    }

    /// Counts a call of a tool that there is; nobody waits for it.
    pub fn used(&self, caller: &Caller, tool: &'static str, now: DateTime<Utc>) {
        const SQL: &str = "INSERT INTO grant_uses (grant_id, tool, calls, last) VALUES (?1, ?2, 1, ?3)
            ON CONFLICT (grant_id, tool) DO UPDATE SET calls = grant_uses.calls + 1, last = excluded.last";
        let Some(grant) = caller.issued_grant() else { return };
        let id = grant.id.clone();
        self.0
            .write_later(Box::new(move |state| state.prepare_cached(SQL)?.execute((id, tool, stamp(now))).map(|_| ())));
    }
}

#[derive(Default)]
struct Uses {
    last: Option<String>,
    calls: BTreeMap<String, u64>,
}

fn uses(state: &Connection) -> rusqlite::Result<BTreeMap<String, Uses>> {
    let mut all: BTreeMap<String, Uses> = BTreeMap::new();
    let mut found = state.prepare("SELECT grant_id, tool, calls, last FROM grant_uses")?;
    let mut rows = found.query([])?;
    while let Some(row) = rows.next()? {
        let uses = all.entry(row.get(0)?).or_default();
        let calls: i64 = row.get(2)?;
        uses.calls.insert(row.get(1)?, calls.unsigned_abs());
        uses.last = uses.last.take().max(Some(row.get(3)?));
    }
    Ok(all)
}

fn line(row: Row, uses: &mut BTreeMap<String, Uses>, now: DateTime<Utc>) -> Line {
    let Uses { last, calls } = uses.remove(&row.id).unwrap_or_default();
    let state = row.state(now);
    let terms = row.terms;
    let (workspaces, subtrees) = terms.binding.map(|bound| (bound.workspaces, bound.subtrees)).unzip();
    Line {
        id: row.id,
        prefix: row.prefix,
        name: row.name,
        state,
        role: terms.role,
        read_only: terms.read_only,
        workspaces,
        subtrees,
        toolsets: terms.toolsets,
        expires: row.expires,
        own_workspace: terms.own_workspace,
        person: terms.person,
        parent: row.parent,
        creator: row.creator,
        created: row.created,
        revoked: row.revoked,
        revoked_by: row.revoked_by,
        last_used: last,
        calls,
    }
}
