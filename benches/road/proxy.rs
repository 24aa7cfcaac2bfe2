//! The reference: the least that can stand between a client and the tenant. The same HTTP server and
//! client as ours, with the client's settings taken from `backend/wire`; no protocol, no journal.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use axum::serve::ListenerExt;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use tokio::net::TcpListener;

use super::Outcome;

pub const ROLE: &str = "--be-the-proxy";

#[derive(Clone)]
struct Proxy {
    http: reqwest::Client,
    tenant: String,
}

pub fn serve(tenant: &str) -> Outcome<()> {
    let proxy = Proxy { http: client()?, tenant: tenant.to_owned() };
    listen(Router::new().fallback(pass).with_state(proxy))
}

/// Serves until it is killed, and says where.
pub fn listen(router: Router) -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        say(&format!("ready http://{}", listener.local_addr()?));
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}

#[expect(clippy::print_stderr, reason = "the process that started this one waits for the line")]
fn say(line: &str) {
    eprintln!("{line}");
}

fn client() -> Outcome<reqwest::Client> {
    let tls = rustls::ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(64)
        .tls_backend_preconfigured(tls);
    Ok(client.build()?)
}

async fn pass(State(proxy): State<Proxy>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    forward(&proxy, method, &uri, &headers, body).await.unwrap_or_else(|_| {
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::BAD_GATEWAY;
        failed
    })
}

async fn forward(
    proxy: &Proxy,
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Outcome<Response<Body>> {
    let mut request = proxy.http.request(method, format!("{}{uri}", proxy.tenant));
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    if !body.is_empty() {
        request = request.body(body);
    }
    let answer = request.send().await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(kind) = answer.headers().get(header::CONTENT_TYPE) {
        response = response.header(header::CONTENT_TYPE, kind);
    }
    Ok(response.body(Body::from(answer.bytes().await?))?)
}
