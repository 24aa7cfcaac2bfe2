//! `molecule-org-mcp`, `molecule-org-mcp stdio`: nothing but the protocol on stdout.

use super::{Ending, duties, house, log, reload, watch};
use crate::config::Config;
use crate::transport;
use crate::transport::caller::Door;

pub(super) async fn run(config: Config) -> Result<(), Ending> {
    log::start(&config.log);
    let dispatch = house::open(&config).await?;
    let caller = house::caller(&config, &dispatch.server().grants, Door::Stdio).await?;
    reload::in_background(&config, &dispatch)?;
    watch::in_background(&dispatch);
    dispatch.server().drops.shown_by(transport::http::Loopback::new());
    duties::in_background(&dispatch);
    transport::stdio::serve(dispatch, caller).await?;
    Ok(())
}
