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
mod job;
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
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use self::hearing::Shown;
pub use self::job::Came;
pub use crate::progress::{Progress, Step};
pub use crate::tools::catalogue::Listed;

use crate::backend::Client;
use crate::consent::form::Form;
use crate::consent::{Asks, observe};
use crate::failure::{Code, Failure};
use crate::jobs::{AT_ONCE, Seed};
use crate::pace;
use crate::policy::{self, Decision};
use crate::repeats::{Before, Repeats};
use crate::seats::Seat;
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
use job::{Book, Going, Leash, Ran, Wish};
use record::Record;

/// How long what is cancelled at the end may take to be written down.
const LAST_RECORDS: Duration = Duration::from_millis(500);

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

impl Answer {
    fn of(invocation: Uuid, content: Value, untrusted: bool) -> Self {
        Self { invocation, content, untrusted, repeats: None, links: Vec::new(), bytes: None }
    }
}

/// Why it gives nothing back.
#[derive(Debug)]
pub struct Refusal {
    pub invocation: Uuid,
    pub failure: Failure,
    /// What a person has to be shown before the call is made again.
    pub form: Option<Box<Form>>,
}

/// Which way a call came that another carried, and whether it shall go on as a job.
struct Opened {
    way: Option<Way>,
    as_job: bool,
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

