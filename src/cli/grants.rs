//! `molecule-org-mcp grants`: credentials for callers, each with a role, a binding and an end. It works on the
//! data directory and asks no tenant.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Choices, Chosen, Ending, house, output};
use crate::config::{self, Config};
use crate::grants::{By, Grants, Issued, Line, Until, Wish};
use crate::journal::entry::Person;
use crate::policy::binding::Binding;
use crate::policy::role::Role;
use crate::secrets::place::create_private;
use crate::store::Store;
use crate::tools::ids::{WebAddress, WorkspaceId};

#[derive(Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Issue one; its credential is printed once, alone on stdout
    Create(Box<Create>),
    /// All there are and were: what they may, until when, and what they were used for
    List(List),
    /// Take one back at once, with all that were issued under it
    Revoke(Revoke),
}

#[derive(Args)]
struct Create {
    /// What it is for; 1 to 100 bytes, unique among live grants
    #[arg(long)]
    name: String,
    /// viewer, operator, approver, owner or admin
    #[arg(long, value_parser = Role::parse)]
    role: Role,
    /// Bound to this workspace; may be given again
    #[arg(long, value_name = "ID", value_parser = workspace)]
    workspace: Vec<WorkspaceId>,
    /// Bound to this workspace and all below it; may be given again
    #[arg(long, value_name = "ID", value_parser = workspace)]
    subtree: Vec<WorkspaceId>,
    /// 30m, 12h, 7d, 4w, a time in RFC 3339, or never (the operator's alone); 30d where nothing is said
    #[arg(long, value_name = "WHEN", value_parser = Until::parse)]
    expires: Option<Until>,
    /// The workspace that its holder runs in, which it may not stop or delete
    #[arg(long, value_name = "ID", value_parser = workspace)]
    own_workspace: Option<WorkspaceId>,
    /// Whom the issuer names as the person behind it
    #[arg(long, value_name = "SUBJECT", requires = "issuer")]
    person: Option<String>,
    /// Who says so
    #[arg(long, value_name = "URL", requires = "person", value_parser = address)]
    issuer: Option<WebAddress>,
    /// Issue it under the grant in this file, no wider and no longer
    #[arg(long, value_name = "FILE")]
    under: Option<PathBuf>,
    /// Print an object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct List {
    /// Print an array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Revoke {
    /// Its id, prefix or name, whole
    grant: String,
}

fn workspace(text: &str) -> Result<WorkspaceId, String> {
    WorkspaceId::try_from(text.to_owned()).map_err(ToOwned::to_owned)
}

fn address(text: &str) -> Result<WebAddress, String> {
    WebAddress::try_from(text.to_owned()).map_err(ToOwned::to_owned)
}

pub(super) async fn run(mut choices: Choices, flags: Flags) -> Result<(), Ending> {
    // These two narrow the new grant, and nothing else here.
    let toolsets = choices.toolsets.take();
    let read_only = std::mem::take(&mut choices.read_only);
    if !matches!(flags.command, Command::Create(_)) && (toolsets.is_some() || read_only) {
        return Err(Ending::Usage("--toolsets and --read-only are for `grants create`".to_owned()));
    }
    choices.embedded = true;
    let mut config = choices.config(None)?;
    if let Command::Create(create) = &flags.command
        && let Some(file) = &create.under
    {
        config.grant = Some(config::grant_from(file, "--under")?);
    }
    create_private(&config.data)?;
    let grants = Grants::new(Store::open(&config.data));
    grants.ready().await?;
    let by = by(&config, &grants)?;
    match flags.command {
        Command::Create(wanted) => create(*wanted, toolsets, read_only, &config, &grants, by).await,
        Command::List(List { json }) => list(json, &grants, &by).await,
        Command::Revoke(Revoke { grant }) => {
            let gone = grants.revoke(&grant, by, Utc::now()).await?;
            let under = match gone.under {
                0 => "nothing was issued under it".to_owned(),
                1 => "and 1 grant issued under it".to_owned(),
                many => format!("and {many} grants issued under it"),
            };
            Ok(output::line(&format!("revoked {} ({}), {under}", gone.name, gone.prefix))?)
        }
    }
}

