//! `molecule-org-mcp keys bootstrap`: the first org key of a tenant that has none for us yet, minted with its
//! break-glass admin token, which is forgotten afterwards. The same road as `mint_org_key`, with another bearer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Choices, Ending, house, log, output, terminal};
use crate::config::{self, Layer};
use crate::dispatch::{Call, Progress};
use crate::failure::{Code, Failure};
use crate::transport::caller::Door;

#[derive(Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Mint the first org key with the tenant's admin token
    Bootstrap(Bootstrap),
}

#[derive(Args)]
struct Bootstrap {
    /// Says what the key is for
    #[arg(long)]
    name: String,
    /// Where the key goes: file, file:NAME, env_file:FILE#VARIABLE, keyring:NAME, command:NAME …
    #[arg(long)]
    sink: String,
    /// A file that holds the admin token and that only its owner may read; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
}

pub(super) async fn run(choices: Choices, flags: Flags) -> Result<(), Ending> {
    let Command::Bootstrap(wanted) = flags.command;
    if choices.embedded {
        return Err(Ending::Usage("--embedded needs no key: its tenant mints one for itself".to_owned()));
    }
    let token = admin_token(wanted.admin_token_file.as_deref()).await?;
    let config = choices.config_over(Layer { token: Some(token), ..Layer::default() })?;
    log::start(&config.log);
    let dispatch = house::open(&config).await?;
    let caller = house::caller(&config, &dispatch.server().grants, Door::Cli).await?;
    let arguments = [("name", wanted.name), ("sink", wanted.sink)];
    let minted = dispatch.call(Call {
        caller,
        tool: "mint_org_key".to_owned(),
        arguments: arguments
            .map(|(name, text)| (name.to_owned(), Value::from(text)))
            .into_iter()
            .collect::<Map<_, _>>(),
        progress: Progress::default(),
        asks: terminal::asks(&dispatch.server().consents),
        cancel: CancellationToken::new(),
    });
    let minted = minted.await;
    dispatch.drain(Duration::from_secs(2)).await;
    let answer = minted.map_err(|refusal| told(refusal.failure))?;
    output::json(&answer.content)?;
    output::notice(
        "Give the server this key (MOLECULE_ORG_TOKEN_FILE, or MOLECULE_ORG_TOKEN) and put the admin token away: \
         nothing here needs it again.",
    );
    Ok(())
}

async fn admin_token(file: Option<&Path>) -> Result<Arc<SecretString>, Ending> {
    let given = match file {
        Some(file) => return Ok(config::admin_token_from(file, "--admin-token-file")?),
        None if !terminal::is_one() => Err(Failure::invalid("there is no terminal to ask for the admin token in")
            .next("Put it into a file that only you may read, and name that with --admin-token-file.")),
        None => terminal::hidden("Admin token: ").await,
    };
    Ok(config::admin_token(given?, "the admin token")?)
}

/// A failure of the road, in the words of this command.
fn told(failure: Failure) -> Failure {
    match failure.code() {
        Code::Unauthenticated => Failure::new(Code::Unauthenticated, "the tenant refused the admin token")
            .changed(failure.has_changed())
            .next("Compare it with ADMIN_TOKEN where the tenant runs."),
        _ => failure,
    }
}
