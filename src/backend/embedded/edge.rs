//! What every request passes before its route, in the platform's order: origin, rate limit, tenant
//! guard. Authentication comes later, in the handlers' guards, so a refusal here says nothing about a
//! credential.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::{Refusal, not_routed};
use super::limits;
use super::platform::{App, Platform};

const CANVASES: [&str; 2] = ["http://localhost:3000", "http://localhost:3001"];

const SECURITY_HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", "default-src 'self'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

pub(crate) async fn pass(State(platform): App, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match &origin {
        Some(origin) if !is_canvas(origin) => return Refusal::empty(StatusCode::FORBIDDEN).into_response(),
        Some(_) if request.method() == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => counted(&platform, request, next).await,
    };
    if let Some(origin) = origin {
        allow_origin(response.headers_mut(), origin);
    }
    response
}

async fn counted(platform: &Arc<Platform>, request: Request, next: Next) -> Response {
    if platform.is_development() {
        let mut response = guarded(platform, request, next).await;
        limits::show_unlimited(response.headers_mut());
        return secured(response);
    }
    let standing = platform.requests.count(address(request.extensions()));
    let mut response = match standing.exceeded {
        true => standing.refusal(),
        false => guarded(platform, request, next).await,
    };
    standing.show(response.headers_mut());
    secured(response)
}

async fn guarded(platform: &Platform, request: Request, next: Next) -> Response {
    if !is_for_this_tenant(platform, &request) {
        return Refusal::empty(StatusCode::NOT_FOUND).into_response();
    }
    // the router would serve HEAD by the GET routes, and keep an encoded slash inside a segment
    if request.method() == Method::HEAD || has_misplaced_slash(request.uri().path()) {
        return not_routed();
    }
    next.run(request).await
}

/// Without an organisation's id of its own a tenant serves whoever asks.
fn is_for_this_tenant(platform: &Platform, request: &Request) -> bool {
    let Some(own) = &platform.settings.org_id else { return true };
    let path = request.uri().path();
    let exempt = ["/health", "/metrics", "/registry/register", "/registry/heartbeat"];
    if exempt.contains(&path) || path.starts_with("/cp/") {
        return true;
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let replayed = text("fly-replay-src").split(';').find_map(|part| part.trim().strip_prefix("state="));
    text("x-molecule-org-id") == own || replayed == Some(own)
}

/// An encoded slash belongs nowhere but in the path of a file.
fn has_misplaced_slash(path: &str) -> bool {
    let before = path.split_once("/files/").map_or(path, |(before, _)| before);
    before.contains("%2F") || before.contains("%2f")
}

/// The TCP peer; where a test calls the router directly there is none.
pub(crate) fn address(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip())
}

pub(crate) fn is_canvas(origin: &HeaderValue) -> bool {
    CANVASES.iter().any(|canvas| origin == canvas)
}

fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST,PUT,PATCH,DELETE,OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Origin,Content-Type,X-Workspace-ID,Authorization"),
        (header::VARY, "Origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn secured(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// No route has that path. With a slash at its end it's sent to the path without it, which says
/// itself whether it exists.
pub(crate) async fn unrouted(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() && !path.starts_with("//") => redirect(&method, shorter, &uri),
        _ => not_routed(),
    }
}

fn redirect(method: &Method, path: &str, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let status = match *method {
        Method::GET => StatusCode::MOVED_PERMANENTLY,
        _ => StatusCode::TEMPORARY_REDIRECT,
    };
    (status, [(header::LOCATION, format!("{path}{query}"))]).into_response()
}
