//! What is looked at: the configuration part by part, so that a mistake in one of them leaves the others to be
//! looked at.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::super::Choices;
use super::finding::{Check, Finding};
use crate::backend::{Client, Limits, Settings};
use crate::config::{ConfigError, Gathered, TenantConfig};
use crate::policy::Rules;
use crate::policy::origin::Origin;
use crate::tools::surface::Surface;

/// For one request, one name to be resolved, one look at a keyring.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Patient {
    pub(super) data: PathBuf,
    /// None with `--embedded`.
    pub(super) tenant: Result<Option<TenantConfig>, String>,
    pub(super) grant: Result<Option<Arc<SecretString>>, String>,
    pub(super) origin: Origin,
    pub(super) rules: Result<Rules, String>,
    pub(super) surface: Surface,
    pub(super) output_schemas: bool,
    pub(super) credential_dirs: Vec<PathBuf>,
}

impl Patient {
    /// With what there is to say of the configuration. Without a patient nothing else can be looked at.
    pub(super) fn of(choices: Choices) -> (Finding, Option<Self>) {
        let gathered = match choices.gathered() {
            Ok(gathered) => gathered,
            Err(error) => return (wrong(&[error]), None),
        };
        let (data, tenant, guarded) = (gathered.data(), gathered.tenant(), gathered.guarded());
        let (told, tenant) = split(tenant);
        let mistakes: Vec<ConfigError> = told.into_iter().chain(guarded.err()).collect();
        let found = if mistakes.is_empty() { Check::Configuration.ok(said(&gathered)) } else { wrong(&mistakes) };
        let Ok(data) = data else { return (found, None) };
        let origin = gathered.origin();
        let (surface, output_schemas) = gathered.surface();
        let patient = Self {
            data,
            tenant,
            grant: gathered.grant().map_err(|error| error.to_string()),
            rules: origin.rules(),
            origin,
            surface,
            output_schemas,
            credential_dirs: gathered.credential_dirs().to_vec(),
        };
        (found, Some(patient))
    }
}

type Found<T> = (Option<ConfigError>, Result<T, String>);

fn split<T>(found: Result<T, ConfigError>) -> Found<T> {
    match found {
        Ok(found) => (None, Ok(found)),
        Err(error) => (Some(error), Err("the configuration names no tenant that could be asked".to_owned())),
    }
}

fn wrong(mistakes: &[ConfigError]) -> Finding {
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    Check::Configuration
        .problem(told.join("; "), "Correct it: no server starts like this. README.md lists what can be set.")
}

/// Which place says what.
fn said(gathered: &Gathered) -> String {
    let places = gathered.places().iter();
    let told: Vec<String> = places.map(|(place, said)| format!("{place}: {}", said.join(", "))).collect();
    if told.is_empty() { "nothing is set; the defaults hold".to_owned() } else { told.join("; ") }
}

/// Asks as this server would, once and with less patience.
pub(super) fn client(tenant: &TenantConfig, org_id: Option<String>) -> Result<Client, String> {
    let limits = Limits { connect: PATIENCE, total: PATIENCE, attempts: 1, ..Limits::default() };
    let settings = Settings { base: tenant.base.clone(), token: Arc::clone(&tenant.token), org_id, limits };
    Client::new(settings).map_err(|failure| failure.to_string())
}
