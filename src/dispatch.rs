//! The road. Every door's call comes through here: the tool is found and its arguments are checked,
//! policy decides, a person agrees where one has to, the intent is written down, the tool runs, the outcome
//! is written down.
//!
//! What has set out is finished: a caller who goes away cancels the requests and loses the answer, but
//! the outcome is recorded all the same.

mod consent;
mod finish;
mod once;
mod record;
mod shape;
mod veil;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use crate::progress::{Progress, Step};
pub use crate::tools::catalogue::Listed;

use crate::backend::{Client, Route};
use crate::consent::form::Form;
use crate::consent::seal::Seal;
use crate::consent::{Asks, observe};
use crate::failure::{Code, Failure};
use crate::journal::Journal;
use crate::journal::entry::{Intent, Outcome};
use crate::pace;
use crate::policy::binding::Tree;
use crate::policy::consent::Need;
use crate::policy::target::{Reach, Target};
use crate::policy::{self, Decision, Rule, Rules};
use crate::repeats::{Before, Once, Repeats};
use crate::store::Store;
use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::input;
use crate::tools::invocation::{Invocation, Server};
use crate::tools::surface::{Through, Way};
use crate::tools::tool::Prepared;
use crate::tools::workspaces;
use crate::transport::caller::Caller;
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

/// Arguments that fit and a caller who may: ready to be written down and done.
struct Admitted {
    entry: &'static str,
    effect: Effect,
    routes: &'static [Route],
    prepared: Prepared,
    once: Option<Once>,
    /// Org keys an hour, where it mints one.
    minting: Option<u32>,
    tree: Tree,
    /// Where a person has to agree: to these.
    arguments: Option<Map<String, Value>>,
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

