//! `molecule-org-mcp http`: MCP over streamable HTTP.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use rmcp::handler::server::ServerHandler;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use super::{Ending, duties, house, log, output, reload, watch};
use crate::config::{Config, values};
use crate::dispatch::Dispatch;
use crate::secrets::place::{is_private, write_private};
use crate::transport::mcp::Mcp;
use crate::transport::{http, stop};

#[derive(Args)]
pub(super) struct Flags {
    /// Address and port
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    pub(super) listen: Option<SocketAddr>,
    /// Ask callers for nothing; on loopback only
    #[arg(long)]
    no_auth: bool,
}

pub(super) async fn run(config: Config, flags: Flags) -> Result<(), Ending> {
    run_around(config, flags, |ours| ours).await
}

/// With another handler around ours.
pub(super) async fn run_around<H>(config: Config, flags: Flags, around: impl FnOnce(Mcp) -> H) -> Result<(), Ending>
where
    H: ServerHandler + Clone,
{
    log::start(&config.log);
    if flags.no_auth && !config.listen.ip().is_loopback() {
        return Err(Ending::Usage(format!("--no-auth is for loopback only, and {} isn't", config.listen)));
    }
    house::without_grant(&config)?;
    let dispatch = house::open(&config).await?;
    if let Err(failure) = dispatch.server().grants.ready().await {
        tracing::error!(%failure, "grants can't be looked up: only the owner may enter");
    }
    reload::in_background(&config, &dispatch)?;
    if config.listen.ip().is_loopback() {
        watch::in_background(&dispatch);
    } else {
        watch::closed_or_refuse(&dispatch).await?;
    }
    duties::in_background(&dispatch);
    let bearer = if flags.no_auth { None } else { Some(owner_bearer(&config.data)?) };
    refuse_org_key(&config, bearer.as_ref())?;
    let handler = around(Mcp::behind_a_door(Arc::clone(&dispatch)));
    let door = open_door(&config, bearer.clone(), dispatch, handler).await?;
    let end = stop::token();
    output::notice(&format!("ready http://{}/mcp", door.address()));
    if bearer.is_some() {
        output::notice(&format!("bearer: in {}", owner_file(&config.data).display()));
    }
    serve(door, end).await
}

pub(super) async fn open_door<H>(
    config: &Config,
    bearer: Option<SecretString>,
    dispatch: Arc<Dispatch>,
    handler: H,
) -> Result<http::Bound, Ending>
where
    H: ServerHandler + Clone,
{
    let settings = http::HttpSettings {
        listen: config.listen,
        bearer,
        allowed_hosts: config.allowed_hosts.clone(),
        allowed_origins: config.allowed_origins.clone(),
    };
    let listen = config.listen;
    http::bind_handler(settings, dispatch, handler).await.map_err(|error| Ending::Failed(format!("{listen}: {error}")))
}

/// Until the operator asks for the end; calls that run may finish.
pub(super) async fn serve(door: http::Bound, end: CancellationToken) -> Result<(), Ending> {
    Ok(door.serve(end).await?)
}

/// Somebody may have put it there to have one credential for everything.
fn refuse_org_key(config: &Config, bearer: Option<&SecretString>) -> Result<(), Ending> {
    let key = config.tenant.as_ref().map(|tenant| tenant.token.expose_secret());
    if key.is_some() && key == bearer.map(SecretString::expose_secret) {
        let file = owner_file(&config.data);
        return Err(Ending::Usage(format!("{} holds the org key; delete it for a bearer of our own", file.display())));
    }
    Ok(())
}

fn owner_file(data: &Path) -> PathBuf {
    data.join("owner-bearer")
}

/// The bearer of whoever owns this data directory: made once, kept in a file that only they can read.
pub(super) fn owner_bearer(data: &Path) -> Result<SecretString, Ending> {
    let path = owner_file(data);
    if let Ok(text) = fs::read_to_string(&path)
        && !text.trim().is_empty()
    {
        if !is_private(&path)? {
            return Err(Ending::Usage(format!(
                "{} can be read by others: chmod 600 it, or delete it for a new one",
                path.display()
            )));
        }
        return Ok(text.trim().to_owned().into());
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Ending::Failed(error.to_string()))?;
    let bearer = SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
    write_private(&path, bearer.expose_secret())?;
    Ok(bearer)
}
