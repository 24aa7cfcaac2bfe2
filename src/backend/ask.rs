//! Building one request: a tool says route, parts, query and body, and what it wants to read. What
//! is wrong with it is told when it is sent, so that tools stay one expression.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, Heard, Received};
use super::client;
use super::exchange::Request;
use super::form;
use super::path::{self, PathPart};
use super::road::Errand;
use super::route::Route;
use super::tenant::Tenant;
use crate::failure::{Changed, Code, Failure};
use crate::secrets::Credential;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[must_use = "nothing is sent before it is fetched"]
pub struct Ask {
    tenant: Tenant,
    route: &'static Route,
    parts: Vec<(&'static str, String)>,
    query: String,
    /// Its content type, and what it is.
    body: Option<(HeaderValue, Bytes)>,
    total: Duration,
    expected: &'static [u16],
    bearer: Option<HeaderValue>,
    regardless: bool,
    hidden: Vec<SecretString>,
    problem: Option<Failure>,
}

impl Ask {
    pub(super) fn new(tenant: Tenant, route: &'static Route) -> Self {
        let problem = (!tenant.allowed.contains(route))
            .then(|| Failure::new(Code::Internal, format!("the tool didn't declare {route}")));
        Self {
            total: tenant.shared.limits.total,
            tenant,
            route,
            parts: Vec::new(),
            query: String::new(),
            body: None,
            expected: &[],
            bearer: None,
            regardless: false,
            hidden: Vec::new(),
            problem,
        }
    }

    /// Fills `{name}`, or `{*name}`, which keeps the value's slashes. The value is encoded; an empty
    /// one, `.`, `..` and control characters are refused.
    pub fn part(mut self, name: &'static str, value: &(impl PathPart + ?Sized)) -> Self {
        self.parts.push((name, value.part().into_owned()));
        self
    }

    pub fn query(mut self, name: &'static str, value: impl Display) -> Self {
        self.push_query(name, &value.to_string());
        self
    }

    pub fn body(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body = Some((HeaderValue::from_static("application/json"), bytes.into())),
            // Serde's words might quote the value.
            Err(_) => {
                let failure = || Failure::new(Code::Internal, "the request can't be written as JSON");
                self.problem.get_or_insert_with(failure);
            }
        }
        self
    }

    /// One file, as a browser's form sends it.
    pub fn file(mut self, field: &'static str, name: &str, kind: &'static str, content: &[u8]) -> Self {
        match form::of_file(field, name, kind, content) {
            Some(body) => self.body = Some(body),
            None => {
                let failure = || Failure::invalid("this file's name can't stand in a form");
                self.problem.get_or_insert_with(failure);
            }
        }
        self
    }

    /// A secret that the request holds: what the tenant says of it won't repeat it.
    pub fn hiding(mut self, secret: &str) -> Self {
        self.hidden.push(secret.to_owned().into());
        // As a quoted body has it.
        let quoted = Value::from(secret).to_string();
        let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(inner) = inner.filter(|inner| *inner != secret) {
            self.hidden.push(inner.to_owned().into());
        }
        self
    }

    /// For routes that take their time: another deadline than the usual one.
    pub fn within(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Refusals that the tool reads itself: they arrive as an answer and not as a failure.
    pub fn expecting(mut self, statuses: &'static [u16]) -> Self {
        self.expected = statuses;
        self
    }

    /// With another credential than our key: for routes that hand the bearer on, and to see whether it opens
    /// anything.
    pub fn presenting(mut self, token: &Credential) -> Self {
        self = self.hiding(token.expose());
        match client::bearer(token.expose()) {
            Ok(bearer) => self.bearing(bearer),
            Err(failure) => {
                self.problem.get_or_insert(failure);
                self
            }
        }
    }

    /// Also when the caller has gone: for clearing up after a call, and for what couldn't be cleared
    /// up if its answer were lost.
    pub fn regardless(mut self) -> Self {
        self.regardless = true;
        self
    }

    pub async fn fetch<T>(self) -> Result<T, Failure>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.carry(async |answer, tenant| answer.fetch(&tenant.shared.parsers).await).await
    }

    pub async fn received(self) -> Result<Received, Failure> {
        self.carry(async |answer, tenant| answer.received(&tenant.shared.parsers).await).await
    }

