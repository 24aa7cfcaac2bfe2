//! Jobs: calls that go on after their first answer. A row from the moment an id is given out; whoever made the call
//! asks for it by that id, also another process and after a restart. The road (`dispatch/job.rs`) runs them; tasks of
//! the protocol and the job tools read them.

mod ended;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use ended::Ended;

use crate::failure::{Code, Failure};
use crate::journal::Journal;
use crate::seats::{Seat, Seats};
use crate::store::{Durability, Store};

/// How long a job can be asked for, from its beginning.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// Of one caller, in one process.
pub const AT_ONCE: usize = 50;
/// How often somebody who waits for another process's job looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Of all processes on a data directory, for one tenant.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    tenant: Arc<str>,
    journal: Journal,
    /// Those that this process runs.
    here: Arc<Mutex<HashMap<String, Here>>>,
    seats: Arc<Seats>,
}

#[derive(Clone)]
struct Here {
    cancel: CancellationToken,
    ended: CancellationToken,
}

/// What a job is about.
pub struct Seed {
    pub caller: String,
    pub tool: &'static str,
    pub invocation: Uuid,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub tool: String,
    pub invocation: String,
    /// Its last step, as the tool told it.
    pub message: Option<String>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// None while it runs.
    pub ended: Option<Ended>,
}

impl Job {
    pub fn status(&self) -> &'static str {
        self.ended.as_ref().map_or("working", Ended::status)
    }
}

impl Jobs {
    pub fn new(store: Store, tenant: &str, journal: Journal) -> Self {
        Self { store, tenant: tenant.into(), journal, here: Arc::default(), seats: Seats::new(AT_ONCE) }
    }

    /// A place for one more of this caller's, for as long as it is held; none where it has as many as anybody may.
    pub fn seat(&self, caller: &str) -> Option<Seat> {
        self.seats.take(caller)
    }

    /// Once this returns it can be asked for. `cancel` ends the call.
    pub async fn begin(&self, seed: &Seed, cancel: CancellationToken, now: DateTime<Utc>) -> Result<Job, Failure> {
        let job = Job {
            id: new_id()?,
            tool: seed.tool.to_owned(),
            invocation: seed.invocation.to_string(),
            message: None,
            created: now,
            updated: now,
            until: now + KEPT,
            ended: None,
        };
        let (tenant, row, caller) = (Arc::clone(&self.tenant), job.clone(), seed.caller.clone());
        let insert = move |connection: &rusqlite::Connection| table::insert(connection, &tenant, &caller, &row);
        self.store.change(Durability::Written, insert).await?;
        self.here().insert(job.id.clone(), Here { cancel, ended: CancellationToken::new() });
        Ok(job)
    }

    /// Its newest step; nobody waits for that to be written.
    pub fn told(&self, id: &str, message: String) {
        let id = id.to_owned();
        self.store.write_later(Box::new(move |change| table::told(change, &id, &message, Utc::now())));
    }

    /// Whether somebody wants it cancelled, perhaps through another process.
    pub fn is_unwanted(&self, id: &str) -> bool {
        self.store.look(|connection| table::is_unwanted(connection, id)).unwrap_or(false)
    }

    /// However it ended: once, whoever says so again.
    pub async fn end(&self, id: &str, ended: Ended) -> Result<(), Failure> {
        let (row, text) = (id.to_owned(), ended.text());
        let change = move |connection: &rusqlite::Connection| table::end(connection, &row, &text, Utc::now());
        let here = self.here().remove(id);
        let written = self.store.change(Durability::Written, change).await;
        if let Some(here) = here {
            here.ended.cancel();
        }
        written
    }

    /// One of this caller's; none where there is none, or it is somebody else's.
    pub async fn get(&self, id: &str, caller: &str) -> Result<Option<Job>, Failure> {
        let found = self.look(id, caller).await?;
        match found {
            // Its process may have died since ours started.
            Some(job) if job.ended.is_none() && self.running(id).is_none() => {
                self.journal.close_what_died().await?;
                self.look(id, caller).await
            }
            found => Ok(found),
        }
    }

    async fn look(&self, id: &str, caller: &str) -> Result<Option<Job>, Failure> {
        let (tenant, id, caller) = (Arc::clone(&self.tenant), id.to_owned(), caller.to_owned());
        self.store.flush().await?;
        self.store.read(move |connection| table::get(connection, &tenant, &caller, &id, Utc::now())).await
    }

    /// The same, once it has ended or so much time is over.
    pub async fn ended(&self, id: &str, caller: &str, wait: Duration) -> Result<Option<Job>, Failure> {
        let until = Instant::now() + wait;
        loop {
            let found = self.get(id, caller).await?;
            if found.as_ref().is_none_or(|job| job.ended.is_some()) || Instant::now() >= until {
                return Ok(found);
            }
            match self.running(id) {
                Some(here) => tokio::select! {
                    () = here.ended.cancelled() => {}
                    () = sleep_until(until) => {}
                },
                None => sleep_until(until.min(Instant::now() + BETWEEN_LOOKS)).await,
            }
        }
    }

    /// This caller's, newest first.
    pub async fn list(&self, caller: &str) -> Result<Vec<Job>, Failure> {
        let (tenant, caller) = (Arc::clone(&self.tenant), caller.to_owned());
        self.journal.close_what_died().await?;
        self.store.read(move |connection| table::list(connection, &tenant, &caller, Utc::now())).await
    }

    /// What has set out is finished and recorded; whoever runs it hears of this within a second. None: there is no
    /// such job of this caller's.
    pub async fn cancel(&self, id: &str, caller: &str) -> Result<Option<Job>, Failure> {
        let Some(job) = self.get(id, caller).await? else { return Ok(None) };
        if job.ended.is_some() {
            return Ok(Some(job));
        }
        let row = id.to_owned();
        self.store.change(Durability::Written, move |connection| table::unwanted(connection, &row)).await?;
        if let Some(here) = self.running(id) {
            here.cancel.cancel();
        }
        Ok(Some(job))
    }

    /// Returns once this process runs none any more.
    pub async fn at_rest(&self) {
        loop {
            let Some(here) = self.here().values().next().cloned() else { return };
            here.ended.cancelled().await;
        }
    }

    /// All that this process runs, at its end; how many those are.
    pub fn cancel_all(&self) -> usize {
        let here = self.here();
        here.values().for_each(|here| here.cancel.cancel());
        here.len()
    }

    /// Those that nobody can ask for any more.
    pub async fn prune(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        self.store.change(Durability::Written, move |connection| table::prune(connection, now)).await
    }

    fn running(&self, id: &str) -> Option<Here> {
        self.here().get(id).cloned()
    }

    fn here(&self) -> MutexGuard<'_, HashMap<String, Here>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody guesses it.
fn new_id() -> Result<String, Failure> {
    let mut bytes = [0_u8; 18];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::Internal, "no random numbers").operator(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
