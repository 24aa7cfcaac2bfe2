//! What the journal will say of a call, gathered on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Call;
use crate::backend::Tenant;
use crate::digest;
use crate::failure::{Changed, Failure};
use crate::journal::entry::{Agreement, Intent, IntentDetail, Outcome, OutcomeDetail, SentRequest};
use crate::policy::{Decision, Rule, Rules};
use crate::tools::catalogue::Entry;
use crate::tools::effect::Effect;
use crate::tools::invocation::Server;

pub(super) struct Record {
    invocation: Uuid,
    at: DateTime<Utc>,
    tool: String,
    effect: Effect,
    key_prefix: String,
    /// Ids among the arguments, kept back until the arguments have been checked: what isn't an id
    /// may be a credential in the wrong place. And what else the tool's entry lets be kept.
    unchecked: (BTreeMap<String, String>, Map<String, Value>),
    detail: IntentDetail,
    /// What was asked of the tenant before a person was.
    looked: Vec<SentRequest>,
}

impl Record {
    pub(super) fn new(invocation: Uuid, call: &Call, server: &Server, rules: &Rules) -> Self {
        let client = call.caller.client.as_ref().map(|client| format!("{} {}", client.name, client.version));
        Self {
            invocation,
            at: Utc::now(),
            // A caller's word isn't written down before the catalogue knows it: it may be anything.
            tool: "(no such tool)".to_owned(),
            effect: Effect::Read,
            key_prefix: server.keys.tag().to_string(),
            unchecked: (targets(&call.arguments), Map::new()),
            looked: Vec::new(),
            detail: IntentDetail {
                tenant: server.address.clone(),
                key_id: server.keys.id(),
                caller: call.caller.name.clone().into_owned(),
                grant: call.caller.grant.as_ref().map(|grant| grant.id.clone()),
                person: call.caller.grant.as_ref().and_then(|grant| grant.person.clone()),
                door: call.caller.door.as_str().to_owned(),
                client,
                trace: call.caller.trace.clone(),
                arguments: digest(&call.arguments),
                decision: "refused".to_owned(),
                rule: Rule::Arguments.as_str().to_owned(),
                policy: rules.digest.clone(),
                ..IntentDetail::default()
            },
        }
    }

    pub(super) fn tool(&mut self, entry: &Entry, arguments: &Map<String, Value>) {
        let kept = entry.tool.kept.iter().filter_map(|name| Some(((*name).to_owned(), arguments.get(*name)?.clone())));
        self.unchecked.1 = kept.collect();
        self.tool = entry.tool.name.to_owned();
        self.effect = entry.tool.most;
        self.detail.routes = entry.tool.routes.iter().map(ToString::to_string).collect();
    }

    pub(super) fn arguments_fit(&mut self) {
        (self.detail.targets, self.detail.kept) = std::mem::take(&mut self.unchecked);
    }

    pub(super) fn decided(&mut self, decision: Decision, effect: Effect) {
        self.effect = effect;
        let (decision, rule) = match decision {
            Decision::Allowed(role) => ("allowed", role.as_str()),
            Decision::Refused(rule) => ("refused", rule.as_str()),
        };
        self.detail.decision = decision.to_owned();
        self.detail.rule = rule.to_owned();
    }

    pub(super) fn arguments(&self) -> &str {
        &self.detail.arguments
    }

    pub(super) fn targets(&self) -> &BTreeMap<String, String> {
        &self.detail.targets
    }

    pub(super) fn looked(&mut self, tenant: &Tenant) {
        self.looked = sent(tenant);
    }

    pub(super) fn agreed(&mut self, agreement: Agreement) {
        self.detail.consent = Some(agreement);
    }

    /// Given away once, because every call would otherwise copy it; the outcome needs none of its detail.
    pub(super) fn intent(&mut self) -> Intent {
        Intent {
            invocation: self.invocation,
            at: self.at,
            tool: self.tool.clone(),
            effect: self.effect,
            key_prefix: self.key_prefix.clone(),
            detail: std::mem::take(&mut self.detail),
        }
    }

    pub(super) fn outcome(&self, result: &Result<Value, Failure>, tenant: &Tenant, took: Duration) -> Outcome {
        let sent = sent(tenant);
        let status = sent.last().and_then(|last| last.status);
        let sent = self.looked.iter().cloned().chain(sent).collect();
        let failure = result.as_ref().err();
        let changed = failure.map_or_else(|| tenant.changed(), Failure::has_changed);
        self.close(
            failure,
            changed,
            OutcomeDetail {
                status,
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                sent,
                ..OutcomeDetail::default()
            },
        )
    }

    pub(super) fn seen(&mut self, seen: Option<Value>) {
        self.detail.seen = seen;
    }

    /// The answer of an earlier invocation, given again.
    pub(super) fn outcome_of_repeat(&self, first: &str) -> Outcome {
        let detail = OutcomeDetail { repeats: Some(first.to_owned()), ..OutcomeDetail::default() };
        self.close(None, Changed::No, detail)
    }

    pub(super) fn outcome_of_refusal(&self, failure: &Failure) -> Outcome {
        self.close(Some(failure), Changed::No, OutcomeDetail { sent: self.looked.clone(), ..OutcomeDetail::default() })
    }

    fn close(&self, failure: Option<&Failure>, changed: Changed, detail: OutcomeDetail) -> Outcome {
        Outcome {
            invocation: self.invocation,
            at: Utc::now(),
            tool: self.tool.clone(),
            effect: self.effect,
            key_prefix: self.key_prefix.clone(),
            result: failure.map_or(Outcome::DONE, |failure| failure.code().as_str()).to_owned(),
            detail: OutcomeDetail {
                changed: changed.as_str().to_owned(),
                error: failure.and_then(Failure::for_operator).map(ToOwned::to_owned),
                ..detail
            },
        }
    }
}

fn sent(tenant: &Tenant) -> Vec<SentRequest> {
    tenant.sent().iter().map(|one| SentRequest { route: one.route.to_string(), status: one.status }).collect()
}

/// The ids among the arguments: what the call is about. Values that aren't short ids stay out.
fn targets(arguments: &Map<String, Value>) -> BTreeMap<String, String> {
    let is_target = |name: &str| name.ends_with("_id") || matches!(name, "key" | "template");
    arguments
        .iter()
        .filter(|(name, _)| is_target(name))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?)))
        .filter(|(_, text)| text.len() <= 128 && !text.chars().any(char::is_control))
        .map(|(name, text)| (name, text.to_owned()))
        .collect()
}

/// The same arguments give the same digest, in whatever order they came: a JSON map here is sorted.
pub(super) fn digest(arguments: &Map<String, Value>) -> String {
    digest::sha256(serde_json::to_vec(arguments).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_arguments_doesnt_change_their_digest() {
        let one: Map<String, Value> = serde_json::from_str(r#"{"b":{"d":1,"c":2},"a":1}"#).unwrap();
        let two: Map<String, Value> = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":1}}"#).unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert_ne!(digest(&one), digest(&Map::new()));
    }

    #[test]
    fn only_ids_are_targets() {
        let arguments: Map<String, Value> =
            serde_json::from_str(r#"{"workspace_id":"w","reason":"secret words","key":"k"}"#).unwrap();
        assert_eq!(targets(&arguments).into_keys().collect::<Vec<_>>(), ["key", "workspace_id"]);
    }
}