    pub fn instructions(&self) -> &'static str {
        self.server.surface.instructions()
    }

    pub async fn call(&self, call: Call) -> Result<Answer, Refusal> {
        let invocation = Uuid::now_v7();
        self.travel(invocation, call).await.map_err(|Stop { failure, form }| Refusal { invocation, failure, form })
    }

    async fn travel(&self, id: Uuid, mut call: Call) -> Result<Answer, Stop> {
        let begun = Instant::now();
        let way = self.open(&mut call);
        let way = self.server.grants.renew(&mut call.caller, Utc::now()).and(way);
        let rules = self.server.policy.now();
        let mut record = Record::new(id, &call, &self.server, &rules);
        let asked = Asked { id, rules: &rules, caller: &call.caller, cancel: &call.cancel, now: Utc::now() };
        let mut admitted = match self.admit(&asked, &call.tool, call.arguments, way, &mut record).await {
            Ok(admitted) => admitted,
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
            seal: Seal::new(self.client.derived_secret("consent")),
            caller: call.caller.clone(),
            asks: call.asks,
            tool: admitted.entry,
            effect: admitted.effect,
            arguments,
            digest: record.arguments().to_owned(),
            targets: record.targets().clone(),
            cancel: call.cancel.clone(),
            closing: self.closing.clone(),
        });
        let untrusted = !admitted.routes.is_empty();
        let earlier = match self.earlier(&admitted, asked.now) {
            Ok(earlier) => earlier,
            Err(failure) => {
                self.server.journal.note(record.intent(), record.outcome_of_refusal(&failure));
                return Err(failure.into());
            }
        };
        let unclear_since = match earlier {
            Before::Done { invocation: first, answer } => {
                self.server.journal.note(record.intent(), record.outcome_of_repeat(&first));
                return Ok(Answer { invocation: id, content: answer, untrusted, repeats: first.parse().ok() });
            }
            Before::Unclear { since } => Some(since),
            _ => None,
        };
        let invocation = Invocation {
            id,
            tenant: self.client.invocation(id, admitted.routes, call.cancel),
            progress: call.progress,
            caller: call.caller,
            made: OnceLock::new(),
            now: Utc::now(),
            seen: None,
            unclear_since,
            tree: std::mem::take(&mut admitted.tree),
            rules,
            server: Arc::clone(&self.server),
        };
        let call = set_out(invocation, admitted, petition, record, self.books.clone(), begun);
        let call = self.running.track_future(call);
        let content = Finish::new(call).await?;
        Ok(Answer { invocation: id, content, untrusted, repeats: None })
    }

    /// What is known of its idempotency key.
    fn earlier(&self, admitted: &Admitted, now: DateTime<Utc>) -> Result<Before, Failure> {
        let Some(once) = &admitted.once else { return Ok(Before::Nothing) };
        let before = self.books.repeats.before(once, now)?;
        once::refused(&before).map_or(Ok(before), Err)
    }

    /// A call that carries another becomes that one, and which way it came is kept.
    fn open(&self, call: &mut Call) -> Result<Option<Way>, Failure> {
        let Some(outer) = self.server.catalogue.find(&call.tool) else { return Ok(None) };
        let Some(way) = outer.tool.calls else { return Ok(None) };
        let (tool, arguments) = Through::open(&outer.tool, std::mem::take(&mut call.arguments))?;
        (call.tool, call.arguments) = (tool, arguments);
        Ok(Some(way))
    }

    /// Finds the tool, checks the arguments, asks policy. Whatever is known goes into the record.
    async fn admit(
        &self,
        asked: &Asked<'_>,
        name: &str,
        mut arguments: Map<String, Value>,
        way: Result<Option<Way>, Failure>,
        record: &mut Record,
    ) -> Result<Admitted, Failure> {
        if self.closing.is_cancelled() {
            return Err(Failure::new(Code::Cancelled, "this server is shutting down").next("Call again in a moment."));
        }
        let Some(entry) = self.server.catalogue.find(name) else {
            return Err(self.unknown_tool(name));
        };
        record.tool(entry, &arguments);
        let way = way?;
        self.server.grants.used(asked.caller, entry.tool.name, asked.now);
        // Before the arguments are looked at: what is hidden is refused whatever they are.
        asked.permit(entry, entry.tool.least, None, record)?;
        let named = (asked.has_limits_of_place() || !entry.tool.most.is_read()).then(|| arguments.clone());
        let misfit = Decision::Refused(Rule::Arguments);
        let once = once::take(&entry.tool, &mut arguments, asked.caller, &self.server.tenant)
            .inspect_err(|_| record.decided(misfit, entry.tool.least))?;
        let prepared = entry.tool.prepare(arguments).inspect_err(|_| record.decided(misfit, entry.tool.least))?;
        record.arguments_fit();
        let effect = prepared.effect.unwrap_or(entry.tool.least);
        if let Some(way) = way {
            way.admits(&entry.tool, effect).inspect_err(|_| record.decided(misfit, effect))?;
        }
        let reach = prepared.reach.unwrap_or(entry.tool.reach);
        let tree = self.tree(asked, entry, reach).await?;
        let target = Target::of(reach, named.as_ref().unwrap_or(&Map::new()), &tree);
        asked.permit(entry, effect, Some(&target), record)?;
        self.keep_pace(asked, effect)?;
        let minting = asked.rules.limits.minting.filter(|_| entry.tool.gives_everything);
        let need = asked.rules.consent.need(asked.rules.role(asked.caller), entry.tool.name, effect);
        let arguments = (need == Need::Person).then(|| named.unwrap_or_default());
        let (routes, entry) = (entry.tool.routes, entry.tool.name);
        Ok(Admitted { entry, effect, routes, prepared, once, minting, tree, arguments })
    }

    /// What a caller may do as such, it may do so often.
    fn keep_pace(&self, asked: &Asked<'_>, effect: Effect) -> Result<(), Failure> {
        let limits = &asked.rules.limits;
        self.client.allow(limits.tenant);
        let taken = self.callers.take(asked.caller.identity(), effect, limits.at(effect), Instant::now());
        taken.map_err(|wait| {
            let most = limits.at(effect).unwrap_or_default();
            let message = format!("more than {most} calls to `{}` within a minute", effect.as_str());
            Failure::new(Code::RateLimited, message).retry_after(wait)
        })
    }

    /// Who stands below whom, as the tenant has it now: what moved a moment ago counts. Empty where
    /// nothing depends on it.
    async fn tree(&self, asked: &Asked<'_>, entry: &Entry, reach: Reach) -> Result<Tree, Failure> {
        const ROUTES: &[Route] = &[workspaces::LIST];
        let bound = asked.caller.is_bound() && !matches!(reach, Reach::Common | Reach::Organisation);
        let below = entry.tool.not_to_oneself && reach == Reach::NamedAndBelow;
        if !(bound || below && asked.has_limits_of_place()) {
            return Ok(Tree::default());
        }
        workspaces::fetch_tree(&self.client.invocation(asked.id, ROUTES, asked.cancel.clone())).await
    }

    fn unknown_tool(&self, name: &str) -> Failure {
        let next = match self.server.catalogue.nearest(name) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "List the tools and use one of their names.".to_owned(),
        };
        Failure::invalid(format!("there is no tool {}", input::shown(name))).next(next)
    }

    /// No new calls; those that run may finish until `deadline`. Then the journal is flushed.
    pub async fn drain(&self, deadline: Duration) {
        self.closing.cancel();
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

/// Nothing is done before a person agreed, where one has to, and the intent is written down.
async fn set_out(
    mut invocation: Invocation,
    admitted: Admitted,
    petition: Option<Petition>,
    mut record: Record,
    books: Books,
    begun: Instant,
) -> Result<Value, Stop> {
    let server = Arc::clone(&invocation.server);
    let journal = &server.journal;
    if let Some(petition) = petition {
        let looked = petition.tenant.clone();
        let settled = petition.settle().await;
        record.looked(&looked);
        match settled {
            Ok(agreement) => record.agreed(agreement),
            Err(stop) => {
                if matches!(stop.failure.code(), Code::ConsentRequired | Code::ConsentInvalid) {
                    record.decided(Decision::Refused(Rule::Consent), admitted.effect);
                }
                journal.note(record.intent(), record.outcome_of_refusal(&stop.failure));
                return Err(stop);
            }
        }
    }
    match ready(&mut invocation, &admitted, &books).await {
        Ok(()) => record.seen(invocation.seen.clone()),
        Err(failure) => {
            journal.note(record.intent(), record.outcome_of_refusal(&failure));
            return Err(failure.into());
        }
    }
    if let Err(failure) = intend(journal, record.intent(), &invocation, admitted.once.clone()).await {
        // It may get there late, and must not look as if something were under way.
        journal.conclude_later(record.outcome_of_refusal(&failure));
        return Err(failure.into());
    }
    Ok(carry_out(invocation, admitted, record, begun).await?)
}

/// The last that can be found out without leaving a trace.
async fn ready(invocation: &mut Invocation, admitted: &Admitted, books: &Books) -> Result<(), Failure> {
    invocation.seen = admitted.prepared.look(invocation).await?;
    let Some(most) = admitted.minting else { return Ok(()) };
    let taken = books.minted.take(&invocation.server.tenant, most, invocation.now).await?;
    taken.map_err(|wait| {
        Failure::new(Code::RateLimited, format!("{most} org keys were minted within the last hour")).retry_after(wait)
    })
}

/// With the idempotency key taken in the same moment, where there is one.
async fn intend(journal: &Journal, intent: Intent, invocation: &Invocation, once: Option<Once>) -> Result<(), Failure> {
    let Some(once) = once else { return journal.intend(intent).await };
    let (id, now) = (invocation.id, invocation.now);
    let ours = journal.intend_with(intent, move |connection| once.claim(id, now, connection)).await?;
    if ours { Ok(()) } else { Err(once::overtaken()) }
}

async fn carry_out(
    invocation: Invocation,
    admitted: Admitted,
    record: Record,
    begun: Instant,
) -> Result<Value, Failure> {
    let ran = AssertUnwindSafe(admitted.prepared.run(&invocation)).catch_unwind().await;
    let result = ran.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "the tool broke off")));
    let result = result.and_then(shape::shaped).map_err(shape::told);
    // What was done before a failure is part of what the failure must say.
    let result = result.map_err(|failure| failure.after(invocation.tenant.changed()));
    let result = invocation.tenant.without_key(veil::over(result, &invocation));
    let mut outcome = record.outcome(&result, &invocation.tenant, begun.elapsed());
    outcome.detail.made = invocation.made.get().cloned();
    log(admitted.entry, admitted.effect, &invocation, &result);
    if let Err(error) = conclude(&invocation, outcome, admitted.once, &result).await {
        tracing::error!(%error, invocation = %invocation.id, "an outcome isn't in the journal");
    }
    result
}

