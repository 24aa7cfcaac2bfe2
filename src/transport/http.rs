//! MCP over streamable HTTP: `/mcp` with sessions and event streams for both eras, `/mcp/json`
//! stateless with plain JSON answers, `/drops/ID` for one-time pages, `/healthz` and `/readyz` for whoever
//! looks after us. This file binds, routes and ends; what a request must pass before rmcp sees it is in
//! `http/front`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use rmcp::handler::server::ServerHandler;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::bearer::Bearers;
use self::drops::{Mounted, Pages};
use self::front::Front;
use self::hosts::Hosts;
use super::mcp::Mcp;
use crate::dispatch::Dispatch;
use crate::drops::Wants;

pub use self::drops::Loopback;

mod bearer;
mod drops;
mod front;
mod hosts;
pub mod outlet;
mod refusal;
mod sessions;

/// Running calls may take this long to finish once we are asked to end,
const ORDERLY_END: Duration = Duration::from_secs(10);
/// and their answers this long to get out.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct HttpSettings {
    pub listen: SocketAddr,
    /// The owner's; a request must carry it or a grant. `None` asks for nothing and is for loopback only.
    pub bearer: Option<SecretString>,
    /// Names besides loopback's that requests may be addressed to, with or without a port.
    pub allowed_hosts: Vec<String>,
    /// Web pages besides our own that may call: `scheme://host[:port]`.
    pub allowed_origins: Vec<String>,
}

impl HttpSettings {
    /// Where a person's browser finds us. Who gives us another name has put TLS before us.
    fn base(&self, address: SocketAddr) -> String {
        match self.allowed_hosts.first() {
            Some(host) => format!("https://{host}"),
            None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
            None => format!("http://{address}"),
        }
    }
}

/// Listening, so the address is known; not yet serving.
#[derive(Debug)]
pub struct Bound {
    address: SocketAddr,
    listener: TcpListener,
    router: Router,
    ending: Ending,
}

/// What an orderly end needs to know.
#[derive(Clone)]
struct Ending {
    dispatch: Arc<Dispatch>,
    /// Ends rmcp's sessions and streams, and with them every call that still runs.
    streams: CancellationToken,
    answers: tokio_util::task::TaskTracker,
}

/// The doors before our own handler.
pub async fn bind(settings: HttpSettings, dispatch: Arc<Dispatch>) -> io::Result<Bound> {
    let handler = Mcp::behind_a_door(Arc::clone(&dispatch));
    bind_handler(settings, dispatch, handler).await
}

/// The same doors before another handler; conformance checks put their fixtures here.
pub async fn bind_handler<H>(settings: HttpSettings, dispatch: Arc<Dispatch>, handler: H) -> io::Result<Bound>
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    if settings.bearer.is_none() && !settings.listen.ip().is_loopback() {
        let why = "without a bearer only loopback may be listened on";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let grants = &dispatch.server().grants;
    let bearers = settings.bearer.as_ref().map(|owner| Bearers::new(owner, grants.clone())).transpose()?.map(Arc::new);
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let hosts = Arc::new(Hosts::new(address, &settings.allowed_hosts, &settings.allowed_origins)?);
    let drops = dispatch.server().drops.clone();
    let wants = if bearers.is_some() { Wants::Bearer } else { Wants::Code };
    drops.shown_by(Arc::new(Mounted { base: settings.base(address), wants }));
    let pages = Pages { drops, hosts: Arc::clone(&hosts), bearers: bearers.clone() };
    let ending = Ending { dispatch, streams: CancellationToken::new(), answers: tokio_util::task::TaskTracker::new() };
    let front = Front::new(handler, hosts, bearers, ending.streams.clone(), ending.answers.clone());
    let router = Router::new()
        .route("/mcp", any(streams::<H>))
        .route("/mcp/json", any(json::<H>))
        .with_state(Arc::new(front))
        .merge(drops::router(pages))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state(Arc::clone(&ending.dispatch)))
        .layer(map_response(outlet::filtered));
    Ok(Bound { address, listener, router, ending })
}

impl Bound {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `until` fires. Then nothing new is accepted, running calls finish and their
    /// answers get out.
    pub async fn serve(self, until: CancellationToken) -> io::Result<()> {
        // Without this each event waits some 40 ms for the client's acknowledgement of the last.
        let listener = self.listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let server =
            axum::serve(listener, self.router).with_graceful_shutdown(until.clone().cancelled_owned()).into_future();
        let end = async {
            until.cancelled().await;
            self.ending.finish().await;
        };
        tokio::pin!(server);
        tokio::select! {
            // It ends by itself only after an error, or once the last connection is closed.
            outcome = &mut server => {
                self.ending.finish().await;
                outcome
            }
            () = end => timeout(LAST_ANSWERS, server).await.unwrap_or(Ok(())),
        }
    }
}

impl Ending {
    /// Cancelling rmcp first would turn running calls into bare 500s.
    async fn finish(&self) {
        let _ = timeout(ORDERLY_END + LAST_ANSWERS, self.dispatch.drain(ORDERLY_END)).await;
        self.answers.close();
        let _ = timeout(LAST_ANSWERS, self.answers.wait()).await;
        self.streams.cancel();
    }
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ending").finish_non_exhaustive()
    }
}

async fn streams<H>(State(front): State<Arc<Front<H>>>, request: Request) -> Response
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    front.streams(request).await
}

async fn json<H>(State(front): State<Arc<Front<H>>>, request: Request) -> Response
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    front.json(request).await
}

async fn ready(State(dispatch): State<Arc<Dispatch>>) -> (StatusCode, String) {
    match dispatch.ready() {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, format!("{failure}\n")),
    }
}
