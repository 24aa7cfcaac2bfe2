//! About this server itself: whose key it holds, what is switched off, and what it did.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::Whole;
use super::consents::ListConsents;
use super::cursor::Cursor;
use super::effect::Effect;
use super::ids::{InvocationId, KeyId, Word};
use super::invocation::Invocation;
use super::keys::{LIST_KEYS, fetch_org_keys};
use super::tool::{Act, Draft, Tool};
use crate::failure::Failure;
use crate::journal::entry::{SentRequest, stamp};
use crate::journal::query::{Query, Record};
use crate::policy::Decision;

const JOURNAL: &str = "query_journal";

pub const TOOLS: &[Tool] = &[
    Draft::read("whoami", &[LIST_KEYS])
        .about("Which tenant and org key this server works with, who you are to it, and which tools are off and why.")
        .said("which account, which organisation, connected to, logged in as, my permissions, identity, read-only, what am I permitted to do here")
        .everyday()
        .acts::<WhoAmI>(),
    Draft::read(JOURNAL, &[])
        .about("Read the journal, newest first: who called what, by which key and rule, and how it ended.")
        .said("audit log of this server, history of calls, what did you do, who changed, record, trail of tool calls, who stopped or changed it through this server, find out who it was, yesterday, calls of this MCP server")
        .example(r#"{"effect":"destroy","since":"2026-11-20T00:00:00Z"}"#)
        .acts::<QueryJournal>(),
    Draft::read("list_consents", &[])
        .filtered()
        .about("Calls that wait for a person to agree, oldest first. A person agrees at the operator's terminal; no tool can.")
        .said("consent, waiting for the operator, needs a yes, CONSENT_REQUIRED, confirmation pending, was it agreed")
        .lists::<ListConsents>(),
];

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhoAmI {}

#[derive(Serialize, JsonSchema)]
pub struct Identity {
    tenant: String,
    /// The first eight characters of the key that this server holds.
    key_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_name: Option<String>,
    /// Why the key couldn't be looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_problem: Option<String>,
    caller: String,
    door: String,
    read_only: bool,
    toolsets: Vec<String>,
    /// Tools that are off, by the rule that says so.
    refused: BTreeMap<String, Vec<String>>,
    /// `taking entries`, or what that means where it isn't.
    journal: String,
    version: String,
}

impl Act for WhoAmI {
    type Answer = Identity;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let server = &call.server;
        let rules = server.policy.now();
        // Who we are is worth an answer even where the tenant has none.
        let (own, key_problem) = match fetch_org_keys(&call.tenant).await {
            Ok(keys) => (keys.into_iter().find(|key| server.is_own_key(&key.prefix)), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        Ok(Identity {
            tenant: server.address.clone(),
            key_prefix: server.key_tag.clone(),
            key_name: own.as_ref().and_then(|key| key.name.clone()),
            key_id: own.map(|key| key.id),
            key_problem,
            caller: call.caller.name.clone().into_owned(),
            door: call.caller.door.as_str().to_owned(),
            read_only: rules.read_only,
            toolsets: rules.toolsets.iter().map(|toolset| toolset.as_str().to_owned()).collect(),
            refused: refused(call),
            journal: journal(call),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

fn refused(call: &Invocation) -> BTreeMap<String, Vec<String>> {
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let rules = call.server.policy.now();
    for entry in call.server.catalogue.entries() {
        if let Decision::Refused(rule) = rules.decide(&call.caller, entry, entry.tool.least, None, call.now) {
            refused.entry(rule.as_str().to_owned()).or_default().push(entry.tool.name.to_owned());
        }
    }
    refused
}

fn journal(call: &Invocation) -> String {
    match (call.server.journal.healthy(), call.server.journal.lost()) {
        (false, _) => "not taking entries: everything but reads is refused".to_owned(),
        (true, 0) => "taking entries".to_owned(),
        (true, lost) => format!("taking entries; {lost} of reads and refusals were lost"),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryJournal {
    /// This call.
    invocation: Option<InvocationId>,
    /// This tool.
    tool: Option<Word>,
    /// This effect.
    effect: Option<Effect>,
    /// Of this key.
    key_prefix: Option<Word>,
    /// `done`, `running`, `unknown` or an error code.
    outcome: Option<Word>,
    /// RFC 3339.
    #[schemars(with = "Option<String>")]
    since: Option<Since>,
    /// Default 20.
    limit: Option<Whole<1, 100>>,
    /// `next` of the page before.
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Since(DateTime<Utc>);

impl TryFrom<String> for Since {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let at = DateTime::parse_from_rfc3339(&text).map_err(|_| "expected a time as in 2026-01-31T08:00:00Z")?;
        Ok(Self(at.with_timezone(&Utc)))
    }
}

#[derive(Serialize, JsonSchema)]
pub struct JournalPage {
    items: Vec<JournalLine>,
    /// Pass it as `cursor` for older ones; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

#[derive(Serialize, JsonSchema)]
struct JournalLine {
    invocation: String,
    at: String,
    tool: String,
    effect: String,
    key_prefix: String,
    caller: String,
    door: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    targets: BTreeMap<String, String>,
    decision: String,
    rule: String,
    /// `done`, `running`, `unknown` or an error code.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Requests to the tenant, as `METHOD /route status`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<String>,
}

impl Act for QueryJournal {
    type Answer = JournalPage;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let seal = &call.server.seal;
        let before = self.cursor.as_ref().map(|cursor| seal.open(JOURNAL, cursor)).transpose()?;
        let found = call.server.journal.query(self.query(before)).await?;
        let next = found.next.map(|seq| seal.cursor(JOURNAL, &seq.to_string()));
        Ok(JournalPage { items: found.records.into_iter().map(line).collect(), next })
    }
}

impl QueryJournal {
    fn query(self, before: Option<String>) -> Query {
        Query {
            invocation: self.invocation.map(|id| id.to_string()),
            tool: self.tool.map(|tool| tool.to_string()),
            effect: self.effect.map(Effect::as_str),
            key_prefix: self.key_prefix.map(|prefix| prefix.to_string()),
            outcome: self.outcome.map(|outcome| outcome.to_string()),
            since: self.since.map(|since| stamp(since.0)),
            before: before.and_then(|seq| seq.parse().ok()),
            limit: self.limit.map_or(20, |limit| u32::try_from(limit.get()).unwrap_or(20)),
        }
    }
}

fn line(record: Record) -> JournalLine {
    let outcome = record.result().to_owned();
    let (changed, duration_ms, sent) = match record.outcome {
        Some((_, detail)) => (Some(detail.changed), Some(detail.duration_ms), detail.sent),
        None => (None, None, Vec::new()),
    };
    JournalLine {
        invocation: record.invocation,
        at: record.at,
        tool: record.tool,
        effect: record.effect,
        key_prefix: record.key_prefix,
        caller: record.intent.caller,
        door: record.intent.door,
        client: record.intent.client,
        targets: record.intent.targets,
        decision: record.intent.decision,
        rule: record.intent.rule,
        outcome,
        changed,
        duration_ms,
        sent: sent.into_iter().map(request).collect(),
    }
}

fn request(sent: SentRequest) -> String {
    match sent.status {
        Some(status) => format!("{} {status}", sent.route),
        None => format!("{} no answer", sent.route),
    }
}