    pub fn instructions(&self) -> &'static str {
        self.server.surface.instructions()
    }

    pub async fn call(&self, call: Call) -> Result<Answer, Refusal> {
        self.come_to(call, None).await.map(Came::answer)
    }

    /// The same, but that a call that takes longer than `patience`, and may, goes on as a job.
    pub async fn call_or_job(&self, call: Call, patience: Duration) -> Result<Came, Refusal> {
        self.come_to(call, Some(patience)).await
    }

    async fn come_to(&self, call: Call, patience: Option<Duration>) -> Result<Came, Refusal> {
        let invocation = Uuid::now_v7();
        let came = self.travel(invocation, call, Extent::Page, patience).await;
        came.map_err(|Stop { failure, form }| Refusal { invocation, failure, form })
    }

    async fn travel(&self, id: Uuid, mut call: Call, extent: Extent, patience: Option<Duration>) -> Result<Came, Stop> {
        let begun = Instant::now();
        let opened = self.open(&mut call);
        let opened = self.server.grants.renew(&mut call.caller, Utc::now()).and(opened);
        let opened = opened.and_then(|opened| Ok((opened.way, self.may_begin_jobs(&call.caller, &opened)?)));
        let (way, seat) = match self.recall(&mut call).await.and(opened) {
            Ok((way, seat)) => (Ok(way), seat),
            Err(failure) => (Err(failure), None),
        };
        let as_job = seat.is_some();
        let (wish, seat) = self.wish(&call, patience, seat);
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
        let untrusted = !admitted.routes.is_empty() || admitted.relays;
        let beside = Beside::default();
        let leash = seat.map(|seat| {
            let seed = Seed { caller: call.caller.identity(), tool: admitted.entry, invocation: id };
            let book = Book {
                jobs: self.server.jobs.clone(),
                grants: self.server.grants.clone(),
                caller: call.caller.clone(),
                seed,
                untrusted,
                beside: beside.clone(),
                effect: admitted.effect,
                _seat: seat,
            };
            Leash::on(&mut call.progress, &mut call.cancel, book)
        });
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
        let unclear_since = match earlier {
            Before::Done { invocation: first, answer } => {
                self.server.journal.note(record.intent(), record.outcome_of_repeat(&first));
                if let (Wish::Job, Some(leash)) = (wish, leash) {
                    return Ok(Came::Answered(Came::Goes(leash.book.repeated(answer).await?).answer()));
                }
                let repeats = first.parse().ok();
                return Ok(Came::Answered(Answer { repeats, ..Answer::of(id, answer, untrusted) }));
            }
            Before::Unclear { since } => Some(since),
            _ => None,
        };
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
        let (told, has_set_out) = oneshot::channel();
        let call = set_out(invocation, admitted, petition, record, self.books.clone(), begun, told);
        let call = Finish::new(self.running.track_future(call));
        let answer = |content| {
            let (links, bytes, quoted) = beside.taken();
            Came::Answered(Answer { links, bytes, ..Answer::of(id, content, untrusted || quoted) })
        };
        let Some(leash) = leash else { return call.await.map(answer) };
        let going = Going { call, leash, set_out: has_set_out, running: self.running.clone() };
        let patience = if let Wish::Within(patience) = wish { Some(patience) } else { None };
        Ok(match going.run(patience).await? {
            Ran::Content(content) => answer(content),
            Ran::Job(job) if as_job => Came::Answered(Came::Goes(job).answer()),
            Ran::Job(job) => Came::Goes(job),
        })
    }

    /// What somebody waits for, and the place that it takes among the caller's jobs.
    fn wish(&self, call: &Call, patience: Option<Duration>, job: Option<Seat>) -> (Wish, Option<Seat>) {
        if job.is_some() {
            return (Wish::Job, job);
        }
        let takes_long = || self.server.catalogue.find(&call.tool).is_some_and(|entry| entry.tool.long);
        let Some(patience) = patience.filter(|_| takes_long()) else { return (Wish::Answer, None) };
        match self.server.jobs.seat(&call.caller.identity()) {
            None => (Wish::Answer, None),
            seat => (Wish::Within(patience), seat),
        }
    }

    /// A call that carries another becomes that one, and which way it came is kept. What it carries may be a job's.
    fn open(&self, call: &mut Call) -> Result<Opened, Failure> {
        let first = self.unfold(call, |_| true)?;
        let second = match first {
            Some(Way::Job) | None => None,
            Some(_) => self.unfold(call, |way| way == Way::Job)?,
        };
        let as_job = first == Some(Way::Job) || second.is_some();
        // Whatever a job may be can be called as the worst that it can be.
        Ok(Opened { way: first.filter(|way| !as_job || matches!(way, Way::Read | Way::Write)), as_job })
    }

    fn unfold(&self, call: &mut Call, wanted: impl Fn(Way) -> bool) -> Result<Option<Way>, Failure> {
        let Some(outer) = self.server.catalogue.find(&call.tool) else { return Ok(None) };
        let Some(way) = outer.tool.calls.filter(|way| wanted(*way)) else { return Ok(None) };
        let (tool, arguments) = Through::open(&outer.tool, std::mem::take(&mut call.arguments))?;
        (call.tool, call.arguments) = (tool, arguments);
        Ok(Some(way))
    }

    /// What is hidden is also refused: the tool that begins a job may be switched off like any other.
    fn may_begin_jobs(&self, caller: &Caller, opened: &Opened) -> Result<Option<Seat>, Failure> {
        let Some(entry) = self.server.catalogue.find(Way::Job.tool()).filter(|_| opened.as_job) else {
            return Ok(None);
        };
        let rules = self.server.policy.now();
        match rules.decide(caller, entry, entry.tool.least, None, Utc::now()) {
            Decision::Allowed(_) => match self.server.jobs.seat(&caller.identity()) {
                None => Err(Failure::new(Code::RateLimited, format!("{AT_ONCE} jobs of yours are under way"))
                    .next("Wait for one with get_job, or cancel one.")),
                seat => Ok(seat),
            },
            Decision::Refused(rule) => Err(policy::refused(rule, entry, rules.role(caller), entry.tool.least)),
        }
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

    /// No new calls; those that run may finish until `deadline`. Jobs are cancelled then, so that what is known of them
    /// is written down. Then the journal is flushed.
    pub async fn drain(&self, deadline: Duration) {
        self.closing.cancel();
        self.server.events.end();
        self.running.close();
        let mut at_rest = timeout(deadline, self.running.wait()).await.is_ok();
        if self.server.jobs.cancel_all() > 0 {
            at_rest = timeout(LAST_RECORDS, self.running.wait()).await.is_ok();
        }
        if !at_rest {
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
