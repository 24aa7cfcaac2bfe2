//! `molecule-org-mcp tools`: what there is, without asking any tenant.

use std::sync::Arc;

use chrono::Utc;
use clap::Args;

use super::{Choices, Ending, house, output};
use crate::grants::Grants;
use crate::policy::Rules;
use crate::store::Store;
use crate::tools::catalogue::{Catalogue, Entry};
use crate::tools::surface::Surface;
use crate::transport::caller::{Caller, Door};
use crate::transport::mcp;

#[derive(Args)]
pub(super) struct Flags {
    /// Exactly the `tools/list` result
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(mut choices: Choices, flags: Flags) -> Result<(), Ending> {
    // The catalogue depends on what is switched on, and not on any tenant.
    choices.embedded = true;
    let config = choices.config(None)?;
    let catalogue = Arc::new(Catalogue::new());
    let caller = house::caller(&config, &Grants::new(Store::open(&config.data)), Door::Cli).await?;
    let listed = listed(&catalogue, config.surface, &config.rules, &caller);
    if flags.json {
        let result = mcp::list(listed.iter().map(|entry| entry.listed()), config.output_schemas);
        return Ok(output::json(&result)?);
    }
    for entry in listed {
        let tool = &entry.tool;
        let effect = if tool.least == tool.most {
            tool.most.as_str().to_owned()
        } else {
            format!("{}, up to {}", tool.least.as_str(), tool.most.as_str())
        };
        output::line(&format!("{:<24} {:<11} {effect}\n    {}", tool.name, entry.toolset.as_str(), tool.about))?;
    }
    Ok(())
}

/// What this caller would be shown.
pub(super) fn listed<'a>(catalogue: &'a Catalogue, surface: Surface, rules: &Rules, caller: &Caller) -> Vec<&'a Entry> {
    let shown = |entry: &&Entry| surface.shows(entry) && rules.lists(caller, entry, Utc::now());
    catalogue.entries().iter().filter(shown).collect()
}
