//! query_journal, verify_journal. The command line shows records in the same shape.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::journal::entry::{SentRequest, stamp};
use crate::journal::query::{Ended, Query, Record};
use crate::tools::bounds::Whole;
use crate::tools::cursor::Cursor;
use crate::tools::effect::Effect;
use crate::tools::ids::{InvocationId, Word};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

pub(super) const QUERY: &str = "query_journal";

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
    /// By this one.
    caller: Option<Word>,
    /// A grant's id.
    grant: Option<Word>,
    /// Any id it was about.
    target: Option<Word>,
    /// `done`, `running`, `unknown` or an error code.
    #[schemars(with = "Option<String>")]
    outcome: Option<Ending>,
    /// RFC 3339.
    #[schemars(with = "Option<String>")]
    since: Option<Moment>,
    /// Before this.
    #[schemars(with = "Option<String>")]
    until: Option<Moment>,
    /// Default 20.
    limit: Option<Whole<1, 100>>,
    /// `next` of the page before.
    cursor: Option<Cursor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Ending(Ended);

impl TryFrom<String> for Ending {
    type Error = String;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        Ended::try_from(word).map(Self)
    }
}

/// A time as in `2026-01-31T08:00:00Z`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(DateTime<Utc>);

impl TryFrom<String> for Moment {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let at = DateTime::parse_from_rfc3339(&text).map_err(|_| "expected a time as in 2026-01-31T08:00:00Z")?;
        Ok(Self(at.with_timezone(&Utc)))
    }
}

impl Moment {
    /// As the journal writes times.
    pub fn stamp(self) -> String {
        stamp(self.0)
    }
}

#[derive(Serialize, JsonSchema)]
pub struct JournalPage {
    items: Vec<JournalLine>,
    /// Pass it as `cursor` for older ones; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

/// One invocation, as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JournalLine {
    pub invocation: String,
    pub at: String,
    pub tool: String,
    pub effect: String,
    pub key_prefix: String,
    pub caller: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Who signed in, as `ISSUER SUBJECT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    pub door: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
    pub decision: String,
    pub rule: String,
    /// How a person agreed, as `WAY by WHOM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// `done`, `running`, `unknown` or an error code.
    pub outcome: String,
    /// What an unknown outcome turned out to be: `done`, `not_done`, `revoked` (made, and taken back) or
    /// `ambiguous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The ids of what may have come of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// The id of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// What was deleted: restore_workspace takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capsule: Option<String>,
    /// The invocation whose outcome was given again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Requests to the tenant, as `METHOD /route status`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<String>,
}

impl Act for QueryJournal {
    type Answer = JournalPage;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let seal = &call.server.seal;
        let before = self.cursor.as_ref().map(|cursor| seal.open(QUERY, cursor)).transpose()?;
        let found = call.server.journal.query(self.query(before)).await?;
        let next = found.next.map(|position| seal.cursor(QUERY, &position.to_string()));
        Ok(JournalPage { items: found.records.into_iter().map(JournalLine::from).collect(), next })
    }
}

impl QueryJournal {
    fn query(self, before: Option<String>) -> Query {
        let text = |word: Option<Word>| word.map(|word| word.to_string());
        Query {
            invocation: self.invocation.map(|id| id.to_string()),
            tool: text(self.tool),
            effect: self.effect.map(Effect::as_str),
            key_prefix: text(self.key_prefix),
            caller: text(self.caller),
            grant: text(self.grant),
            target: text(self.target),
            outcome: self.outcome.map(|ending| ending.0),
            since: self.since.map(Moment::stamp),
            until: self.until.map(Moment::stamp),
            before: before.and_then(|position| position.parse().ok()),
            limit: self.limit.map_or(20, |limit| u32::try_from(limit.get()).unwrap_or(20)),
            ..Query::default()
        }
    }
}

impl From<Record> for JournalLine {
    fn from(record: Record) -> Self {
        let outcome = record.result().to_owned();
        let ended = record.outcome.map(|(_, detail)| detail);
        let changed = ended.as_ref().map(|detail| detail.changed.clone());
        let duration_ms = ended.as_ref().map(|detail| detail.duration_ms);
        let detail = ended.unwrap_or_default();
        let (found, candidates) = record.found.map(|(result, detail)| (result, detail.candidates)).unzip();
        let intent = record.intent;
        Self {
            invocation: record.invocation,
            at: record.at,
            tool: record.tool,
            effect: record.effect,
            key_prefix: record.key_prefix,
            caller: intent.caller,
            grant: intent.grant,
            person: intent.person.map(|person| format!("{} {}", person.issuer, person.subject)),
            door: intent.door,
            client: intent.client,
            targets: intent.targets,
            decision: intent.decision,
            rule: intent.rule,
            consent: intent.consent.map(|consent| format!("{} by {}", consent.way, consent.by)),
            outcome,
            found,
            candidates: candidates.unwrap_or_default(),
            changed,
            made: detail.made,
            capsule: detail.capsule,
            repeats: detail.repeats,
            duration_ms,
            sent: detail.sent.into_iter().map(request).collect(),
        }
    }
}

fn request(sent: SentRequest) -> String {
    match sent.status {
        Some(status) => format!("{} {status}", sent.route),
        None => format!("{} no answer", sent.route),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyJournal {}

#[derive(Serialize, JsonSchema)]
pub struct Verified {
    /// Nothing was changed, as far as this server's own key can tell.
    ok: bool,
    /// Entries since the first.
    count: u64,
    /// Hash of the last.
    head: String,
    /// Checkpoints that are right.
    checkpoints: u64,
    /// Entries that the last of them covers; those after it are chained and not signed yet.
    covered: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checkpoint: Option<String>,
    /// The first entry still here, where older ones were pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    /// The first that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Wrong>,
}

#[derive(Serialize, JsonSchema)]
struct Wrong {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation: Option<String>,
    what: String,
}

impl Act for VerifyJournal {
    type Answer = Verified;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let chain = call.server.journal.verify().await?;
        let last = chain.last_checkpoint;
        let wrong = |problem: crate::journal::verify::Problem| Wrong {
            position: problem.position,
            invocation: problem.invocation,
            what: problem.what,
        };
        Ok(Verified {
            ok: chain.ok,
            count: chain.count,
            head: chain.head.to_string(),
            checkpoints: chain.checkpoints,
            covered: last.as_ref().map_or(0, |last| last.count),
            last_checkpoint: last.map(|last| last.at),
            first: chain.first,
            problem: chain.problem.map(wrong),
        })
    }
}
