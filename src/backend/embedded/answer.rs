//! What a handler gives back. `Answer` is a response or a `Refusal`; both become the platform's JSON
//! (`{"error": "..."}`, at times with more members). Database errors become a 500 with a generic
//! text, as on the platform, so `?` works on them; `refuse` says what else a failure means.

use std::fmt::Display;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) type Answer = Result<Response, Refusal>;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

pub(crate) fn reply(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => with_type(status, JSON, bytes.into()),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(crate) fn ok(body: &impl Serialize) -> Answer {
    Ok(reply(StatusCode::OK, body))
}

pub(crate) fn created(body: &impl Serialize) -> Answer {
    Ok(reply(StatusCode::CREATED, body))
}

/// How a change of one row went: what it is called where there is no such row.
pub(crate) fn done(rows: usize, how: &str, absent: &str) -> Answer {
    match rows {
        0 => Err(missing(absent)),
        _ => ok(&json!({ "status": how })),
    }
}

/// What the platform says to a path or a method that it doesn't have: never 405.
pub(crate) fn not_routed() -> Response {
    with_type(StatusCode::NOT_FOUND, TEXT, "404 page not found".into())
}

pub(crate) fn with_type(status: StatusCode, kind: HeaderValue, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A whole number where it is one: Go writes 1, not 1.0.
pub(crate) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { Value::from(value as i64) } else { Value::from(value) }
}

#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// None is an empty body: the tenant guard and what would be a crash on the platform.
    body: Option<Map<String, Value>>,
}

impl Refusal {
    fn new(status: StatusCode, error: &str) -> Self {
        Self { status, body: Some(Map::new()) }.with("error", error)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, body: None }
    }

    /// One more member beside `error`.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    /// What went wrong, in the words of its answer.
    pub(crate) fn reason(&self) -> &str {
        self.body.as_ref().and_then(|body| body.get("error")?.as_str()).unwrap_or_default()
    }

    pub(crate) fn without_error(mut self) -> Self {
        self.body.get_or_insert_default().remove("error");
        self
    }
}

pub(crate) fn bad(error: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, error)
}

pub(crate) fn unauthorized(error: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, error)
}

pub(crate) fn forbidden(error: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, error)
}

pub(crate) fn missing(error: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, error)
}

pub(crate) fn conflict(error: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, error)
}

pub(crate) fn broken(error: &str) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error)
}

pub(crate) fn refused_with(status: StatusCode, error: &str) -> Refusal {
    Refusal::new(status, error)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Some(body) = self.body else { return self.status.into_response() };
        let mut response = reply(self.status, &body);
        if let Some(seconds) = body.get("retry_after").and_then(Value::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        tracing::warn!(%error, "the embedded tenant's database refused");
        broken("query failed")
    }
}

/// Says what a failure or an absence means to the client.
pub(crate) trait Refuse<T> {
    fn refuse(self, refusal: Refusal) -> Result<T, Refusal>;
}

impl<T, E: Display> Refuse<T> for Result<T, E> {
    fn refuse(self, refusal: Refusal) -> Result<T, Refusal> {
        self.map_err(|error| {
            tracing::debug!(%error, status = %refusal.status, "refused");
            refusal
        })
    }
}

impl<T> Refuse<T> for Option<T> {
    fn refuse(self, refusal: Refusal) -> Result<T, Refusal> {
        self.ok_or(refusal)
    }
}
