//! One request and its answer, or how it was lost: facts without a judgement. What they mean for
//! the caller is said in `refusal`, whether to ask again in `road`.

use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};

use super::retry;
use super::route::Method;

/// An error's text is short; more of it is not worth waiting for.
const ERROR_BYTES: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Answered),
    Lost(Lost),
}

#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) content_type: String,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Whole(Bytes),
    TooLarge,
    Cut(String),
    Late,
}

#[derive(Debug)]
pub(super) enum Lost {
    /// There was no connection, so nothing left.
    NeverLeft {
        why: NoConnection,
        detail: String,
    },
    /// The connection went away before an answer came.
    Cut(String),
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoConnection {
    Refused,
    Slow,
    Unresolved,
    Untrusted,
    Other,
}

impl Request {
    /// `whole` says which statuses are wanted with all of their body; others are read as errors.
    pub(super) async fn exchange(
        &self,
        http: &reqwest::Client,
        bearer: &HeaderValue,
        deadline: Instant,
        cap: usize,
        whole: impl Fn(u16) -> bool,
    ) -> Outcome {
        let mut request = http
            .request(reqwest_method(self.method), self.url.clone())
            .headers(self.headers.clone())
            .header(AUTHORIZATION, bearer.clone());
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let response = match timeout_at(deadline, request.send()).await {
            Err(_) => return Outcome::Lost(Lost::Late),
            Ok(Err(e)) => return Outcome::Lost(lost(e)),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(|t| retry::retry_after(t, SystemTime::now()));
        let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let cap = if whole(status) { cap } else { cap.min(ERROR_BYTES) };
        let body = match timeout_at(deadline, read(response, cap)).await {
            Err(_) => Body::Late,
            Ok(body) => body,
        };
        Outcome::Answered(Answered { status, retry_after, content_type, body })
    }
}

pub(super) async fn read(mut response: Response, cap: usize) -> Body {
    let announced = response.content_length().unwrap_or(0);
    let Some(expected) = usize::try_from(announced).ok().filter(|expected| *expected <= cap) else {
        return Body::TooLarge;
    };
    let mut all = Vec::with_capacity(expected);
    loop {
        match response.chunk().await {
            // One chunk is most answers: no copy then.
            Ok(Some(chunk)) if all.is_empty() && chunk.len() as u64 == announced => {
                return Body::Whole(chunk);
            }
            Ok(Some(chunk)) if all.len() + chunk.len() > cap => return Body::TooLarge,
            Ok(Some(chunk)) => all.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(all.into()),
            Err(e) => return Body::Cut(chain(&e.without_url())),
        }
    }
}

fn reqwest_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

pub(super) fn lost(e: reqwest::Error) -> Lost {
    let e = e.without_url();
    let detail = chain(&e);
    if !e.is_connect() {
        return Lost::Cut(detail);
    }
    let why = if e.is_timeout() {
        NoConnection::Slow
    } else if e.is_dns() {
        NoConnection::Unresolved
    } else {
        why_not(&e)
    };
    Lost::NeverLeft { why, detail }
}

fn why_not(e: &reqwest::Error) -> NoConnection {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    let mut source = e.source();
    while let Some(e) = source {
        if let Some(tls) = e.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => NoConnection::Untrusted,
                _ => NoConnection::Other,
            };
        }
        let io = e.downcast_ref::<io::Error>();
        if io.is_some_and(|io| {
            matches!(io.kind(), ConnectionRefused | ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof)
        }) {
            return NoConnection::Refused;
        }
        // What an I/O error wraps isn't its source.
        source = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => e.source(),
        };
    }
    NoConnection::Other
}

/// An error with its causes. The address isn't in it: the query may hold what a caller asked for.
fn chain(e: &dyn Error) -> String {
    let mut text = e.to_string();
    let mut source = e.source();
    while let Some(e) = source {
        text.push_str(": ");
        text.push_str(&e.to_string());
        source = e.source();
    }
    text
}
