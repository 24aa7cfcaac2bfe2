//! The command line: one file a subcommand. This one knows the flags, starts the runtime, and turns
//! what came back into an exit code: 0 done, 1 failed, 2 wrong usage, 3 refused or
//! waiting for a person.

mod ask;
mod call;
mod completions;
mod consents;
mod demo;
pub mod discreet;
mod doctor;
mod drops;
mod duties;
mod forget;
mod grants;
mod house;
mod http;
mod install;
mod journal;
mod keys;
mod log;
mod manual;
mod org;
mod output;
mod reload;
mod stdio;
mod tenant;
mod terminal;
mod tools;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use rmcp::handler::server::ServerHandler;
use tokio::runtime::Builder;

use crate::config::{Config, ConfigError, Gathered, Layer, values};
use crate::failure::{Code, Failure};
use crate::tools::surface::Surface;
use crate::tools::toolset::Toolset;
use crate::transport::mcp::Mcp;

/// Administer a Molecule AI organisation from any MCP client.
#[derive(Parser)]
#[command(name = "molecule-org-mcp", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    choices: Choices,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// MCP over stdio: what a client starts as its own process (the default)
    Stdio,
    /// MCP over streamable HTTP, at /mcp and /mcp/json
    Http(http::Flags),
    /// An embedded tenant with a seeded organisation, over HTTP, in a fresh directory
    Demo(demo::Flags),
    /// The embedded tenant alone, speaking the platform's own API
    Tenant(tenant::Flags),
    /// Call one tool from the terminal, on the same road
    Call(call::Flags),
    /// Scoped credentials for callers: issue, list, revoke
    Grants(grants::Flags),
    /// The catalogue
    Tools(tools::Flags),
    /// The first org key, minted with the tenant's admin token
    Keys(keys::Flags),
    /// Read, verify, export and prune the journal
    Journal(journal::Flags),
    /// What waits for a person, and a person's answer
    Consents(consents::Flags),
    /// The organisation as code: plan, import, export, diff
    Org(org::Flags),
    /// Check everything that can be wrong, and say what to do; exit code 1 if something is
    Doctor(doctor::Flags),
    /// Set up a client: write into its own file how it starts this server
    Install(install::Flags),
    /// A script that completes this command in a shell
    Completions(completions::Flags),
    /// The manual, a page a command, into a directory
    #[command(hide = true)]
    Man(manual::Flags),
}

#[derive(Args, Clone)]
struct Choices {
    /// A configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where state lives
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use an embedded tenant whose state lives in the data directory; needs no key
    #[arg(long, global = true)]
    embedded: bool,
    /// Only these groups of tools, or `all`
    #[arg(long, global = true, value_name = "A,B", value_parser = toolsets)]
    toolsets: Option<Chosen>,
    /// How much of the catalogue is listed: compact or full
    #[arg(long, global = true, value_parser = values::surface)]
    surface: Option<Surface>,
    /// List what tools answer, too; costs a client context
    #[arg(long, global = true)]
    output_schemas: bool,
    /// Refuse everything that changes anything
    #[arg(long, global = true)]
    read_only: bool,
    /// A policy file (TOML): roles, consent, limits and the ceiling that nobody gets over
    #[arg(long, global = true, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What goes to stderr: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = values::log)]
    log: Option<String>,
}

/// A list that is one value, which the argument parser would take for a repeated one.
#[derive(Clone)]
struct Chosen(Vec<Toolset>);

fn toolsets(text: &str) -> Result<Chosen, String> {
    values::toolsets(text).map(Chosen)
}

impl Choices {
    fn config(self, listen: Option<SocketAddr>) -> Result<Config, ConfigError> {
        self.config_over(Layer { listen, ..Layer::default() })
    }

    /// With what a command adds to the flags.
    fn config_over(self, more: Layer) -> Result<Config, ConfigError> {
        let (file, embedded) = (self.config.clone(), self.embedded);
        Config::load(self.layer(more), file.as_deref(), embedded)
    }

