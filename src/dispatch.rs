//! The road. Every door's call comes through here: the tool is found and its arguments are checked,
//! policy decides, a person agrees where one has to, the intent is written down, the tool runs, the outcome
//! is written down.
//!
//! What has set out is finished: a caller who goes away cancels the requests and loses the answer, but
//! the outcome is recorded all the same.

mod admit;
mod carry;
mod consent;
mod finish;
mod hearing;
mod itself;
mod keys;
mod once;
mod record;
mod shape;
mod veil;
mod whole;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use self::hearing::Shown;
pub use crate::progress::{Progress, Step};
pub use crate::tools::catalogue::Listed;

use crate::backend::Client;
use crate::consent::form::Form;
use crate::consent::{Asks, observe};
use crate::failure::{Code, Failure};
use crate::pace;
use crate::repeats::{Before, Repeats};
use crate::store::Store;
use crate::tools::beside::{Beside, Link};
use crate::tools::catalogue::Entry;
use crate::tools::fleet;
use crate::tools::invocation::{Extent, Invocation, Server};
use crate::tools::surface::{Through, Way};
use crate::tools::toolset::Toolset;
use crate::transport::caller::Caller;
use admit::Asked;
use carry::set_out;
use consent::Petition;
use finish::Finish;
use record::Record;

/// A request at one of the doors.
pub struct Call {
    pub caller: Caller,
    pub tool: String,
    pub arguments: Map<String, Value>,
    pub progress: Progress,
    /// How a person is asked, where one has to agree.
    pub asks: Asks,
    pub cancel: CancellationToken,
}

/// What a finished call gives back: one JSON object.
#[derive(Debug)]
pub struct Answer {
    pub invocation: Uuid,
    pub content: Value,
    /// Some of it comes from the tenant: data, whatever it says.
    pub untrusted: bool,
    /// The invocation whose answer this is, where it was made before.
    pub repeats: Option<Uuid>,
    /// Resources that it names.
    pub links: Vec<Link>,
    /// Of a file that it describes, which isn't text.
    pub bytes: Option<Bytes>,
}

/// Why it gives nothing back.
#[derive(Debug)]
pub struct Refusal {
    pub invocation: Uuid,
    pub failure: Failure,
    /// What a person has to be shown before the call is made again.
    pub form: Option<Box<Form>>,
}

/// Why a call ends early.
struct Stop {
    failure: Failure,
    form: Option<Box<Form>>,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self { failure, form: None }
    }
}

pub struct Dispatch {
    server: Arc<Server>,
    client: Client,
    books: Books,
    callers: pace::Callers,
    running: TaskTracker,
    closing: CancellationToken,
}

/// What is counted and remembered across calls and processes.
#[derive(Clone)]
pub struct Books {
    pub repeats: Repeats,
    pub minted: pace::Minted,
}

impl Books {
    pub fn new(store: &Store) -> Self {
        Self { repeats: Repeats::new(store.clone()), minted: pace::Minted::new(store.clone()) }
    }
}

impl Dispatch {
    pub fn new(server: Arc<Server>, client: Client, books: Books) -> Self {
        let (running, closing) = (TaskTracker::new(), CancellationToken::new());
        Self { server, client, books, callers: pace::Callers::default(), running, closing }
    }

    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The tools that this caller may use, always in the same order.
    pub fn list(&self, caller: &Caller) -> Vec<&Listed> {
        let (rules, now) = (self.server.policy.now(), Utc::now());
        let mut caller = caller.clone();
        if self.server.grants.renew(&mut caller, now).is_err() {
            return Vec::new();
        }
        let entries = self.server.catalogue.entries().iter();
        let shown = |entry: &&Entry| self.server.surface.shows(entry) && rules.lists(&caller, entry, now);
        entries.filter(shown).map(Entry::listed).collect()
    }