    /// For the routes that answer text.
    pub async fn text(self) -> Result<String, Failure> {
        self.carry(async |answer, _| answer.text()).await
    }

    /// For the routes that answer a file.
    pub async fn bytes(self) -> Result<Bytes, Failure> {
        self.carry(async |answer, _| Ok(answer.bytes())).await
    }

    /// For the routes that pass on what somebody else says, in whatever form.
    pub async fn heard(self) -> Result<Heard, Failure> {
        self.carry(async |answer, _| answer.heard()).await
    }

    /// With another credential than the tenant's.
    pub(super) fn bearing(mut self, bearer: HeaderValue) -> Self {
        self.bearer = Some(bearer);
        self
    }

    pub(super) fn query_value(mut self, name: &str, value: Value) -> Self {
        match value {
            Value::Null => {}
            Value::Array(values) => {
                for value in values {
                    self = self.query_value(name, value);
                }
            }
            Value::String(text) => self.push_query(name, &text),
            other => self.push_query(name, &other.to_string()),
        }
        self
    }

    fn push_query(&mut self, name: &str, value: &str) {
        let separator = if self.query.is_empty() { '?' } else { '&' };
        // Writing to a String doesn't fail.
        let _ = write!(self.query, "{separator}{}={}", path::encode(name), path::encode(value));
    }

    async fn carry<T>(self, read: impl AsyncFnOnce(Answer, &Tenant) -> Result<T, Failure>) -> Result<T, Failure> {
        let regardless = self.regardless;
        let (errand, tenant) = self.errand()?;
        let work = async {
            let mut answer = send(&errand, &tenant).await?;
            for key in &*tenant.shared.keys.secrets() {
                answer = answer.without_key(key);
            }
            read(answer, &tenant).await
        };
        // Leaving the request drops it, and with it its connection: the tenant sees that nobody waits.
        let done = tokio::select! {
            biased;
            () = tenant.cancel.cancelled(), if !regardless => None,
            result = work => Some(result),
        };
        done.unwrap_or_else(|| Err(cancelled(tenant.changed())))
    }

    fn errand(self) -> Result<(Errand, Tenant), Failure> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let shared = &self.tenant.shared;
        let path = path::fill(self.route.path, &self.parts)?;
        let broken = || Failure::new(Code::Internal, format!("no address can be made for {}", self.route));
        let url = Url::parse(&format!("{}{path}{}", shared.address, self.query)).map_err(|_| broken())?;
        // A parser that rewrites what we wrote would lead elsewhere than the journal says.
        if !url.path().ends_with(&path) {
            return Err(broken());
        }
        let mut headers = shared.headers.clone();
        let body = self.body.map(|(kind, body)| {
            headers.insert(CONTENT_TYPE, kind);
            body
        });
        let id = HeaderValue::from_str(&self.tenant.id.to_string()).map_err(|_| broken())?;
        headers.insert(REQUEST_ID, id);
        let errand = Errand {
            invocation: self.tenant.id,
            route: *self.route,
            bearer: self.bearer,
            request: Request { method: self.route.method, url, headers, body },
            total: self.total,
            expected: self.expected,
            hidden: self.hidden,
            log: self.tenant.log.clone(),
        };
        Ok((errand, self.tenant))
    }
}

/// Values are left out: they may be secrets.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("route", self.route).finish_non_exhaustive()
    }
}

/// A key that was replaced in between is refused, and nothing was done: then it goes once more with the new one.
async fn send(errand: &Errand, tenant: &Tenant) -> Result<Answer, Failure> {
    let turn = tenant.shared.keys.turn();
    match errand.run(&tenant.shared).await {
        Err(refused) if refused.code() == Code::Unauthenticated && errand.bearer.is_none() => {
            if tenant.shared.has_another_key(turn).await { errand.run(&tenant.shared).await } else { Err(refused) }
        }
        sent => sent,
    }
}

fn cancelled(changed: Changed) -> Failure {
    let failure = Failure::new(Code::Cancelled, "the call was cancelled").changed(changed);
    match changed {
        Changed::No => failure,
        Changed::Unknown | Changed::Yes => {
            failure.next("List what exists and see what took effect before calling again.")
        }
    }
}