    /// The same, not checked as a whole.
    fn gathered(self) -> Result<Gathered, ConfigError> {
        let (file, embedded) = (self.config.clone(), self.embedded);
        Gathered::from(self.layer(Layer::default()), file.as_deref(), embedded)
    }

    fn layer(self, more: Layer) -> Layer {
        Layer {
            data: self.data,
            toolsets: self.toolsets.map(|chosen| chosen.0),
            surface: self.surface,
            output_schemas: self.output_schemas.then_some(true),
            // A flag can only tighten; the environment or the file may have said so already.
            read_only: self.read_only.then_some(true),
            policy: self.policy,
            log: self.log,
            ..more
        }
    }
}

/// How a command ends when it doesn't end well.
enum Ending {
    /// Wrong usage or configuration.
    Usage(String),
    /// It was tried and failed.
    Failed(String),
    /// Policy or a person said no, or a person has to agree first.
    Refused(String),
}

impl From<ConfigError> for Ending {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        match failure.code() {
            Code::InvalidInput => Self::Usage(failure.text()),
            Code::ForbiddenByPolicy | Code::ConsentRequired | Code::ConsentInvalid => Self::Refused(failure.text()),
            _ => Self::Failed(failure.text()),
        }
    }
}

impl Ending {
    fn tell(self) -> ExitCode {
        let (code, text) = match self {
            Self::Failed(text) => (1, text),
            Self::Usage(text) => (2, text),
            Self::Refused(text) => (3, text),
        };
        output::problem(&text);
        ExitCode::from(code)
    }
}

pub fn main() -> ExitCode {
    let cli = Cli::begun();
    carried_out(&mut cli.runtime(), run(cli))
}

/// `molecule-org-mcp http`, with another handler around ours: what checks our conformance puts its fixtures there.
pub fn http_around<H: ServerHandler + Clone>(around: impl FnOnce(Mcp) -> H) -> ExitCode {
    let cli = Cli::begun();
    carried_out(&mut cli.runtime(), async {
        match cli.command {
            Some(Command::Http(flags)) => http::run_around(cli.choices.config(flags.listen)?, flags, around).await,
            _ => Err(Ending::Usage("only `http` is served here".to_owned())),
        }
    })
}

fn carried_out(runtime: &mut Builder, work: impl Future<Output = Result<(), Ending>>) -> ExitCode {
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ending::from(error).tell(),
    };
    let result = runtime.block_on(work);
    // A read of stdin can't be interrupted, and nothing else is worth waiting for.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => ending.tell(),
    }
}

impl Cli {
    fn begun() -> Self {
        discreet::begin();
        Self::parse()
    }

    /// One client's own process does one thing at a time, mostly: on one thread a call doesn't wander
    /// between threads, which costs more than the rest of it. What serves many uses all cores.
    fn runtime(&self) -> Builder {
        match self.command {
            Some(Command::Http(_) | Command::Demo(_) | Command::Tenant(_)) => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        }
    }
}

async fn run(cli: Cli) -> Result<(), Ending> {
    let choices = cli.choices;
    match cli.command.unwrap_or(Command::Stdio) {
        Command::Stdio => stdio::run(choices.config(None)?).await,
        Command::Http(flags) => http::run(choices.config(flags.listen)?, flags).await,
        Command::Demo(flags) => demo::run(choices, flags).await,
        Command::Tenant(flags) => tenant::run(choices, flags).await,
        Command::Call(flags) => call::run(choices.config(None)?, flags).await,
        Command::Journal(flags) => journal::run(choices, flags).await,
        Command::Keys(flags) => keys::run(choices, flags).await,
        Command::Grants(flags) => grants::run(choices, flags).await,
        Command::Tools(flags) => tools::run(choices, flags).await,
        Command::Consents(flags) => consents::run(choices, flags).await,
        Command::Org(flags) => org::run(choices.config(None)?, flags).await,
        Command::Doctor(flags) => doctor::run(choices, flags).await,
        Command::Install(flags) => install::run(choices, &flags),
        Command::Completions(flags) => Ok(completions::run(&flags)?),
        Command::Man(flags) => Ok(manual::run(&flags)?),
    }
}
