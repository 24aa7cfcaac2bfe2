//! Puts the rooms together for the commands that serve or call: data directory, tenant, journal,
//! dispatch.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Ending, output, reload};
use crate::backend::embedded::{self, OpenError, Tenant};
use crate::backend::{Base, Client, KeyFile, Limits, Settings};
use crate::capsules::Capsules;
use crate::config::{Config, TenantConfig};
use crate::consent::Consents;
use crate::deliveries::Deliveries;
use crate::dispatch::{Books, Dispatch};
use crate::drops::Drops;
use crate::events::Events;
use crate::fleets::Fleets;
use crate::grants::{Grants, Known, State};
use crate::imports::Imports;
use crate::jobs::Jobs;
use crate::journal::Journal;
use crate::leases::Leases;
use crate::policy::Rules;
use crate::policy::grant::Grant;
use crate::policy::live::Live;
use crate::results::Results;
use crate::secrets::Directories;
use crate::secrets::place::{create_private, is_guarded, write_private};
use crate::store::Store;
use crate::tools::catalogue::Catalogue;
use crate::tools::cursor::Seal;
use crate::tools::invocation::Server;
use crate::transport::caller::{Caller, Door};
use crate::webhooks::Outbox;

/// In the embedded tenant's directory: the org key that this data directory's servers use with it.
const ORG_KEY: &str = "org-key";

/// The rooms of one process.
pub(super) async fn open(config: &Config) -> Result<Arc<Dispatch>, Ending> {
    create_private(&config.data).map_err(|error| unusable(&config.data, &error))?;
    let tenant = match &config.tenant {
        Some(tenant) => tenant.clone(),
        None => carry_tenant(&config.data, false).await?,
    };
    build(config, tenant)
}

pub(super) fn build(config: &Config, tenant: TenantConfig) -> Result<Arc<Dispatch>, Ending> {
    let client = Client::new(Settings {
        base: tenant.base,
        token: tenant.token,
        org_id: tenant.org_id,
        limits: Limits::default(),
    })?;
    if let Some(file) = tenant.key_file {
        warn_of_readers(file.path());
        client.keys().kept_in(file);
    }
    reload::tell("the policy that holds", &config.rules);
    let store = Store::open(&config.data);
    let books = Books::new(&store);
    let drops = Drops::new(store.clone(), client.derived_secret("drops"), output::notice);
    let (consents, grants) = (Consents::new(store.clone()), Grants::new(store.clone()));
    let (leases, outbox) = (Leases::new(store.clone()), Outbox::new(store.clone()));
    let tenant = config.tenant.as_ref().map_or("embedded", |_| client.address()).to_owned();
    let deliveries = Deliveries::new(store.clone(), &tenant);
    let capsules = Capsules::new(store.clone(), &config.data, &tenant);
    let fleets = Fleets::new(store.clone(), &tenant);
    let imports = Imports::new(store.clone(), &tenant);
    let journal = Journal::open(store.clone(), &config.data, &tenant);
    config.rules.anchor.iter().for_each(|anchor| journal.anchored(anchor.clone()));
    let jobs = Jobs::new(store, &tenant, journal.clone());
    let server = Server {
        address: client.address().to_owned(),
        tenant,
        keys: client.keys().clone(),
        deliveries,
        directories: Directories::new(config.data.join("credentials"), config.credential_dirs.clone()),
        drops,
        template_dirs: config.template_dirs.clone(),
        capsules,
        fleets,
        imports,
        jobs,
        policy: Live::new(rules(config)),
        results: Results::default(),
        leases,
        outbox,
        events: Events::new(client.clone()),
        consents,
        elsewhere: config.elsewhere(),
        grants,
        journal,
        catalogue: Catalogue::new(),
        surface: config.surface,
        output_schemas: config.output_schemas,
        seal: Seal::new(client.derived_secret("cursor")),
    };
    Ok(Arc::new(Dispatch::new(Arc::new(server), client, books)))
}

/// A key that is mounted into a container often can be read by all of its users: that is told, and taken.
fn warn_of_readers(key: &Path) {
    if matches!(is_guarded(key), Ok(false)) {
        tracing::warn!(file = %key.display(), "the org key's file can be read by others: chmod 600 it");
    }
}

