//! What a request must pass before rmcp sees it, cheapest first: is it addressed to us, may its
//! page send it, does it carry the bearer, is its body of a bearable size and a message at all, is
//! the session its own. Answers pass here on their way out, so an orderly end can wait for them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use futures_util::StreamExt;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{ClientRequest, JsonRpcMessage, JsonRpcRequest};
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::bearer::{Bearers, Principal};
use super::hosts::Hosts;
use super::refusal;
use super::sessions::Sessions;
use crate::transport::caller::{Caller, Door};
use crate::transport::message::{self, Fault, INVALID_REQUEST};

const LARGEST_BODY: usize = 4 * 1024 * 1024;
/// So much more is read and dropped, because a client that is still sending hears no answer.
const LARGEST_DISCARD: usize = 64 * 1024 * 1024;
const SLOWEST_BODY: Duration = Duration::from_secs(30);
const SESSION: &str = "mcp-session-id";

pub(super) struct Front<H> {
    hosts: Arc<Hosts>,
    /// None: nobody is asked for anything, and whoever comes is the operator.
    bearers: Option<Arc<Bearers>>,
    sessions: Sessions,
    answers: TaskTracker,
    streams: StreamableHttpService<H, LocalSessionManager>,
    json: StreamableHttpService<H, NeverSessionManager>,
}

impl<H: ServerHandler + Clone + Send + Sync + 'static> Front<H> {
    pub(super) fn new(
        handler: H,
        hosts: Arc<Hosts>,
        bearers: Option<Arc<Bearers>>,
        end: CancellationToken,
        answers: TaskTracker,
    ) -> Self {
        let sessions = Sessions::new();
        // Hosts and origins are checked here, more strictly.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_max_request_body_bytes(LARGEST_BODY)
            .with_cancellation_token(end);
        let stateless = config.clone().with_legacy_session_mode(false).with_json_response(true);
        let same = handler.clone();
        let streams = StreamableHttpService::new(move || Ok(same.clone()), sessions.manager(), config);
        let json = StreamableHttpService::new(
            move || Ok(handler.clone()),
            Arc::new(NeverSessionManager::default()),
            stateless,
        );
        Self { hosts, bearers, sessions, answers, streams, json }
    }

    /// `/mcp`
    pub(super) async fn streams(&self, request: Request) -> Response<Body> {
        self.through_sessions(request).await.unwrap_or_else(|refused| *refused)
    }

    /// `/mcp/json`
    pub(super) async fn json(&self, request: Request) -> Response<Body> {
        self.stateless(request).await.unwrap_or_else(|refused| *refused)
    }

    async fn through_sessions(&self, mut request: Request) -> Result<Response<Body>, Refused> {
        let principal = self.admit(&mut request)?;
        if let Some(id) = request.headers().get(SESSION)
            && !id.to_str().is_ok_and(|id| self.sessions.belongs(id, principal))
        {
            if !is_modern(request.headers()) {
                return Err(refusal::no_such_session().into());
            }
            request.headers_mut().remove(SESSION);
        }
        let ends = request.method() == Method::DELETE;
        let (request, message) = with_message(request).await?;
        let begins = message.is_some_and(|message| matches!(message.request, ClientRequest::InitializeRequest(_)));
        if begins && self.sessions.full(principal).await {
            return Err(refusal::full().into());
        }
        let mut response = answered(&self.answers, request, &self.streams).await;
        if ends && response.status() == StatusCode::ACCEPTED {
            // It has ended by now, and clients take "accepted" for a failure.
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        // Only a session that begins is named in an answer.
        if let Some(id) = response.headers().get(SESSION).and_then(|id| id.to_str().ok()) {
            self.sessions.begun(id, principal).await;
        }
        Ok(response)
    }

    async fn stateless(&self, mut request: Request) -> Result<Response<Body>, Refused> {
        self.admit(&mut request)?;
        // There are no sessions here, so nobody speaks for one.
        request.headers_mut().remove(SESSION);
        let (mut request, message) = with_message(request).await?;
        if let Some(JsonRpcRequest { id, request: ClientRequest::SubscriptionsListenRequest(_), .. }) = message {
            return Err(refusal::no_stream(id).into());
        }
        accept_json(request.headers_mut());
        Ok(answered(&self.answers, request, &self.json).await)
    }

    /// Whoever may enter stands in the request from here on, for the handler.
    fn admit(&self, request: &mut Request) -> Result<Principal, Refused> {
        let (uri, headers) = (request.uri(), request.headers());
        if !self.hosts.addressed(uri, headers) {
            return Err(refusal::forbidden("The Host isn't one of this server's names.").into());
        }
        if !self.hosts.welcome(uri, headers) {
            return Err(refusal::forbidden("The Origin may not call this server.").into());
        }
        let (principal, caller) = match &self.bearers {
            Some(bearers) => match bearers.admit(headers) {
                Ok(admitted) => admitted.ok_or_else(refusal::unauthorised)?,
                Err(failure) => return Err(refusal::unavailable(&failure).into()),
            },
            None => (Principal::of(""), Caller::operator("owner", Door::Http)),
        };
        request.extensions_mut().insert(caller);
        Ok(principal)
    }
}

