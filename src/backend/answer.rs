//! An answer that was wanted, on its way into the tool's type. It keeps its place at the tenant
//! until it is read, so that the cap on calls bounds memory too.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::log::Leg;
use super::refusal;
use super::route::Route;
use super::shape::{self, Misfit};
use crate::failure::{Changed, Code, Failure};
use crate::secrets::held::Held;

/// From this length on it is no part of an ordinary word.
const KEY_LIKE: usize = 16;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) bytes: Bytes,
    pub(super) route: Route,
    pub(super) leg: Leg,
    pub(super) _place: OwnedSemaphorePermit,
}

/// An answer whose status matters too.
#[derive(Clone, Debug)]
pub struct Received {
    pub status: u16,
    /// Null if it was one of the expected refusals and not JSON.
    pub body: Value,
    route: Route,
}

/// What somebody beyond the tenant said, as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub status: u16,
    pub text: String,
}

impl Received {
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, Failure> {
        shape::fit(self.body).map_err(|misfit| unusual(self.status, self.route, misfit))
    }
}

impl Answer {
    /// Our key is taken out before anything can be cut, which might leave a half of it. A short one might
    /// be part of any word; it is looked for again when the tool is done.
    pub(super) fn without_key(mut self, key: &Held) -> Self {
        if key.expose().len() >= KEY_LIKE
            && let Some(clean) = key.out_of(&self.bytes)
        {
            self.bytes = clean.into();
        }
        self
    }

    pub(super) async fn fetch<T>(self, parsers: &Semaphore) -> Result<T, Failure>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let decoded = decode(self.bytes, parsers).await;
        conclude(self.status, self.route, self.leg, decoded)
    }

    pub(super) async fn received(self, parsers: &Semaphore) -> Result<Received, Failure> {
        let mut decoded = decode(self.bytes, parsers).await;
        if decoded.is_err() && !(200..300).contains(&self.status) {
            decoded = Ok(Value::Null);
        }
        let body = conclude(self.status, self.route, self.leg, decoded)?;
        Ok(Received { status: self.status, body, route: self.route })
    }

    pub(super) fn bytes(self) -> Bytes {
        self.leg.settle(refusal::acknowledged(self.status));
        self.bytes
    }

    pub(super) fn heard(self) -> Result<Heard, Failure> {
        let status = self.status;
        // Agents may answer anything; what isn't UTF-8 is shown as far as it can be.
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        conclude(status, self.route, self.leg, Ok(Heard { status, text }))
    }

    pub(super) fn text(self) -> Result<String, Failure> {
        let text = String::from_utf8(self.bytes.into()).map_err(|_| Misfit("it isn't text".into()));
        conclude(self.status, self.route, self.leg, text)
    }
}

fn conclude<T>(status: u16, route: Route, leg: Leg, decoded: Result<T, Misfit>) -> Result<T, Failure> {
    match decoded {
        Ok(value) => {
            leg.settle(refusal::acknowledged(status));
            Ok(value)
        }
        Err(misfit) => {
            let failure = unusual(status, route, misfit);
            leg.settle(failure.has_changed());
            Err(failure)
        }
    }
}

fn unusual(status: u16, route: Route, Misfit(why): Misfit) -> Failure {
    let message = format!("the tenant answered {status} but not in its usual form: {why}");
    if route.acts() {
        Failure::new(Code::OutcomeUnknown, message).changed(Changed::Unknown)
    } else {
        Failure::new(Code::UnexpectedAnswer, message)
    }
}

/// Large answers are read on a thread where nobody else waits, a few at a time: parsed they take
/// several times the memory.
async fn decode<T>(bytes: Bytes, parsers: &Semaphore) -> Result<T, Misfit>
where
    T: DeserializeOwned + Send + 'static,
{
    if !shape::is_large(&bytes) {
        return shape::decode(&bytes);
    }
    let _turn = parsers.acquire().await;
    tokio::task::spawn_blocking(move || shape::decode(&bytes))
        .await
        .unwrap_or_else(|_| Err(Misfit("it couldn't be read".into())))
}
