//! `molecule-org-mcp consents …`: what waits for a person, and the person's answer. Works on the data
//! directory alone; it asks no tenant.

use std::env;
use std::path::Path;

use chrono::Utc;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Choices, Ending, log, output, terminal};
use crate::consent::operator::SHORTEST;
use crate::consent::{Agreer, Answered, Consents, Question, Said, Standing};
use crate::secrets::place::create_private;
use crate::store::Store;

#[derive(Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What waits for a person
    List {
        #[arg(long)]
        json: bool,
    },
    /// Show one whole, and agree to it; on a terminal
    Agree { id: String },
    /// Say no
    Refuse { id: String },
    /// Set or change the passphrase that agreeing asks for; on a terminal
    Passphrase {
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
}

pub(super) async fn run(mut choices: Choices, flags: Flags) -> Result<(), Ending> {
    // No tenant is asked, so none has to be configured.
    choices.embedded = true;
    let config = choices.config(None)?;
    log::start(&config.log);
    create_private(&config.data).map_err(|error| Ending::Failed(format!("{}: {error}", config.data.display())))?;
    let consents = Consents::new(Store::open(&config.data));
    match flags.command {
        Command::List { json } => list(&consents, json).await,
        Command::Agree { id } => agree(&consents, &id, &config.data).await,
        Command::Refuse { id } => refuse(&consents, &id, &config.data).await,
        Command::Passphrase { remove } => passphrase(&consents, remove).await,
    }
}

async fn list(consents: &Consents, as_json: bool) -> Result<(), Ending> {
    let waiting = consents.waiting(Utc::now()).await?;
    if as_json {
        return Ok(output::json(&waiting.iter().map(line).collect::<Vec<Value>>())?);
    }
    if waiting.is_empty() {
        output::notice("Nothing waits for a person.");
    }
    for one in waiting {
        let (asked, until) = (one.asked.format("%H:%M:%S"), one.until.format("%H:%M:%S UTC"));
        output::line(&format!("{}  {asked} to {until}  {}  {}", one.id, one.bond.caller, one.bond.tool))?;
        output::line(&format!("          {}", one.preview.about()))?;
    }
    Ok(())
}

fn line(one: &Question) -> Value {
    json!({
        "id": one.id,
        "asked": one.asked,
        "until": one.until,
        "caller": one.bond.caller,
        "tool": one.bond.tool,
        "tenant": one.bond.tenant,
        "targets": one.targets,
        "preview": one.preview.lines,
    })
}

async fn agree(consents: &Consents, id: &str, data: &Path) -> Result<(), Ending> {
    wants_terminal()?;
    refuse_grant()?;
    let question = find(consents, id, data).await?;
    let said = terminal::hear(consents, &question).await?;
    let answered = match said {
        Said::Nothing => return Err(Ending::Refused("nothing was answered; it still waits".to_owned())),
        ref said => consents.answer(&question, said, &Agreer::here(), Utc::now()).await?,
    };
    match answered {
        Answered::Agreed => {
            output::notice("Agreed: the same call goes through once, within 10 minutes.");
            Ok(())
        }
        Answered::Refused if said == Said::No => Err(Ending::Refused("refused".to_owned())),
        Answered::Refused => Err(Ending::Refused("that isn't the name either: refused".to_owned())),
        Answered::WrongName => Err(Ending::Refused("that isn't the name; there is one more try".to_owned())),
        Answered::NotWaiting => Err(gone(&question.id)),
    }
}

async fn refuse(consents: &Consents, id: &str, data: &Path) -> Result<(), Ending> {
    refuse_grant()?;
    let question = find(consents, id, data).await?;
    match consents.answer(&question, &Said::No, &Agreer::here(), Utc::now()).await? {
        Answered::Refused => {
            output::notice("Refused.");
            Ok(())
        }
        _ => Err(gone(&question.id)),
    }
}

async fn passphrase(consents: &Consents, remove: bool) -> Result<(), Ending> {
    wants_terminal()?;
    let is_set = consents.has_passphrase().await?;
    if is_set {
        output::notice("The present passphrase is asked for first.");
        terminal::prove(consents).await?;
    }
    if remove {
        consents.set_passphrase(None).await?;
        output::notice(if is_set { "Removed." } else { "None was set." });
        return Ok(());
    }
    output::notice(&format!("A new one, of {SHORTEST} characters or more, is asked for twice."));
    let new = terminal::hidden("New passphrase: ").await?;
    let again = terminal::hidden("Again: ").await?;
    if new.expose_secret() != again.expose_secret() {
        return Err(Ending::Failed("the two differ; nothing was changed".to_owned()));
    }
    consents.set_passphrase(Some(new)).await?;
    output::notice("Set. Agreeing on a terminal asks for it from now on.");
    Ok(())
}

async fn find(consents: &Consents, id: &str, data: &Path) -> Result<Question, Ending> {
    match consents.get(id, Utc::now()).await? {
        Some((question, Standing::Waiting)) => Ok(question),
        Some(_) => Err(gone(id)),
        None => Err(Ending::Failed(format!(
            "nothing waits under this id in {}; `consents list` says what does, and --data or MOLECULE_MCP_DATA names \
             another directory",
            data.display()
        ))),
    }
}

fn gone(id: &str) -> Ending {
    Ending::Failed(format!("{id} was answered already, or is over"))
}

/// A script isn't a person.
fn wants_terminal() -> Result<(), Ending> {
    if terminal::is_one() {
        return Ok(());
    }
    Err(Ending::Refused("this wants a person at a terminal: stdin and stderr have to be one".to_owned()))
}

/// Whoever carries a grant answers as its holder, and not as the operator.
fn refuse_grant() -> Result<(), Ending> {
    match ["MOLECULE_MCP_GRANT", "MOLECULE_MCP_GRANT_FILE"].into_iter().find(|name| env::var_os(name).is_some()) {
        Some(name) => Err(Ending::Refused(format!("{name} is set, and grants can't answer yet: unset it"))),
        None => Ok(()),
    }
}
