//! Grants as they stand in the table: a row each, never deleted, and the chain that a row has above it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, types::Type};
use serde::{Deserialize, Serialize};

use crate::journal::entry::{Person, stamp};
use crate::policy::binding::Binding;
use crate::policy::grant::Grant;
use crate::policy::role::Role;
use crate::tools::ids::WorkspaceId;
use crate::tools::toolset::Toolset;

/// Grants under grants under grants: so many, and no more.
pub(super) const DEEPEST: usize = 16;

/// What nothing is searched by. A field that this version doesn't know may narrow: it isn't passed over.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    pub role: Role,
    pub binding: Option<Binding>,
    pub toolsets: Option<BTreeSet<Toolset>>,
    pub read_only: bool,
    pub own_workspace: Option<WorkspaceId>,
    pub person: Option<Person>,
}

pub(super) struct Row {
    pub id: String,
    pub prefix: String,
    pub name: String,
    pub parent: Option<String>,
    pub creator: String,
    pub created: DateTime<Utc>,
    pub expires: Option<DateTime<Utc>>,
    pub revoked: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    pub terms: Terms,
}

/// Whether a grant is good for anything now. In order of weight: of a chain the heaviest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Live,
    Expired,
    Revoked,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A grant with those above it, and what they come to together.
#[derive(Clone, Debug)]
pub struct Known {
    pub grant: Arc<Grant>,
    pub state: State,
}

const COLUMNS: &str = "id, prefix, name, parent, creator, created, expires, revoked, revoked_by, terms";

impl Row {
    pub(super) fn state(&self, now: DateTime<Utc>) -> State {
        match (self.revoked, self.expires) {
            (Some(_), _) => State::Revoked,
            (None, Some(end)) if end <= now => State::Expired,
            _ => State::Live,
        }
    }

    fn under(self, parent: Option<Arc<Grant>>) -> Grant {
        Grant {
            id: self.id,
            name: self.name,
            role: self.terms.role,
            binding: self.terms.binding,
            toolsets: self.terms.toolsets,
            expires: self.expires,
            read_only: self.terms.read_only,
            own_workspace: self.terms.own_workspace,
            person: self.terms.person,
            parent,
        }
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let terms: String = row.get(9)?;
        Ok(Self {
            id: row.get(0)?,
            prefix: row.get(1)?,
            name: row.get(2)?,
            parent: row.get(3)?,
            creator: row.get(4)?,
            created: moment(&row.get::<_, String>(5)?, 5)?,
            expires: row.get::<_, Option<String>>(6)?.map(|text| moment(&text, 6)).transpose()?,
            revoked: row.get::<_, Option<String>>(7)?.map(|text| moment(&text, 7)).transpose()?,
            revoked_by: row.get(8)?,
            terms: serde_json::from_str(&terms).map_err(|error| unreadable(9, error))?,
        })
    }

    pub(super) fn by_id(connection: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE id = ?1");
        connection.prepare_cached(&sql)?.query_row([id], Self::read).optional()
    }

    pub(super) fn by_digest(connection: &Connection, digest: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE digest = ?1");
        connection.prepare_cached(&sql)?.query_row([digest], Self::read).optional()
    }

    /// All there ever were, or those issued under one of them; the newest first.
    pub(super) fn all(connection: &Connection, above: Option<&str>) -> rusqlite::Result<Vec<Self>> {
        let sql = format!(
            "WITH RECURSIVE wanted (id) AS (
                SELECT grants.id FROM grants WHERE ?1 IS NULL OR grants.parent = ?1
                UNION SELECT grants.id FROM grants JOIN wanted ON grants.parent = wanted.id)
            SELECT {COLUMNS} FROM grants WHERE id IN (SELECT id FROM wanted) ORDER BY created DESC, id DESC"
        );
        connection.prepare(&sql)?.query_map([above], Self::read)?.collect()
    }

    pub(super) fn insert(&self, connection: &Connection, digest: &str) -> rusqlite::Result<()> {
        let sql = "INSERT INTO grants (digest, id, prefix, name, parent, creator, created, expires, terms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let terms = serde_json::to_string(&self.terms).unwrap_or_default();
        let (created, expires) = (stamp(self.created), self.expires.map(stamp));
        let values = (digest, &self.id, &self.prefix, &self.name, &self.parent, &self.creator, created, expires, terms);
        connection.execute(sql, values).map(|_| ())
    }

    /// With those above it. Where one of them can't be found nobody knows what it took away: that is as if
    /// it had been revoked.
    pub(super) fn known(self, connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Known> {
        self.known_at(1, connection, now)
    }

    fn known_at(self, depth: usize, connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Known> {
        let state = self.state(now);
        let Some(parent) = &self.parent else {
            return Ok(Known { grant: Arc::new(self.under(None)), state });
        };
        let above = Self::by_id(connection, parent)?.filter(|_| depth < DEEPEST);
        let above = above.map(|row| row.known_at(depth + 1, connection, now)).transpose()?;
        let state = above.as_ref().map_or(State::Revoked, |above| state.max(above.state));
        Ok(Known { grant: Arc::new(self.under(above.map(|above| above.grant))), state })
    }
}

fn moment(text: &str, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
