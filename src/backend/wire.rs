//! The HTTP client underneath, made at the first request: start-up doesn't pay for reading the
//! system's certificates, and a plain loopback tenant never does.

use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::crypto::ring;
use tokio::sync::OnceCell;

use super::settings::Settings;
use crate::failure::{Code, Failure};

/// Shorter than what common proxies keep a quiet connection for: a request that meets one just
/// being closed is lost, and an act that is lost is an unknown outcome.
const IDLE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Wire {
    secure: bool,
    connect: Duration,
    idle_connections: usize,
    http: OnceCell<reqwest::Client>,
    upgradable: OnceCell<reqwest::Client>,
}

impl Wire {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            secure: settings.base.is_secure(),
            connect: settings.limits.connect,
            idle_connections: settings.limits.in_flight,
            http: OnceCell::new(),
            upgradable: OnceCell::new(),
        }
    }

    pub(super) async fn http(&self) -> Result<&reqwest::Client, Failure> {
        self.http.get_or_try_init(|| self.build(self.plain())).await
    }

    /// For connections that become a WebSocket, which is an upgrade of HTTP/1.1.
    pub(super) async fn upgradable(&self) -> Result<&reqwest::Client, Failure> {
        self.upgradable.get_or_try_init(|| self.build(self.plain().http1_only())).await
    }

    async fn build(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Failure> {
        if self.secure { secured(builder).await } else { unsecured(builder) }
    }

    fn plain(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            // The default repeats what a closing HTTP/2 connection took with it, acts too.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(self.idle_connections)
    }
}

/// Reads the system's certificates, which takes tens of milliseconds: not where others are served.
async fn secured(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Failure> {
    tokio::task::spawn_blocking(move || {
        // Whoever was first has installed the same one.
        let _ = ring::default_provider().install_default();
        builder.https_only(true).build().map_err(|e| cannot(&e))
    })
    .await
    .map_err(|e| cannot(&e))?
}

/// With no certificate trusted, because none is ever looked at.
fn unsecured(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Failure> {
    let tls = rustls::ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|e| cannot(&e))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder.tls_backend_preconfigured(tls).build().map_err(|e| cannot(&e))
}

fn cannot(e: &dyn std::error::Error) -> Failure {
    let source = e.source().map(|s| format!(": {s}")).unwrap_or_default();
    Failure::new(Code::Internal, "no secure connection can be set up on this machine")
        .next("Ask the operator to run `molecule-org-mcp doctor` and to look at the system's certificates.")
        .operator(format!("{e}{source}"))
}
