//! What the handlers see of the tenant: its settings, its rows, its vault and its limits.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use rusqlite::{Connection, Transaction};

use super::a2a::Agents;
use super::answer::Refusal;
use super::ledger::Signer;
use super::limits::Limiter;
use super::store::Store;
use super::vault::Vault;
use super::{Environment, OpenError, Provisioner, Settings};

pub(crate) type App = State<Arc<Platform>>;

pub(crate) struct Platform {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<Store>,
    pub(crate) vault: Vault,
    pub(crate) signer: Signer,
    pub(crate) requests: Limiter,
    /// None where minting isn't limited.
    pub(crate) mints: Option<Limiter>,
    pub(crate) agents: Agents,
}

impl Platform {
    pub(crate) fn open(settings: Settings) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&settings.state).map_err(|error| OpenError::file(&settings.state, &error))?;
        Ok(Self {
            store: Arc::new(Store::open(&settings.state)?),
            vault: Vault::open(&settings.state)?,
            signer: Signer::new(settings.ledger_salt.clone()),
            requests: Limiter::new(settings.rate_limit, Duration::from_secs(60)),
            mints: (settings.mint_limit > 0).then(|| Limiter::new(settings.mint_limit, Duration::from_secs(3600))),
            agents: Agents::default(),
            settings,
        })
    }

    /// The state of a developer's machine: everything is let in and nothing is limited.
    pub(crate) fn is_development(&self) -> bool {
        self.settings.admin_token.is_none() && self.settings.environment == Environment::Development
    }

    pub(crate) fn has_control_plane(&self) -> bool {
        self.settings.provisioner == Provisioner::ControlPlane
    }

    pub(crate) async fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.store.read(look).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Transaction, &Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let platform = Arc::clone(self);
        self.store.write(move |rows| change(rows, &platform)).await
    }
}
