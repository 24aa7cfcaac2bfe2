//! What a tool does: its input type carries it out, and dispatch only sees that there is something to be
//! looked at, and run. `tool.rs` is the entry that it belongs to.

use std::future::{Future, ready};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::effect::Effect;
use super::input;
use super::invocation::Invocation;
use super::tool::Tool;
use crate::failure::{Changed, Code, Failure};
use crate::policy::target::Reach;

/// A tool that needs more than one request, or a look at the answer: its input type carries it out.
pub trait Act: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    type Answer: Serialize + JsonSchema + Send;

    /// What these arguments amount to, where that depends on them: between the entry's effect and
    /// its `up_to`.
    fn effect(&self) -> Option<Effect> {
        None
    }

    /// What is looked at before a person is asked and the intent is written down. What it gives back stands
    /// in the intent: an unclear outcome can then be told from what was there already.
    fn look(&self, _call: &Invocation) -> impl Future<Output = Result<Option<Value>, Failure>> + Send {
        ready(Ok(None))
    }

    /// An earlier call with these arguments was begun then, and nobody knows how it ended.
    fn made_before(
        &self,
        _call: &Invocation,
        _since: DateTime<Utc>,
    ) -> impl Future<Output = Result<Earlier<Self::Answer>, Failure>> + Send {
        ready(Ok(Earlier::CantTell(String::new())))
    }

    /// How far these arguments reach, where that is further than the entry says.
    fn reach(&self) -> Option<Reach> {
        None
    }

    fn act(self, call: &Invocation) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// What an earlier call of unknown outcome came to.
pub enum Earlier<T> {
    /// Nothing is there of it: it may be done now.
    Nothing,
    This(T),
    /// What was found, and what to do about it.
    CantTell(String),
}

/// What is done, once it may be.
trait Errand: Send + Sync {
    fn look<'a>(&'a self, _call: &'a Invocation) -> BoxFuture<'a, Result<Option<Value>, Failure>> {
        Box::pin(ready(Ok(None)))
    }

    fn run<'a>(self: Box<Self>, call: &'a Invocation) -> BoxFuture<'a, Result<Value, Failure>>;
}

impl<F> Errand for F
where
    F: for<'a> FnOnce(&'a Invocation) -> BoxFuture<'a, Result<Value, Failure>> + Send + Sync + 'static,
{
    fn run<'a>(self: Box<Self>, call: &'a Invocation) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            match call.unclear_since {
                None => self(call).await,
                Some(_) => Err(unclear("")),
            }
        })
    }
}

struct Acting<I>(I);

impl<I: Act> Errand for Acting<I> {
    fn look<'a>(&'a self, call: &'a Invocation) -> BoxFuture<'a, Result<Option<Value>, Failure>> {
        Box::pin(self.0.look(call))
    }

    fn run<'a>(self: Box<Self>, call: &'a Invocation) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            if let Some(since) = call.unclear_since {
                match self.0.made_before(call, since).await? {
                    Earlier::Nothing => {}
                    Earlier::This(answer) => return encode(&answer),
                    Earlier::CantTell(next) => return Err(unclear(&next)),
                }
            }
            encode(&self.0.act(call).await?)
        })
    }
}

fn unclear(next: &str) -> Failure {
    let failure = Failure::new(Code::OutcomeUnknown, "the first call under this idempotency key may have taken effect")
        .confirmed(Changed::Unknown);
    match next {
        "" => failure.next("List what exists. If it isn't there, call again under another idempotency key."),
        next => failure.next(next),
    }
}

/// A call whose arguments have been checked.
pub struct Prepared {
    pub effect: Option<Effect>,
    pub reach: Option<Reach>,
    errand: Box<dyn Errand>,
}

impl Prepared {
    pub(super) fn running(
        run: impl for<'a> FnOnce(&'a Invocation) -> BoxFuture<'a, Result<Value, Failure>> + Send + Sync + 'static,
    ) -> Self {
        Self { effect: None, reach: None, errand: Box::new(run) }
    }

    pub async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
        self.errand.look(call).await
    }

    pub async fn run(self, call: &Invocation) -> Result<Value, Failure> {
        self.errand.run(call).await
    }
}

pub(super) fn prepare_act<I: Act>(tool: &Tool, arguments: Map<String, Value>) -> Result<Prepared, Failure> {
    let input: I = input::read(tool, arguments)?;
    Ok(Prepared { effect: input.effect(), reach: input.reach(), errand: Box::new(Acting(input)) })
}

pub(super) fn prepare_send<I, O>(tool: &Tool, arguments: Map<String, Value>) -> Result<Prepared, Failure>
where
    I: DeserializeOwned + Serialize + Send + Sync + 'static,
    O: DeserializeOwned + Serialize + Send + 'static,
{
    let input: I = input::read(tool, arguments)?;
    let route = tool.routes.first();
    Ok(Prepared::running(move |call| {
        Box::pin(async move {
            let route = route.ok_or_else(|| Failure::new(Code::Internal, "this tool has no route"))?;
            let fields = encode(&input)?.as_object().cloned().unwrap_or_default();
            let answer: O = call.tenant.send(route, fields).await?;
            encode(&answer)
        })
    }))
}

pub(super) fn encode(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| {
        Failure::new(Code::Internal, "an answer couldn't be written as JSON").operator(error.to_string())
    })
}
