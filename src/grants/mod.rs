//! Grants: scoped credentials that we issue to callers, so that none of them holds the org key. Here they
//! are made, kept, recognised and revoked; what they allow is decided in `policy/`.
//!
//! A grant is looked up on every request, and read anew with those above it before every call: what was
//! revoked a moment ago, by whichever process, opens nothing.

pub mod credential;
mod issue;
mod list;
mod revoke;
mod table;
mod until;
mod wish;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use crate::failure::{Code, Failure};
use crate::policy::grant::Grant;
use crate::store::Store;
use crate::transport::caller::Caller;

pub use issue::Issued;
pub use list::Line;
pub use revoke::Revoked;
pub use table::{Known, State};
pub use until::Until;
pub use wish::Wish;

use table::Row;

#[derive(Clone)]
pub struct Grants(Store);

/// Who issues and revokes.
#[derive(Clone, Debug)]
pub enum By {
    /// The operator, by the name that their terminal knows.
    Terminal(String),
    /// Whoever holds this grant, and within it.
    Grant(Arc<Grant>),
}

impl By {
    fn signed(&self) -> String {
        match self {
            Self::Terminal(user) => format!("terminal:{user}"),
            Self::Grant(grant) => format!("grant:{}", grant.id),
        }
    }

    /// What is issued and revoked stands under this one.
    fn above(&self) -> Option<&str> {
        match self {
            Self::Terminal(_) => None,
            Self::Grant(grant) => Some(&grant.id),
        }
    }
}

/// Whose credential this is, by the rows of this state.
pub fn recognise(state: &Connection, presented: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Known>> {
    Row::by_digest(state, &credential::digest(presented))?.map(|row| row.known(state, now)).transpose()
}

impl Grants {
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Returns when the tables are there to be read.
    pub async fn ready(&self) -> Result<(), Failure> {
        self.0.flush().await
    }

    /// Whose credential this is, if it is one that we issued.
    pub fn recognise(&self, presented: &str, now: DateTime<Utc>) -> Result<Option<Known>, Failure> {
        if !credential::is_one(presented) {
            return Ok(None);
        }
        self.0.look(|state| recognise(state, presented, now))
    }

    /// The caller with its grant as it is now: it may have been revoked since the caller came.
    pub fn renew(&self, caller: &mut Caller, now: DateTime<Utc>) -> Result<(), Failure> {
        let Some(id) = caller.issued_grant().map(|grant| grant.id.clone()) else { return Ok(()) };
        let known = self.0.look(|state| Row::by_id(state, &id)?.map(|row| row.known(state, now)).transpose())?;
        match known.filter(|known| known.state != State::Revoked) {
            Some(known) => {
                caller.grant = Some(known.grant);
                Ok(())
            }
            None => {
                Err(Failure::new(Code::Unauthenticated, "this grant was revoked")
                    .next("Ask the operator for a new grant."))
            }
        }
    }

    /// The same for what goes on by itself, which no decision stops once a grant, or one above it, has expired.
    pub fn hold(&self, caller: &mut Caller, now: DateTime<Utc>) -> Result<(), Failure> {
        self.renew(caller, now)?;
        if caller.grants().any(|grant| grant.expires.is_some_and(|end| end <= now)) {
            return Err(
                Failure::new(Code::Unauthenticated, "this grant has expired").next("Ask the operator for a new grant.")
            );
        }
        Ok(())
    }
}