fn by(config: &Config, grants: &Grants) -> Result<By, Ending> {
    if let Some(credential) = &config.grant {
        return Ok(By::Grant(house::live(grants, credential)?));
    }
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env::var(name).ok());
    Ok(By::Terminal(user.filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".to_owned())))
}

async fn create(
    wanted: Create,
    toolsets: Option<Chosen>,
    read_only: bool,
    config: &Config,
    grants: &Grants,
    by: By,
) -> Result<(), Ending> {
    let json = wanted.json;
    let issued = grants.issue(wish(wanted, toolsets, read_only), by, &config.rules, Utc::now()).await?;
    let expires =
        issued.grant.expires.map_or("never expires".to_owned(), |end| format!("expires {}", end.to_rfc3339()));
    output::notice(&format!(
        "grant {} ({}), {}, {expires}. Its credential is shown this once.",
        issued.grant.name,
        issued.grant.id,
        issued.grant.role.as_str()
    ));
    if json {
        return Ok(output::json_on_purpose(&shown(&issued))?);
    }
    Ok(output::line_on_purpose(issued.credential.expose())?)
}

fn wish(wanted: Create, toolsets: Option<Chosen>, read_only: bool) -> Wish {
    let binding =
        Binding { workspaces: wanted.workspace.into_iter().collect(), subtrees: wanted.subtree.into_iter().collect() };
    Wish {
        name: wanted.name,
        role: wanted.role,
        binding: Some(binding).filter(|binding| *binding != Binding::default()),
        toolsets: toolsets.map(|chosen| chosen.0.into_iter().collect()),
        until: wanted.expires,
        read_only,
        own_workspace: wanted.own_workspace,
        person: wanted
            .person
            .zip(wanted.issuer)
            .map(|(subject, issuer)| Person { issuer: issuer.to_string(), subject }),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    credential: &'a str,
    id: &'a str,
    prefix: &'a str,
    name: &'a str,
    role: Role,
    expires: Option<String>,
    parent: Option<&'a str>,
}

fn shown(issued: &Issued) -> Shown<'_> {
    let grant = &issued.grant;
    Shown {
        credential: issued.credential.expose(),
        id: &grant.id,
        prefix: &issued.prefix,
        name: &grant.name,
        role: grant.role,
        expires: grant.expires.map(|end| end.to_rfc3339()),
        parent: grant.parent.as_ref().map(|parent| parent.id.as_str()),
    }
}

async fn list(json: bool, grants: &Grants, by: &By) -> Result<(), Ending> {
    let lines = grants.list(by, Utc::now()).await?;
    if json {
        return Ok(output::json(&lines)?);
    }
    if lines.is_empty() {
        output::notice("there are no grants");
    }
    lines.iter().try_for_each(|line| Ok(output::line(&told(line))?))
}

/// For people: a line of what it is, and below it what it may and did.
fn told(line: &Line) -> String {
    let end = match (line.revoked, line.expires) {
        (Some(at), _) => format!("revoked {} by {}", at.to_rfc3339(), line.revoked_by.as_deref().unwrap_or("?")),
        (None, Some(end)) => format!("{} {}", line.state.as_str(), end.to_rfc3339()),
        (None, None) => "live, never expires".to_owned(),
    };
    let mut text = format!("{}  {}  {}  {end}\n    {}", line.prefix, line.name, line.role.as_str(), line.id);
    let ids = |ids: &BTreeSet<WorkspaceId>| ids.iter().map(WorkspaceId::as_str).collect::<Vec<_>>().join(", ");
    let few = |what: &str, found: &Option<BTreeSet<WorkspaceId>>| {
        found.as_ref().filter(|found| !found.is_empty()).map(|found| format!("{what} {}", ids(found)))
    };
    let toolsets = line
        .toolsets
        .as_ref()
        .map(|chosen| format!("toolsets {}", chosen.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ")));
    let person = line.person.as_ref().map(|person| format!("for {} ({})", person.subject, person.issuer));
    let calls: Vec<String> = line.calls.iter().map(|(tool, calls)| format!("{tool} {calls}")).collect();
    let used = line.last_used.as_ref().map(|at| format!("last used {at}: {}", calls.join(", ")));
    let more = [
        few("workspaces", &line.workspaces),
        few("subtrees", &line.subtrees),
        toolsets,
        line.read_only.then(|| "read-only".to_owned()),
        line.own_workspace.as_ref().map(|own| format!("runs in {own}")),
        person,
        Some(format!("by {} at {}", line.creator, line.created.to_rfc3339())),
        Some(used.unwrap_or_else(|| "never used".to_owned())),
    ];
    for part in more.into_iter().flatten() {
        text.push_str("\n    ");
        text.push_str(&part);
    }
    text
}