/// With what the idempotency key stands for now, where there is one.
async fn conclude(
    invocation: &Invocation,
    outcome: Outcome,
    once: Option<Once>,
    result: &Result<Value, Failure>,
) -> Result<(), Failure> {
    let journal = &invocation.server.journal;
    let Some(once) = once else { return journal.conclude(outcome).await };
    let (id, end) = (invocation.id, once::end(result));
    journal.conclude_with(outcome, move |connection| once.settle(id, &end, connection)).await
}

fn log(tool: &str, effect: Effect, invocation: &Invocation, result: &Result<Value, Failure>) {
    let (code, detail) = match result {
        Ok(_) => ("done", None),
        Err(failure) => (failure.code().as_str(), failure.for_operator()),
    };
    tracing::info!(
        invocation = %invocation.id,
        key_prefix = %invocation.server.key_tag,
        door = invocation.caller.door.as_str(),
        tool,
        effect = effect.as_str(),
        code,
        detail,
        "call"
    );
}

/// Who asks, and under which rules.
struct Asked<'a> {
    id: Uuid,
    rules: &'a Rules,
    caller: &'a Caller,
    cancel: &'a CancellationToken,
    now: DateTime<Utc>,
}

impl Asked<'_> {
    fn permit(
        &self,
        entry: &Entry,
        effect: Effect,
        target: Option<&Target>,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let decision = self.rules.decide(self.caller, entry, effect, target, self.now);
        record.decided(decision, effect);
        match decision {
            Decision::Allowed(_) => Ok(()),
            Decision::Refused(rule) => Err(policy::refused(rule, entry, self.rules.role(self.caller), effect)),
        }
    }

    /// Whether it matters which workspaces the call is about.
    fn has_limits_of_place(&self) -> bool {
        self.caller.grants().any(|grant| grant.binding.is_some() || grant.own_workspace.is_some())
    }
}
