//! Which invocations are meant. A word that nothing can match is an error, not an empty answer.

use clap::Args;
use uuid::Uuid;

use crate::journal::query::{Ended, Query};
use crate::nearest;
use crate::tools::effect::Effect;
use crate::tools::governance::journal::Moment;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Filters {
    /// From this time on, as in 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<String>,
    /// By the org key with this prefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// By this caller
    #[arg(long)]
    caller: Option<String>,
    /// Under the grant with this id
    #[arg(long, value_name = "ID")]
    grant: Option<String>,
    /// Of this tool
    #[arg(long)]
    tool: Option<String>,
    /// read, write, destroy or escalate
    #[arg(long, value_parser = effect)]
    effect: Option<Effect>,
    /// About this id, whatever it is of
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// done, running, unknown, or an error code
    #[arg(long, value_parser = ended)]
    outcome: Option<Ended>,
    /// This one
    #[arg(long, value_name = "ID", value_parser = invocation)]
    invocation: Option<String>,
    /// Of this tenant, where the directory has several
    #[arg(long, value_name = "ADDRESS")]
    tenant: Option<String>,
}

impl Filters {
    pub(super) fn query(&self, limit: u32) -> Query {
        let it = self.clone();
        Query {
            tenant: it.tenant,
            invocation: it.invocation,
            tool: it.tool,
            effect: it.effect.map(Effect::as_str),
            key_prefix: it.prefix,
            caller: it.caller,
            grant: it.grant,
            target: it.target,
            outcome: it.outcome,
            since: it.since,
            until: it.until,
            limit,
            ..Query::default()
        }
    }

    /// The whole journal, or the whole of one tenant's: nothing else narrows.
    pub(super) fn whole(&self) -> Option<Option<&str>> {
        let Self { since, until, prefix, caller, grant, tool, effect, target, outcome, invocation, tenant } = self;
        let texts = [since, until, prefix, caller, grant, tool, target, invocation];
        let narrows = texts.iter().any(|text| text.is_some()) || effect.is_some() || outcome.is_some();
        (!narrows).then_some(tenant.as_deref())
    }
}

fn moment(text: &str) -> Result<String, String> {
    Moment::try_from(text.to_owned()).map(Moment::stamp).map_err(ToOwned::to_owned)
}

fn effect(text: &str) -> Result<Effect, String> {
    const ALL: [Effect; 4] = [Effect::Read, Effect::Write, Effect::Destroy, Effect::Escalate];
    let found = ALL.into_iter().find(|effect| effect.as_str() == text);
    found.ok_or_else(|| nearest::unknown("effect", text, ALL.map(Effect::as_str)))
}

fn ended(text: &str) -> Result<Ended, String> {
    Ended::try_from(text.to_owned())
}

fn invocation(text: &str) -> Result<String, String> {
    Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| "expected an invocation's id, a UUID".to_owned())
}
