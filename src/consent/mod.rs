//! A person's yes to what destroys or gives power, bound to one call: who asks, which tool, exactly which
//! arguments, at which tenant, and what was there when the person looked. It holds for ten minutes and
//! works once.
//!
//! `dispatch` asks for it between the policy's decision and the intent. Questions and answers stand in the
//! store, so that whoever answers may be another process: a terminal, for one.

pub mod agreer;
pub mod asks;
pub mod form;
pub mod observe;
pub mod operator;
pub mod preview;
pub mod seal;
mod table;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

pub use agreer::Agreer;
pub use asks::{Asks, Person, Said};

use crate::failure::Failure;
use crate::journal::entry::Agreement;
use crate::store::{Durability, Store};
use preview::{Preview, Seen};
use seal::Seal;

/// How long a question waits, and how long a yes holds.
pub const HOLDS: TimeDelta = TimeDelta::minutes(10);
/// Times that a name may be typed.
const TRIES: u32 = 2;

/// The call that a yes is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    pub tenant: String,
    /// `Caller::identity`.
    pub caller: String,
    pub tool: String,
    /// Digest of the arguments.
    pub arguments: String,
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: String,
    pub bond: Bond,
    /// The asker's grant and those above it.
    pub grants: Vec<String>,
    /// The ids among the arguments.
    pub targets: BTreeMap<String, String>,
    /// What is shown: the state that was seen, and the arguments.
    pub preview: Preview,
    pub asked: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Where a question stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Agreed(Agreement),
    Refused,
    /// It was used, or what was seen is no longer so.
    Spent,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Agreed,
    Refused,
    /// There is another try.
    WrongName,
    /// Nothing waits under this id: it was answered already, is over, or never was.
    NotWaiting,
}

/// The questions and answers of all processes that share the store.
#[derive(Clone)]
pub struct Consents(Store);

impl Consents {
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// A question for a person. The same one, if it waits already.
    pub async fn ask(
        &self,
        bond: Bond,
        grants: Vec<String>,
        targets: BTreeMap<String, String>,
        preview: Preview,
        now: DateTime<Utc>,
    ) -> Result<Question, Failure> {
        let question =
            Question { id: table::new_id()?, bond, grants, targets, preview, asked: now, until: now + HOLDS };
        self.0.change(Durability::Written, move |connection| table::put(connection, question)).await
    }

    /// The newest of these questions that isn't over.
    pub async fn find(&self, bond: &Bond, now: DateTime<Utc>) -> Result<Option<(Question, Standing)>, Failure> {
        let bond = bond.clone();
        self.0.change(Durability::Written, move |connection| table::find(connection, &bond, now)).await
    }

    pub async fn get(&self, id: &str, now: DateTime<Utc>) -> Result<Option<(Question, Standing)>, Failure> {
        let id = id.to_ascii_uppercase();
        self.0.change(Durability::Written, move |connection| table::get(connection, &id, now)).await
    }

    /// What waits for a person, oldest first.
    pub async fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<Question>, Failure> {
        self.0.change(Durability::Written, move |connection| table::waiting(connection, now)).await
    }

    /// A person's answer, if this person may give one.
    pub async fn answer(
        &self,
        question: &Question,
        said: &Said,
        agreer: &Agreer,
        now: DateTime<Utc>,
    ) -> Result<Answered, Failure> {
        agreer.may_answer(&question.grants)?;
        let id = question.id.clone();
        let agreement = Agreement { id: id.clone(), way: agreer.way().as_str().to_owned(), by: agreer.to_string() };
        let given = match said {
            Said::Nothing => return Ok(Answered::NotWaiting),
            Said::No => None,
            Said::Yes => Some(question.preview.name.is_none()),
            Said::Named(typed) => Some(question.preview.is_named(typed)),
        };
        self.0
            .change(Durability::Written, move |connection| match given {
                Some(true) => table::agree(connection, &agreement, now),
                Some(false) => table::mistype(connection, &agreement, now),
                None => table::refuse(connection, &agreement, now),
            })
            .await
    }

    /// Uses an agreement up, for exactly this call and this state. False: somebody else did, or it is over.
    pub async fn consume(&self, id: &str, bond: &Bond, seen: &Seen, now: DateTime<Utc>) -> Result<bool, Failure> {
        let (id, bond, seen) = (id.to_owned(), bond.clone(), seen.clone());
        self.0.change(Durability::Written, move |connection| table::consume(connection, &id, &bond, &seen, now)).await
    }

    /// Nobody's yes to what was there is a yes to what is there now.
    pub async fn spend(&self, id: &str) -> Result<(), Failure> {
        let id = id.to_owned();
        self.0.change(Durability::Written, move |connection| table::spend(connection, &id)).await
    }

    /// Kept with the questions, so that whoever can look one up understands what a client carries to it: also after
    /// the org key was replaced.
    pub async fn seal(&self) -> Result<Seal, Failure> {
        let fresh = Seal::fresh()?;
        self.0.change(Durability::Written, move |connection| table::seal(connection, fresh)).await
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0
    }
}