    /// What this caller may use, listed or not.
    pub fn may<'a>(&'a self, caller: &Caller) -> impl Fn(&str) -> bool + use<'a> {
        let (rules, now) = (self.server.policy.now(), Utc::now());
        let mut caller = caller.clone();
        let known = self.server.grants.renew(&mut caller, now).is_ok();
        move |tool| {
            let entry = self.server.catalogue.find(tool);
            known && entry.is_some_and(|entry| rules.lists(&caller, entry, now))
        }
    }

    /// Whether a caller is let near this tool, though the surface may not show it.
    pub fn allows(&self, caller: &Caller, tool: &str) -> bool {
        self.may(caller)(tool)
    }

    pub fn instructions(&self) -> &'static str {
        self.server.surface.instructions()
    }

    pub async fn call(&self, call: Call) -> Result<Answer, Refusal> {
        let invocation = Uuid::now_v7();
        self.travel(invocation, call, Extent::Page).await.map_err(|Stop { failure, form }| Refusal {
            invocation,
            failure,
            form,
        })
    }

    async fn travel(&self, id: Uuid, mut call: Call, extent: Extent) -> Result<Answer, Stop> {
        let begun = Instant::now();
        let way = self.open(&mut call);
        let way = self.server.grants.renew(&mut call.caller, Utc::now()).and(way);
        let way = self.recall(&mut call).await.and(way);
        let rules = self.server.policy.now();
        let mut record = Record::new(id, &call, &self.server, &rules);
        let asked = Asked { id, rules: &rules, caller: &call.caller, cancel: &call.cancel, now: Utc::now() };
        let admitted = self.admit(&asked, &call.tool, call.arguments, way, &mut record).await;
        let admitted = match admitted {
            Ok(admitted) => self.earlier(&admitted, asked.now).await.map(|earlier| (earlier, admitted)),
            Err(failure) => Err(failure),
        };
        let (earlier, mut admitted) = match admitted {
            Ok(both) => both,
            Err(failure) => {
                // A call that never set out is written down too; nobody waits for that.
                self.server.journal.note(record.intent(), record.outcome_of_refusal(&failure));
                return Err(failure.into());
            }
        };
        let petition = admitted.arguments.take().map(|arguments| Petition {
            server: Arc::clone(&self.server),
            rules: Arc::clone(&rules),
            tenant: self.client.invocation(id, observe::ROUTES, call.cancel.clone()),
            caller: call.caller.clone(),
            tree: admitted.tree.clone(),
            asks: call.asks,
            tool: admitted.entry,
            effect: admitted.effect,
            arguments,
            digest: record.arguments().to_owned(),
            targets: record.targets().clone(),
            cancel: call.cancel.clone(),
            closing: self.closing.clone(),
            saw: None,
        });
        let untrusted = !admitted.routes.is_empty();
        let unclear_since = match earlier {
            Before::Done { invocation: first, answer } => {
                self.server.journal.note(record.intent(), record.outcome_of_repeat(&first));
                return Ok(Answer {
                    invocation: id,
                    content: answer,
                    untrusted,
                    repeats: first.parse().ok(),
                    links: vec![],
                    bytes: None,
                });
            }
            Before::Unclear { since } => Some(since),
            _ => None,
        };
        let beside = Beside::default();
        let invocation = Invocation {
            id,
            tool: admitted.entry,
            tenant: self.client.invocation(id, admitted.routes, call.cancel),
            progress: call.progress,
            caller: call.caller,
            made: OnceLock::new(),
            revoked: Mutex::default(),
            capsule: OnceLock::new(),
            beside: beside.clone(),
            now: Utc::now(),
            extent,
            seen: None,
            unclear_since,
            tree: std::mem::take(&mut admitted.tree),
            rules,
            server: Arc::clone(&self.server),
        };
        let call = set_out(invocation, admitted, petition, record, self.books.clone(), begun);
        let call = self.running.track_future(call);
        let content = Finish::new(call).await?;
        let (links, bytes, quoted) = beside.taken();
        Ok(Answer { invocation: id, content, untrusted: untrusted || quoted, repeats: None, links, bytes })
    }

    /// A call that carries another becomes that one, and which way it came is kept.
    fn open(&self, call: &mut Call) -> Result<Option<Way>, Failure> {
        let Some(outer) = self.server.catalogue.find(&call.tool) else { return Ok(None) };
        let Some(way) = outer.tool.calls else { return Ok(None) };
        let (tool, arguments) = Through::open(&outer.tool, std::mem::take(&mut call.arguments))?;
        (call.tool, call.arguments) = (tool, arguments);
        Ok(Some(way))
    }

    /// What an earlier call over many workspaces left is put where the arguments name that call.
    async fn recall(&self, call: &mut Call) -> Result<(), Failure> {
        match self.server.catalogue.find(&call.tool) {
            Some(entry) if entry.toolset == Toolset::Fleet => {
                fleet::recall(entry.tool.name, &mut call.arguments, call.caller.identity(), &self.server.fleets).await
            }
            _ => Ok(()),
        }
    }

    /// No new calls; those that run may finish until `deadline`. Then the journal is flushed.
    pub async fn drain(&self, deadline: Duration) {
        self.closing.cancel();
        self.server.events.end();
        self.running.close();
        if tokio::time::timeout(deadline, self.running.wait()).await.is_err() {
            tracing::warn!(running = self.running.len(), "calls were still running at the end");
        }
        if let Err(error) = self.server.journal.flush().await {
            tracing::warn!(%error, "the journal couldn't be flushed");
        }
    }

    /// Whether mutations can be taken on.
    pub fn ready(&self) -> Result<(), Failure> {
        if self.server.journal.healthy() {
            return Ok(());
        }
        Err(Failure::new(Code::JournalUnavailable, "the journal doesn't take entries"))
    }
}
