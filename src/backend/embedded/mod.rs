//! The tenant we carry: an HTTP server of our own that speaks the Molecule AI platform's API as it was
//! recorded from the real one, defects included, over one SQLite file. Used where no tenant is at
//! hand: the embedded backend, the demo, and the tests of everything that talks to a tenant.
//!
//! One file a resource; `router` is the table of contents.

mod a2a;
mod activity;
mod admin;
mod admin_memories;
mod agents;
mod answer;
mod approvals;
mod artifacts;
mod budgets;
mod bundles;
mod channels;
mod checkpoints;
mod clock;
mod config;
mod control_plane;
mod delegations;
mod edge;
mod events;
mod files;
mod folder;
mod guard;
mod ids;
mod instructions;
mod keys;
mod ledger;
mod limits;
mod memories;
mod metrics;
mod models;
mod org_import;
mod org_keys;
mod payload;
mod platform;
mod plugins;
mod provisioning;
mod registry;
mod router;
mod schedules;
mod secrets;
mod seed;
mod store;
mod templates;
mod tokens;
mod vault;
mod viewport;
mod watch;
mod workspaces;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use axum::{Extension, Router};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use platform::Platform;

/// Who starts workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioner {
    /// Nobody really: they come online after a moment, and do what they are told.
    Simulated,
    /// A container daemon that can't be reached.
    Failing,
    None,
    /// The hosted platform's: it starts machines, but for tier 4.
    ControlPlane,
}

/// What the platform calls itself: it decides who is let in without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Without an admin token everything is open.
    Development,
    Staging,
    /// Mints no tokens for tests.
    Production,
}

/// No secret: it lets an everyday tenant say whether the ledger that it was filled with is whole.
pub const EVERYDAY_SALT: &str = "everyday";

// no Debug: it would print the admin token
#[derive(Clone)]
pub struct Settings {
    /// The directory of the database and the key of its secrets.
    pub state: PathBuf,
    pub admin_token: Option<String>,
    pub org_id: Option<String>,
    /// Requests a minute and address.
    pub rate_limit: u32,
    /// Minted org keys an hour and address; 0 is no limit.
    pub mint_limit: u32,
    pub provisioner: Provisioner,
    pub environment: Environment,
    /// A directory with `org-templates`, `workspace-templates` and `plugins`, in place of the built-in
    /// ones. It's only read.
    pub fixtures: Option<PathBuf>,
    /// Signs the entries of the tenant's ledger.
    pub ledger_salt: Option<String>,
    /// How long the simulated provisioner takes for one workspace.
    pub pace: Duration,
    /// How often the scheduler looks for what is due.
    pub schedule_poll: Duration,
}

impl Settings {
    /// For everyday use. The admin token is one that nobody knows, because a tenant without one lets
    /// anybody in: the way in is `Tenant::mint_org_key`.
    pub fn everyday(state: PathBuf) -> Self {
        Self {
            state,
            admin_token: Some(uuid::Uuid::new_v4().to_string()),
            org_id: None,
            rate_limit: 600,
            mint_limit: 10,
            provisioner: Provisioner::Simulated,
            environment: Environment::Staging,
            fixtures: None,
            ledger_salt: Some(EVERYDAY_SALT.to_owned()),
            pace: Duration::from_millis(400),
            schedule_poll: Duration::from_secs(30),
        }
    }
}

/// Clones are the same tenant.
#[derive(Clone)]
pub struct Tenant {
    platform: Arc<Platform>,
}

impl Tenant {
    /// Creates the state where there is none.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        Ok(Self { platform: Arc::new(Platform::open(settings)?) })
    }

    pub fn router(&self) -> Router {
        router::of(Arc::clone(&self.platform))
    }

    /// Neither workspaces nor keys yet.
    pub fn is_empty(&self) -> Result<bool, OpenError> {
        seed::is_empty(&self.platform)
    }

    /// An organisation worth looking at. For an empty tenant.
    pub fn seed_demo(&self) -> Result<(), OpenError> {
        seed::demo(&self.platform)
    }

    /// Rows that no route can make: one a line, with its `table`. A value `{"$seconds_from_now": n}`
    /// is a time.
    pub fn seed_rows(&self, file: &Path) -> Result<(), OpenError> {
        seed::rows_of_file(&self.platform, file)
    }

    /// Mints an org key without asking for a credential: for the process that owns the state.
    pub fn mint_org_key(&self, name: &str, created_by: &str) -> Result<SecretString, OpenError> {
        let key = self.platform.store.write_here(|rows| org_keys::insert(rows, Some(name), None, created_by));
        key.map(|minted| minted.key.plain).map_err(|_| OpenError::new("an org key could not be minted".into()))
    }
}

/// Serves until cancelled; requests that have begun are finished. As long, what is scheduled is run.
pub async fn serve(tenant: &Tenant, listener: TcpListener, until: CancellationToken) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
    });
    let mut scheduler = JoinSet::new();
    scheduler.spawn(schedules::keep_running(Arc::clone(&tenant.platform)));
    // what streams without end must know when to end
    let router = tenant.router().layer(Extension(until.clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(until.cancelled_owned()).await
}

/// Why the tenant's state could not be opened or filled.
#[derive(Debug)]
pub struct OpenError(String);

impl OpenError {
    fn new(message: String) -> Self {
        Self(message)
    }

    fn file(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("the embedded tenant can't use {}: {error}", path.display()))
    }

    fn database(path: &Path, error: &rusqlite::Error) -> Self {
        Self(format!("the embedded tenant can't use its database {}: {error}", path.display()))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}