type Refused = Box<Response<Body>>;

/// The era without sessions ignores the header, so it goes no further.
fn is_modern(headers: &HeaderMap) -> bool {
    let version = headers.get("mcp-protocol-version").and_then(|value| value.to_str().ok());
    version.is_some_and(|version| version >= "2026-07-28")
}

/// The request with its body checked, and what it asks for.
async fn with_message(request: Request) -> Result<(Request, Option<JsonRpcRequest<ClientRequest>>), Refused> {
    if request.method() != Method::POST {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let bytes = timeout(SLOWEST_BODY, whole(body)).await.map_err(|_| refusal::too_slow())??;
    let asked = match message::read(&bytes) {
        Ok(Some(JsonRpcMessage::Request(message))) => Some(message),
        Ok(Some(_)) => None,
        Ok(None) => {
            let fault = Fault::new(INVALID_REQUEST, "Not a response to anything asked.");
            return Err(refusal::faulty(&fault).into());
        }
        Err(fault) => return Err(refusal::faulty(&fault).into()),
    };
    Ok((Request::from_parts(parts, Body::from(bytes)), asked))
}

async fn whole(body: Body) -> Result<Bytes, Refused> {
    let mut chunks = body.into_data_stream();
    let mut held = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| refusal::broken_off())?;
        seen = seen.saturating_add(chunk.len());
        if seen <= LARGEST_BODY {
            held.extend_from_slice(&chunk);
        } else {
            held = Vec::new();
            if seen > LARGEST_DISCARD {
                break;
            }
        }
    }
    if seen > LARGEST_BODY {
        return Err(refusal::too_large(LARGEST_BODY).into());
    }
    Ok(held.into())
}

/// rmcp wants both types accepted; a client of the JSON mount needn't know of streams.
fn accept_json(headers: &mut HeaderMap) {
    let json_will_do = headers.get(ACCEPT).is_none_or(|accept| {
        accept.to_str().is_ok_and(|accept| {
            accept.contains("*/*") || accept.contains("application/*") || accept.contains("application/json")
        })
    });
    if json_will_do {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
    }
}

/// Counted as on its way until its last byte is.
async fn answered<H, M>(
    answers: &TaskTracker,
    request: Request,
    service: &StreamableHttpService<H, M>,
) -> Response<Body>
where
    H: ServerHandler + Clone + Send + Sync + 'static,
    M: SessionManager,
{
    // A stream that only listens has no end to wait for.
    let on_its_way = (request.method() == Method::POST).then(|| answers.token());
    let response = service.handle(request).await.map(Body::new);
    let streams =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    match on_its_way {
        Some(token) if streams => response.map(|body| counted(body, token)),
        _ => response,
    }
}

fn counted(body: Body, token: TaskTrackerToken) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _ = &token;
    }))
}
