//! `molecule-org-mcp demo`: an organisation to try everything on, gone when its directory is.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{Choices, Ending, duties, house, http, log, output, reload};
use crate::config::values;
use crate::secrets::place::create_private;
use crate::transport::mcp::Mcp;
use crate::transport::stop;

#[derive(Args)]
pub(super) struct Flags {
    /// Address and port
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(mut choices: Choices, flags: Flags) -> Result<(), Ending> {
    choices.embedded = true;
    let directory = fresh_directory(choices.data.take())?;
    choices.data = Some(directory.clone());
    let mut config = choices.config(flags.listen)?;
    log::start(&config.log);
    house::without_grant(&config)?;
    if !config.listen.ip().is_loopback() {
        return Err(Ending::Usage("the demo listens on loopback only".to_owned()));
    }
    let tenant = house::carry_tenant(&directory, true).await?;
    let dispatch = house::build(&config, tenant)?;
    reload::in_background(&config, &dispatch)?;
    duties::in_background(&dispatch);
    let bearer = http::owner_bearer(&directory)?;
    let handler = Mcp::behind_a_door(dispatch.clone());
    let door = match http::open_door(&config, Some(bearer.clone()), dispatch.clone(), handler.clone()).await {
        // The usual port is taken, and nobody asked for it by name: any other will do.
        Err(_) if flags.listen.is_none() => {
            config.listen.set_port(0);
            http::open_door(&config, Some(bearer.clone()), dispatch, handler).await?
        }
        door => door?,
    };
    let end = stop::token();
    tell(door.address(), bearer.expose_secret(), &directory);
    http::serve(door, end).await
}

fn fresh_directory(chosen: Option<PathBuf>) -> Result<PathBuf, Ending> {
    let directory = match chosen {
        Some(directory) if directory.exists() && directory.read_dir()?.next().is_some() => {
            return Err(Ending::Usage(format!(
                "{} isn't empty; the demo wants a fresh directory",
                directory.display()
            )));
        }
        Some(directory) => directory,
        None => env::temp_dir().join(format!("molecule-org-mcp-demo-{}", Uuid::new_v4().simple())),
    };
    create_private(&directory)?;
    Ok(directory)
}

fn tell(address: SocketAddr, bearer: &str, directory: &std::path::Path) {
    output::notice_on_purpose(&format!(
        "ready http://{address}/mcp\n\n\
         A demo organisation is running. Connect Claude Code to it:\n\n  \
         claude mcp add --transport http molecule-demo http://{address}/mcp --header \"Authorization: Bearer {bearer}\"\n\n\
         (`claude mcp remove molecule-demo` takes an earlier demo's away.) Then ask it: \"Give me an overview of my organisation. Which workspaces are idle?\"\n\
         What destroys something or gives power waits for you, in another terminal:\n\n  \
         molecule-org-mcp consents list --data {0}\n\n\
         The state is in {0} and can be deleted afterwards. Ctrl-C ends the demo.",
        directory.display()
    ));
}
