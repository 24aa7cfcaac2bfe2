//! The tenant as one invocation sees it: what a tool is given. It knows the routes that the tool
//! declared, carries the invocation's id along and remembers what was sent.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ask::Ask;
use super::clean;
use super::client::{ORG_KEYS, Shared, bearer};
use super::key;
use super::log::{Log, Sent};
use super::path;
use super::route::{Method, Route};
use crate::failure::{Changed, Failure};

#[derive(Clone)]
pub struct Tenant {
    pub(super) shared: Arc<Shared>,
    pub(super) id: Uuid,
    pub(super) allowed: &'static [Route],
    pub(super) cancel: CancellationToken,
    pub(super) log: Arc<Log>,
}

impl Tenant {
    pub(super) fn new(shared: Arc<Shared>, id: Uuid, allowed: &'static [Route], cancel: CancellationToken) -> Self {
        Self { shared, id, allowed, cancel, log: Arc::default() }
    }

    /// A request along one of the declared routes; any other fails before it is sent.
    pub fn ask(&self, route: &'static Route) -> Ask {
        Ask::new(self.clone(), route)
    }

    /// The same, whether or not the caller cancels.
    #[must_use]
    pub fn regardless(&self) -> Self {
        Self { cancel: CancellationToken::new(), ..self.clone() }
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Returns when the caller cancels.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// Whether this invocation changed anything so far.
    pub fn changed(&self) -> Changed {
        self.log.changed()
    }

    /// What left, in order, repeats included.
    pub fn sent(&self) -> Vec<Sent> {
        self.log.sent()
    }

    /// Our keys don't get out, in whatever text the tenant may say it, nor what else is held.
    pub fn without_key(&self, result: Result<Value, Failure>) -> Result<Value, Failure> {
        let keys = self.shared.keys.secrets();
        let hidden: Vec<&str> = keys.iter().map(|key| key.expose()).collect();
        match result {
            Ok(mut answer) => {
                clean::strip(&mut answer, &hidden);
                Ok(answer)
            }
            Err(failure) => Err(failure.retold(|text| clean::without(text, &hidden))),
        }
    }

    /// Whether a key that nobody issued opens the list of org keys, which has to be a declared route.
    pub async fn lets_everybody_in(&self) -> Result<bool, Failure> {
        let stranger = bearer(&key::made_up()?)?;
        let received = self.ask(&ORG_KEYS).bearing(stranger).expecting(&[401, 403]).received().await?;
        Ok((200..300).contains(&received.status))
    }

    pub fn own_key_is_in(&self, text: &str) -> bool {
        self.shared.keys.is_in(text)
    }

    /// For tools that are one request: same-named fields fill the placeholders, the others become
    /// the query (GET, DELETE) or the JSON body.
    pub async fn send<T>(&self, route: &'static Route, mut input: Map<String, Value>) -> Result<T, Failure>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut ask = self.ask(route);
        for name in path::placeholders(route.path) {
            match input.remove(name) {
                Some(Value::String(value)) => ask = ask.part(name, &value),
                Some(Value::Number(value)) => ask = ask.part(name, &value.to_string()),
                // Left unfilled, which the request itself refuses.
                _ => {}
            }
        }
        match route.method {
            Method::Get | Method::Delete => {
                for (name, value) in input {
                    ask = ask.query_value(&name, value);
                }
            }
            Method::Post | Method::Put | Method::Patch => ask = ask.body(&input),
        }
        ask.fetch().await
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("address", &self.shared.address)
            .field("invocation", &self.id)
            .finish_non_exhaustive()
    }
}
