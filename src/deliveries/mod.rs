//! Credentials on their way: from before one is minted until it is where it belongs. Each step is durable before
//! the next is taken, so that after a crash it is known which credentials reached nobody; `left_behind` revokes
//! those. The tools that mint are the ones that write here.

pub mod left_behind;
pub mod runner;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::backend::{KeyFile, Keyring, key_tag};
use crate::failure::Failure;
use crate::store::{Durability, Store};

/// All of one tenant.
#[derive(Clone)]
pub struct Deliveries {
    store: Store,
    tenant: Arc<str>,
}

/// What is going to be minted, and by what it will be known if all stops.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub invocation: Uuid,
    pub what: What,
    /// The tag of the key that mints.
    pub minter: String,
    /// The prefixes of those that were there before.
    pub seen: Vec<String>,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    OrgKey { name: String, instead: Option<Instead> },
    WorkspaceToken { workspace: String },
}

/// The key that a new one is minted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    pub id: String,
    /// Where the new one goes, if that is the file that servers read their own key from.
    pub key_file: Option<PathBuf>,
}

/// How far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Minting,
    /// Known by its prefix, and by its id where the tenant told one.
    Minted(Made),
    Delivered(Made),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub id: Option<String>,
    pub prefix: String,
}

/// One as it stands in the table.
#[derive(Clone, Debug)]
pub struct Standing {
    row: i64,
    pub invocation: String,
    pub what: What,
    pub minter: String,
    pub seen: Vec<String>,
    pub at: DateTime<Utc>,
    pub step: Step,
    /// Its invocation is over, whether or not anybody knows how it ended.
    pub over: bool,
}

impl Standing {
    /// The org key's; a token has none.
    pub fn name(&self) -> &str {
        match &self.what {
            What::OrgKey { name, .. } => name,
            What::WorkspaceToken { .. } => "",
        }
    }

    /// Whether the key stands where servers read their own from, or is in use.
    pub fn is_in_place(&self, keys: &Keyring) -> bool {
        let What::OrgKey { instead: Some(Instead { key_file: Some(file), .. }), .. } = &self.what else { return false };
        let Some(made) = self.made() else { return false };
        let stands = KeyFile::new(file).read().is_ok_and(|key| key_tag(key.expose_secret()) == made.prefix);
        stands || keys.is_own(&made.prefix)
    }

    pub fn made(&self) -> Option<&Made> {
        match &self.step {
            Step::Minting => None,
            Step::Minted(made) | Step::Delivered(made) => Some(made),
        }
    }
}

/// One that this process is at.
#[derive(Clone)]
pub struct Delivery {
    deliveries: Deliveries,
    row: i64,
}

impl Deliveries {
    pub fn new(store: Store, tenant: &str) -> Self {
        Self { store, tenant: tenant.into() }
    }

    /// Before it is minted. None where another one is on its way for the same key.
    pub async fn begin(&self, parcel: Parcel) -> Result<Option<Delivery>, Failure> {
        let tenant = Arc::clone(&self.tenant);
        let begun = self.store.change(Durability::Synced, move |open| table::begin(open, &tenant, &parcel)).await?;
        Ok(begun.map(|row| self.at(row)))
    }

    /// What of this tenant's isn't known to have arrived, or whose invocation has an unknown outcome; of
    /// invocations that are over.
    pub async fn left_behind(&self) -> Result<Vec<Standing>, Failure> {
        let tenant = Arc::clone(&self.tenant);
        self.store.change(Durability::Written, move |open| table::left_behind(open, &tenant)).await
    }

    /// The one for the key with this id, where it isn't done.
    pub async fn instead_of(&self, key: &str) -> Result<Option<Standing>, Failure> {
        let (tenant, key) = (Arc::clone(&self.tenant), key.to_owned());
        self.store.change(Durability::Written, move |open| table::instead_of(open, &tenant, &key)).await
    }

    /// What else is known of the same name, or for the same workspace.
    pub async fn alike(&self, what: &What) -> Result<Vec<Standing>, Failure> {
        let (tenant, what) = (Arc::clone(&self.tenant), what.clone());
        self.store.change(Durability::Written, move |open| table::alike(open, &tenant, &what)).await
    }

    pub fn of(&self, standing: &Standing) -> Delivery {
        self.at(standing.row)
    }

    fn at(&self, row: i64) -> Delivery {
        Delivery { deliveries: self.clone(), row }
    }
}

impl Delivery {
    pub async fn minted(&self, made: Made) -> Result<(), Failure> {
        self.change(move |open, row| table::minted(open, row, &made)).await
    }

    pub async fn delivered(&self) -> Result<(), Failure> {
        self.change(table::delivered).await
    }

    /// The key that it was minted for is gone, too.
    pub async fn old_is_gone(&self) -> Result<(), Failure> {
        self.change(table::old_is_gone).await
    }

    /// Nothing is on its way any more: it was never minted, or it was revoked.
    pub async fn is_gone(&self) -> Result<(), Failure> {
        self.change(table::gone).await
    }

    async fn change(
        &self,
        change: impl FnOnce(&rusqlite::Connection, i64) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Failure> {
        let row = self.row;
        self.deliveries.store.change(Durability::Synced, move |open| change(open, row)).await
    }
}
