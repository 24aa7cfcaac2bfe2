//! `molecule-org-mcp tenant`: the embedded tenant alone, for whoever wants to talk to the platform's
//! API without a platform.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Choices, Ending, log, output};
use crate::backend::embedded::{self, EVERYDAY_SALT, Environment, OpenError, Provisioner, Settings, Tenant};
use crate::config::values;
use crate::secrets::place::create_private;
use crate::transport::stop;

#[derive(Args)]
pub(super) struct Flags {
    /// Address and port
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: SocketAddr,
    /// The break-glass admin token; without one the platform's bootstrap rules hold
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// Start without the demo organisation
    #[arg(long)]
    empty: bool,
    /// Requests a minute and address
    #[arg(long, value_name = "N", default_value_t = 600)]
    rate_limit: u32,
    /// Minted org keys an hour and address; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 10)]
    mint_limit: u32,
    /// The organisation that requests must name
    #[arg(long, value_name = "ID")]
    org_id: Option<String>,
    /// Who starts workspaces
    #[arg(long, value_enum, default_value = "simulated")]
    provisioner: ProvisionerName,
    /// What kind of deployment it plays
    #[arg(long, value_enum, default_value = "staging")]
    environment: EnvironmentName,
    /// A directory with org-templates/, workspace-templates/ and plugins/
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Files of rows to begin with
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
    /// Signs the tenant's own ledger; empty for a tenant that can't tell whether it is whole
    #[arg(long, value_name = "S", default_value = EVERYDAY_SALT)]
    ledger_salt: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProvisionerName {
    Simulated,
    Failing,
    None,
    ControlPlane,
}

#[derive(Clone, Copy, ValueEnum)]
enum EnvironmentName {
    Development,
    Staging,
    Production,
}

pub(super) async fn run(choices: Choices, flags: Flags) -> Result<(), Ending> {
    log::start(choices.log.as_deref().unwrap_or("info"));
    // Kept where the operator names a place; otherwise each run begins anew.
    let kept = choices.data.or_else(|| env::var_os("MOLECULE_MCP_DATA").map(PathBuf::from));
    let state = match kept {
        Some(directory) => directory.join("tenant"),
        None => env::temp_dir().join(format!("molecule-org-mcp-tenant-{}", Uuid::new_v4().simple())),
    };
    create_private(&state)?;
    let listen = flags.listen;
    let tenant = open(flags, state).map_err(|error| Ending::Failed(error.to_string()))?;
    let listener = TcpListener::bind(listen).await.map_err(|error| Ending::Failed(format!("{listen}: {error}")))?;
    let end = stop::token();
    output::notice(&format!("ready http://{}", listener.local_addr()?));
    Ok(embedded::serve(&tenant, listener, end).await?)
}

fn open(flags: Flags, state: PathBuf) -> Result<Tenant, OpenError> {
    let tenant = Tenant::open(Settings {
        state,
        admin_token: flags.admin_token.filter(|token| !token.is_empty()),
        org_id: flags.org_id,
        rate_limit: flags.rate_limit,
        mint_limit: flags.mint_limit,
        provisioner: match flags.provisioner {
            ProvisionerName::Simulated => Provisioner::Simulated,
            ProvisionerName::Failing => Provisioner::Failing,
            ProvisionerName::None => Provisioner::None,
            ProvisionerName::ControlPlane => Provisioner::ControlPlane,
        },
        environment: match flags.environment {
            EnvironmentName::Development => Environment::Development,
            EnvironmentName::Staging => Environment::Staging,
            EnvironmentName::Production => Environment::Production,
        },
        fixtures: flags.fixtures,
        ledger_salt: Some(flags.ledger_salt).filter(|salt| !salt.is_empty()),
        pace: Duration::from_millis(400),
        schedule_poll: Duration::from_secs(30),
    })?;
    if !flags.empty && tenant.is_empty()? {
        tenant.seed_demo()?;
    }
    for file in flags.seed {
        tenant.seed_rows(&file)?;
    }
    Ok(tenant)
}