/// The embedded tenant has no limits of its own to stay under; what a policy file says holds there, too.
fn rules(config: &Config) -> Rules {
    let mut rules = config.rules.clone();
    if config.tenant.is_none() && rules.digest.is_none() {
        (rules.limits.minting, rules.limits.tenant) = (None, None);
    }
    rules
}

/// Who acts through a process of one caller: the holder of the grant that it was given, or the operator.
pub(super) async fn caller(config: &Config, grants: &Grants, door: Door) -> Result<Caller, Ending> {
    let Some(credential) = &config.grant else { return Ok(Caller::operator("local", door)) };
    grants.ready().await?;
    Ok(Caller::presenting(live(grants, credential)?, door))
}

/// The grant behind a credential, or why it opens nothing.
pub(super) fn live(grants: &Grants, credential: &SecretString) -> Result<Arc<Grant>, Ending> {
    let known = grants.recognise(credential.expose_secret(), Utc::now())?;
    opening(known).map_err(|why| Ending::Usage(format!("{why}; ask the operator for a new one")))
}

/// The same of what was found.
pub(super) fn opening(known: Option<Known>) -> Result<Arc<Grant>, String> {
    match known {
        Some(Known { grant, state: State::Live }) => Ok(grant),
        Some(Known { grant, state: State::Expired }) => Err(format!("the grant `{}` has expired", grant.name)),
        Some(Known { grant, state: State::Revoked }) => Err(format!("the grant `{}` was revoked", grant.name)),
        None => Err("this grant isn't known in this data directory".to_owned()),
    }
}

/// Whoever comes over HTTP brings a grant of their own: one in the environment would bind nobody.
pub(super) fn without_grant(config: &Config) -> Result<(), Ending> {
    match config.grant {
        None => Ok(()),
        Some(_) => Err(Ending::Usage(
            "MOLECULE_MCP_GRANT and MOLECULE_MCP_GRANT_FILE are for stdio and call; over HTTP each caller brings a \
             grant as its bearer: unset them to go on"
                .to_owned(),
        )),
    }
}

/// The embedded tenant, served in the background on a port of its own that only this machine reaches;
/// with the demo organisation in it, if it is `seeded`.
pub(super) async fn carry_tenant(data: &Path, seeded: bool) -> Result<TenantConfig, Ending> {
    let state = data.join("embedded");
    create_private(&state).map_err(|error| unusable(&state, &error))?;
    let tenant = open_tenant(&state, seeded).map_err(|error| Ending::Failed(error.to_string()))?;
    let token = own_key(&tenant, &state)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = Base::parse(&format!("http://{}", listener.local_addr()?)).map_err(Ending::Failed)?;
    tokio::spawn(async move {
        if let Err(error) = embedded::serve(&tenant, listener, CancellationToken::new()).await {
            tracing::error!(%error, "the embedded tenant ended");
        }
    });
    let key_file = Some(KeyFile::new(&state.join(ORG_KEY)));
    Ok(TenantConfig { base, token: Arc::new(token), key_file, org_id: None })
}

fn open_tenant(state: &Path, seeded: bool) -> Result<Tenant, OpenError> {
    let mut settings = embedded::Settings::everyday(state.to_owned());
    // Its only caller is this process; the platform's limits are there to be met in `tenant`.
    settings.rate_limit = u32::MAX;
    settings.mint_limit = 0;
    let tenant = Tenant::open(settings)?;
    if seeded {
        tenant.seed_demo()?;
    }
    Ok(tenant)
}

/// The org key that this data directory's servers use with its tenant: minted once, kept in a file of
/// the owner's. Several processes may start at once; a lock makes one of them the first.
fn own_key(tenant: &Tenant, state: &Path) -> Result<SecretString, Ending> {
    let path = state.join(ORG_KEY);
    let guard = OpenOptions::new().create(true).truncate(false).write(true).open(state.join("org-key.lock"))?;
    guard.lock()?;
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned().into()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(&path, &error)),
    }
    let key =
        tenant.mint_org_key("molecule-org-mcp", "admin-token").map_err(|error| Ending::Failed(error.to_string()))?;
    write_private(&path, key.expose_secret()).map_err(|error| unusable(&path, &error))?;
    Ok(key)
}

fn unusable(path: &Path, error: &io::Error) -> Ending {
    Ending::Failed(format!("{} can't be used: {error}", path.display()))
}
