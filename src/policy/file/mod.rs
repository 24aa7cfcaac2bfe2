//! The policy file: what its text says, as rules. Pure, and strict: a name that isn't known is a mistake
//! with its place, so that nothing is allowed by a typo. docs/policy.md says what each key does.

mod commands;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Rules;
use super::consent::{ConsentRules, Need, Way};
use super::credentials::CredentialRules;
use super::limits::Limits;
use super::role::{Powers, Role};
use crate::digest;
use crate::secrets::{sink, source};
use crate::toml_file;
use crate::tools::effect::Effect;
use crate::transport::caller::Door;
use crate::webhooks::{Endpoint, Kind};
use commands::{Callable, Programs};
use words::{Changing, Count, Elsewhere, Known, Receiver, Signing, Toolsets};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    roles: BTreeMap<Role, Row>,
    callers: BTreeMap<Door, Role>,
    limits: LimitsTable,
    consent: Consent,
    credentials: Credentials,
    ceiling: Ceiling,
    journal: Journal,
    webhooks: BTreeMap<String, Webhook>,
}

/// What isn't named, the role may not.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Row {
    read: Toolsets,
    write: Toolsets,
    destroy: Toolsets,
    escalate: Toolsets,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    read: Option<Count>,
    write: Option<Count>,
    destroy: Option<Count>,
    escalate: Option<Count>,
    minting_per_hour: Option<Count>,
    tenant_per_minute: Option<Count>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Consent {
    write: Option<Need>,
    destroy: Option<Need>,
    escalate: Option<Need>,
    ways: Option<Vec<Way>>,
    elicitation: Option<Trust>,
    trusted: BTreeMap<Door, bool>,
    tools: BTreeMap<Changing, Need>,
    roles: BTreeMap<Role, Needs>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Trust {
    Trusted,
    Untrusted,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Needs {
    write: Option<Need>,
    destroy: Option<Need>,
    escalate: Option<Need>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Credentials {
    sinks: Option<BTreeSet<sink::Kind>>,
    sources: Option<BTreeSet<source::Kind>>,
    commands: BTreeMap<Callable, Programs>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ceiling {
    read_only: bool,
    toolsets: Option<Toolsets>,
    role: Option<Role>,
    deny: BTreeSet<Known>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Journal {
    anchor: Option<Elsewhere>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Receiver,
    secret: Signing,
    events: Option<BTreeSet<Kind>>,
}

/// The rules that a policy file sets, with the built-in ones where it says nothing.
pub fn rules(text: &str) -> Result<Rules, String> {
    // A file that is being written, or that a full disk cut off, isn't the wish to have no policy.
    if text.trim().is_empty() {
        return Err("it is empty; for the built-in rules, run without it".to_owned());
    }
    let file: File = toml_file::parse(text)?;
    let usual = Rules::default();
    let mut powers = usual.powers;
    let mut without_grant = usual.without_grant;
    without_grant.extend(file.callers);
    powers.extend(file.roles.into_iter().map(|(role, row)| (role, row.into())));
    let ceiling = file.ceiling;
    Ok(Rules {
        read_only: ceiling.read_only,
        toolsets: ceiling.toolsets.map_or(usual.toolsets, |chosen| chosen.0),
        denied: ceiling.deny.into_iter().map(|tool| tool.0).collect(),
        ceiling: ceiling.role.unwrap_or(usual.ceiling),
        powers,
        without_grant,
        consent: file.consent.into(),
        limits: file.limits.into(),
        credentials: CredentialRules {
            sinks: file.credentials.sinks.unwrap_or(usual.credentials.sinks),
            sources: file.credentials.sources.unwrap_or(usual.credentials.sources),
            commands: file.credentials.commands.into_iter().map(|(name, programs)| (name.0, programs.0)).collect(),
        },
        anchor: file.journal.anchor.map(|anchor| anchor.0),
        webhooks: file.webhooks.into_iter().map(|(name, one)| (name, one.into())).collect(),
        digest: Some(digest(text)),
    })
}

/// How the journal names a policy: enough of its sha256 to tell it from any other.
fn digest(text: &str) -> String {
    digest::sha256(text).chars().take(12).collect()
}

impl From<Webhook> for Endpoint {
    fn from(table: Webhook) -> Self {
        let events = table.events.unwrap_or_else(|| Kind::ALL.into());
        Self { address: table.url.0, secret: table.secret.0, events }
    }
}

impl From<Row> for Powers {
    fn from(row: Row) -> Self {
        Self { read: row.read.0, write: row.write.0, destroy: row.destroy.0, escalate: row.escalate.0 }
    }
}

impl From<LimitsTable> for Limits {
    fn from(table: LimitsTable) -> Self {
        let usual = Self::default();
        let or = |given: Option<Count>, usual| given.map_or(usual, |count| count.0);
        Self {
            read: or(table.read, usual.read),
            write: or(table.write, usual.write),
            destroy: or(table.destroy, usual.destroy),
            escalate: or(table.escalate, usual.escalate),
            minting: or(table.minting_per_hour, usual.minting),
            tenant: or(table.tenant_per_minute, usual.tenant),
        }
    }
}

impl From<Consent> for ConsentRules {
    fn from(consent: Consent) -> Self {
        let mut rules = Self::default();
        if let Some(trust) = consent.elicitation {
            rules.trusted = Door::ALL.map(|door| (door, matches!(trust, Trust::Trusted))).into();
        }
        rules.trusted.extend(consent.trusted);
        let needs = Needs { write: consent.write, destroy: consent.destroy, escalate: consent.escalate };
        rules.by_effect.extend(needs.by_effect());
        let by_role = consent.roles.into_iter();
        rules.by_role = by_role
            .flat_map(|(role, needs)| needs.by_effect().map(move |(effect, need)| ((role, effect), need)))
            .collect();
        rules.by_tool = consent.tools.into_iter().map(|(tool, need)| (tool.0, need)).collect();
        rules.ways = consent.ways.unwrap_or(rules.ways);
        rules
    }
}

impl Needs {
    fn by_effect(self) -> impl Iterator<Item = (Effect, Need)> {
        let all = [(Effect::Write, self.write), (Effect::Destroy, self.destroy), (Effect::Escalate, self.escalate)];
        all.into_iter().filter_map(|(effect, need)| Some((effect, need?)))
    }
}
