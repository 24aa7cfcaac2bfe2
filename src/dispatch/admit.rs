//! The first half of the road: the tool is found, the arguments are checked, policy decides, and what was
//! done before under the same idempotency key is looked up. Whatever is known goes into the record.

use std::time::Instant;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::record::Record;
use super::{Dispatch, once};
use crate::backend::Route;
use crate::failure::{Code, Failure};
use crate::policy::binding::Tree;
use crate::policy::consent::Need;
use crate::policy::target::{Reach, Target};
use crate::policy::{self, Decision, Rule, Rules};
use crate::repeats::{Before, Once};
use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::input;
use crate::tools::surface::Way;
use crate::tools::tool::Prepared;
use crate::tools::workspaces;
use crate::transport::caller::Caller;

/// Who asks, and under which rules.
pub(super) struct Asked<'a> {
    pub id: Uuid,
    pub rules: &'a Rules,
    pub caller: &'a Caller,
    pub cancel: &'a CancellationToken,
    pub now: DateTime<Utc>,
}

/// Arguments that fit and a caller who may: ready to be written down and done.
pub(super) struct Admitted {
    pub entry: &'static str,
    pub effect: Effect,
    pub routes: &'static [Route],
    /// It gives out what another call answered.
    pub relays: bool,
    pub prepared: Prepared,
    pub once: Option<Once>,
    /// Org keys an hour, where it mints one.
    pub minting: Option<u32>,
    pub tree: Tree,
    pub target: Target,
    /// Where a person has to agree: to these.
    pub arguments: Option<Map<String, Value>>,
}

impl Dispatch {
    /// Finds the tool, checks the arguments, asks policy. Whatever is known goes into the record.
    pub(super) async fn admit(
        &self,
        asked: &Asked<'_>,
        name: &str,
        mut arguments: Map<String, Value>,
        way: Result<Option<Way>, Failure>,
        record: &mut Record,
    ) -> Result<Admitted, Failure> {
        if self.closing.is_cancelled() {
            return Err(Failure::new(Code::Cancelled, "this server is shutting down").next("Call again in a moment."));
        }
        let Some(entry) = self.server.catalogue.find(name) else {
            return Err(self.unknown_tool(name));
        };
        record.tool(entry, &arguments);
        let way = way?;
        self.server.grants.used(asked.caller, entry.tool.name, asked.now);
        // Before the arguments are looked at: what is hidden is refused whatever they are.
        asked.permit(entry, entry.tool.least, None, record)?;
        let named = (asked.has_limits_of_place() || !entry.tool.most.is_read()).then(|| arguments.clone());
        let misfit = Decision::Refused(Rule::Arguments);
        let once = once::take(&entry.tool, &mut arguments, asked.caller, &self.server.tenant)
            .inspect_err(|_| record.decided(misfit, entry.tool.least))?;
        let prepared = entry.tool.prepare(arguments).inspect_err(|_| record.decided(misfit, entry.tool.least))?;
        record.arguments_fit();
        let effect = prepared.effect.unwrap_or(entry.tool.least);
        if let Some(way) = way {
            way.admits(&entry.tool, effect).inspect_err(|_| record.decided(misfit, effect))?;
        }
        // Counted before the tenant is asked anything, for whatever it is that the answer then refuses.
        asked.permit(entry, effect, None, record)?;
        self.keep_pace(asked, effect)?;
        let reach = prepared.reach.unwrap_or(entry.tool.reach);
        let tree = self.tree(asked, entry, reach).await?;
        let target = Target::of(reach, named.as_ref().unwrap_or(&Map::new()), &tree);
        asked.permit(entry, effect, Some(&target), record)?;
        let minting = asked.rules.limits.minting.filter(|_| entry.tool.gives_everything);
        let need = asked.rules.consent.need(asked.rules.role(asked.caller), entry.tool.name, effect);
        // Whoever had it promise this was agreed with then.
        let asks = need == Need::Person && !asked.caller.is_itself();
        let arguments = asks.then(|| named.unwrap_or_default());
        let (routes, relays, entry) = (entry.tool.routes, entry.tool.relays, entry.tool.name);
        Ok(Admitted { entry, effect, routes, relays, prepared, once, minting, tree, target, arguments })
    }

    /// What a caller may do as such, it may do so often.
    fn keep_pace(&self, asked: &Asked<'_>, effect: Effect) -> Result<(), Failure> {
        let limits = &asked.rules.limits;
        self.client.allow(limits.tenant);
        if asked.caller.is_itself() {
            return Ok(());
        }
        let taken = self.callers.take(asked.caller.identity(), effect, limits.at(effect), Instant::now());
        taken.map_err(|wait| {
            let most = limits.at(effect).unwrap_or_default();
            let message = format!("more than {most} calls to `{}` within a minute", effect.as_str());
            Failure::new(Code::RateLimited, message).retry_after(wait)
        })
    }

    /// Who stands below whom, as the tenant has it now: what moved a moment ago counts. Empty where
    /// nothing depends on it.
    async fn tree(&self, asked: &Asked<'_>, entry: &Entry, reach: Reach) -> Result<Tree, Failure> {
        const ROUTES: &[Route] = &[workspaces::LIST];
        let bound = asked.caller.is_bound() && !matches!(reach, Reach::Common | Reach::Organisation);
        let below = entry.tool.not_to_oneself && reach == Reach::NamedAndBelow;
        if !(bound || below && asked.has_limits_of_place()) {
            return Ok(Tree::default());
        }
        workspaces::fetch_tree(&self.client.invocation(asked.id, ROUTES, asked.cancel.clone())).await
    }

    fn unknown_tool(&self, name: &str) -> Failure {
        let next = match self.server.catalogue.nearest(name) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "List the tools and use one of their names.".to_owned(),
        };
        Failure::invalid(format!("there is no tool {}", input::shown(name))).next(next)
    }

    /// What is known of its idempotency key.
    pub(super) async fn earlier(&self, admitted: &Admitted, now: DateTime<Utc>) -> Result<Before, Failure> {
        let Some(once) = &admitted.once else { return Ok(Before::Nothing) };
        let before = self.books.repeats.before(once, now).await?;
        once::refused(&before).map_or(Ok(before), Err)
    }
}

impl Asked<'_> {
    pub fn permit(
        &self,
        entry: &Entry,
        effect: Effect,
        target: Option<&Target>,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let decision = self.rules.decide(self.caller, entry, effect, target, self.now);
        record.decided(decision, effect);
        match decision {
            Decision::Allowed(_) => Ok(()),
            Decision::Refused(rule) => Err(policy::refused(rule, entry, self.rules.role(self.caller), effect)),
        }
    }

    /// Whether it matters which workspaces the call is about.
    fn has_limits_of_place(&self) -> bool {
        self.caller.grants().any(|grant| grant.binding.is_some() || grant.own_workspace.is_some())
    }
}
