//! What the HTTP door says before the protocol begins: the status for machinery, and a JSON-RPC
//! error body for clients that read nothing else.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use rmcp::model::RequestId;

use super::super::message::{Fault, INVALID_REQUEST};
use crate::failure::Failure;

/// JSON-RPC leaves the servers' own codes to the server; this one says "see the status".
const REFUSED: i32 = -32000;

pub(super) fn unauthorised() -> Response<Body> {
    let why = "A bearer is needed: `Authorization: Bearer …`, never in the address.";
    let mut response = refuse(StatusCode::UNAUTHORIZED, REFUSED, why);
    let challenge = HeaderValue::from_static("Bearer realm=\"molecule-org-mcp\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

pub(super) fn forbidden(why: &str) -> Response<Body> {
    refuse(StatusCode::FORBIDDEN, REFUSED, why)
}

/// The same words as for a session that never was: whose it is, is nobody's business.
pub(super) fn no_such_session() -> Response<Body> {
    refuse(StatusCode::NOT_FOUND, REFUSED, "Session not found: send `initialize` again.")
}

pub(super) fn full() -> Response<Body> {
    let why = "Too many sessions are open; try again later.";
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, REFUSED, why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// Who knocks can't be found out now: nobody enters.
pub(super) fn unavailable(failure: &Failure) -> Response<Body> {
    tracing::error!(%failure, detail = failure.for_operator(), "a grant couldn't be looked up");
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, REFUSED, &failure.to_string());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

pub(super) fn no_stream(asked: RequestId) -> Response<Body> {
    let why = "This endpoint answers each request with one JSON message: use /mcp for `subscriptions/listen`.";
    faulty(&Fault::new(INVALID_REQUEST, why).to(asked.into_json_value()))
}

pub(super) fn too_large(limit: usize) -> Response<Body> {
    let why = format!("The body is larger than {} MiB.", limit >> 20);
    refuse(StatusCode::PAYLOAD_TOO_LARGE, INVALID_REQUEST, &why)
}

pub(super) fn too_slow() -> Response<Body> {
    refuse(StatusCode::REQUEST_TIMEOUT, REFUSED, "The body took too long to arrive.")
}

pub(super) fn broken_off() -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, INVALID_REQUEST, "The body broke off.")
}

pub(super) fn faulty(fault: &Fault) -> Response<Body> {
    answer(StatusCode::BAD_REQUEST, fault)
}

fn refuse(status: StatusCode, code: i32, why: &str) -> Response<Body> {
    answer(status, &Fault::new(code, why))
}

fn answer(status: StatusCode, fault: &Fault) -> Response<Body> {
    let mut response = Response::new(Body::from(fault.body()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
