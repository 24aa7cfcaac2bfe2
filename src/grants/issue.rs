//! Making a grant: the wish is settled and the name is looked for in the transaction that writes it, so
//! that no grant is issued under one that was revoked meanwhile, and no two live ones share a name.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use rusqlite::Connection;
use uuid::Uuid;

use super::table::{DEEPEST, Row, State, Terms};
use super::wish::Wish;
use super::{By, Grants, credential};
use crate::failure::{Code, Failure};
use crate::journal::entry::stamp;
use crate::policy::Rules;
use crate::policy::grant::Grant;
use crate::secrets::Credential;
use crate::store::Durability;

/// A new grant, and the only sight of its credential.
#[derive(Debug)]
pub struct Issued {
    pub grant: Arc<Grant>,
    pub prefix: String,
    pub credential: Credential,
}

impl Grants {
    pub async fn issue(&self, wish: Wish, by: By, rules: &Rules, now: DateTime<Utc>) -> Result<Issued, Failure> {
        let credential = credential::fresh()?;
        let (digest, prefix) = (credential::digest(credential.expose()), credential::prefix(&credential));
        // As exact as the table keeps it.
        let (rules, now, shown) = (rules.clone(), now.trunc_subsecs(6), prefix.clone());
        let write = move |state: &Connection| {
            let grant = match settle(state, wish, &by, &rules, now)? {
                Ok(grant) => grant,
                Err(refused) => return Ok(Err(refused)),
            };
            row(&grant, &by, shown, now).insert(state, &digest)?;
            Ok(Ok(grant))
        };
        let grant = self.0.change(Durability::Synced, write).await??;
        Ok(Issued { grant: Arc::new(grant), prefix, credential })
    }
}

fn settle(
    state: &Connection,
    wish: Wish,
    by: &By,
    rules: &Rules,
    now: DateTime<Utc>,
) -> rusqlite::Result<Result<Grant, Failure>> {
    if is_taken(state, &wish.name, now)? {
        return Ok(Err(Failure::new(Code::Conflict, format!("a live grant is called `{}` already", wish.name))
            .next("Choose another name, or revoke that one first.")));
    }
    let id = Uuid::now_v7().to_string();
    let By::Grant(held) = by else { return Ok(wish.settled(id, now)) };
    let above = Row::by_id(state, &held.id)?.map(|row| row.known(state, now)).transpose()?;
    Ok(match above.filter(|above| above.state == State::Live) {
        Some(above) if above.grant.chain().count() < DEEPEST => wish.settled_under(above.grant, rules, id, now),
        Some(_) => Err(Failure::new(Code::Conflict, format!("grants go {DEEPEST} deep and no deeper"))),
        None => Err(Failure::new(Code::Unauthenticated, "the grant that it should be issued under isn't live")
            .next("Ask the operator for a new grant.")),
    })
}

fn is_taken(state: &Connection, name: &str, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM grants WHERE name = ?1 AND revoked IS NULL AND (expires IS NULL OR expires > ?2)";
    state.prepare_cached(sql)?.exists((name, stamp(now)))
}

fn row(grant: &Grant, by: &By, prefix: String, now: DateTime<Utc>) -> Row {
    Row {
        id: grant.id.clone(),
        prefix,
        name: grant.name.clone(),
        parent: grant.parent.as_ref().map(|parent| parent.id.clone()),
        creator: by.signed(),
        created: now,
        expires: grant.expires,
        revoked: None,
        revoked_by: None,
        terms: Terms {
            role: grant.role,
            binding: grant.binding.clone(),
            toolsets: grant.toolsets.clone(),
            read_only: grant.read_only,
            own_workspace: grant.own_workspace.clone(),
            person: grant.person.clone(),
        },
    }
}
