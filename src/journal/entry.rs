//! The entries of an invocation, and how they stand in the table: an intent, an outcome, and for a few
//! what was found out later.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::chain::{Columns, append};
use crate::secrets::held;
use crate::store::{Change, Work};
use crate::tools::effect::Effect;

/// What is about to be done, for whom, and why it may be.
#[derive(Clone, Debug)]
pub struct Intent {
    pub invocation: Uuid,
    pub at: DateTime<Utc>,
    pub tool: String,
    pub effect: Effect,
    pub key_prefix: String,
    pub detail: IntentDetail,
}

/// The fields of an intent that nothing is searched by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IntentDetail {
    pub tenant: String,
    pub key_id: Option<String>,
    pub caller: String,
    pub grant: Option<String>,
    pub door: String,
    pub client: Option<String>,
    pub trace: Option<String>,
    /// The ids among the arguments, by the argument's name.
    pub targets: BTreeMap<String, String>,
    /// sha256 of the arguments as canonical JSON.
    pub arguments: String,
    /// Arguments that the tool's entry marks as safe to keep.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
    /// `allowed` or `refused`, and the rule that said so.
    pub decision: String,
    pub rule: String,
    /// The policy that decided, by the beginning of its digest; none for the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// How a person agreed, where one had to.
    pub consent: Option<Agreement>,
    /// The person behind the grant, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// What was looked at before, so that an unclear outcome can be told from what was there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Value>,
    /// The routes that the tool may use.
    pub routes: Vec<String>,
}

/// A person's yes, as the journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub id: String,
    /// `elicitation`, `terminal`.
    pub way: String,
    pub by: String,
}

/// Somebody who signed in elsewhere: who says so, and whom they name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub issuer: String,
    pub subject: String,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub invocation: Uuid,
    pub at: DateTime<Utc>,
    pub tool: String,
    pub effect: Effect,
    pub key_prefix: String,
    /// `done`, `unknown`, or the failure's code.
    pub result: String,
    pub detail: OutcomeDetail,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OutcomeDetail {
    /// `no`, `unknown` or `yes`.
    pub changed: String,
    /// The tenant's last answer, where there was one.
    pub status: Option<u16>,
    pub duration_ms: u64,
    /// What was sent, in order.
    pub sent: Vec<SentRequest>,
    /// The id of what was made, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// The org keys that it revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<KeyMark>,
    /// The capsule that keeps what was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capsule: Option<String>,
    /// The invocation whose outcome was given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// What went wrong, for the operator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// An org key as it may be named anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMark {
    pub id: String,
    pub prefix: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SentRequest {
    pub route: String,
    pub status: Option<u16>,
}

impl Outcome {
    /// `done`: the tool answered.
    pub const DONE: &str = "done";
    /// Nobody can say any more.
    pub const UNKNOWN: &str = "unknown";
}

/// What was found out later about an outcome that was unknown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoundDetail {
    /// The ids of what may have come of it: one if it was done, several where that isn't clear.
    pub candidates: Vec<String>,
}

/// Who writes an entry, and in which tenant's chain.
#[derive(Clone, Debug)]
pub(super) struct Scribe {
    pub tenant: Arc<str>,
    pub process: Arc<str>,
}

/// Any entry, but for its place in the chain.
pub(super) struct Row {
    pub scribe: Scribe,
    pub invocation: String,
    pub kind: &'static str,
    pub at: String,
    pub tool: String,
    pub effect: String,
    pub key_prefix: String,
    pub result: Option<String>,
    pub body: String,
}

impl Intent {
    pub(super) fn row(self, scribe: Scribe) -> Row {
        Row {
            scribe,
            invocation: self.invocation.to_string(),
            kind: "intent",
            at: stamp(self.at),
            tool: held::clean_text(self.tool),
            effect: self.effect.as_str().to_owned(),
            key_prefix: self.key_prefix,
            result: None,
            body: json(&self.detail),
        }
    }
}

impl Outcome {
    pub(super) fn row(self, scribe: Scribe) -> Row {
        Row {
            scribe,
            invocation: self.invocation.to_string(),
            kind: "outcome",
            at: stamp(self.at),
            tool: held::clean_text(self.tool),
            effect: self.effect.as_str().to_owned(),
            key_prefix: self.key_prefix,
            result: Some(self.result),
            body: json(&self.detail),
        }
    }
}

impl Row {
    pub(super) fn columns(&self) -> Columns<'_> {
        Columns {
            tenant: &self.scribe.tenant,
            invocation: &self.invocation,
            kind: self.kind,
            at: &self.at,
            process: &self.scribe.process,
            tool: &self.tool,
            effect: &self.effect,
            key_prefix: &self.key_prefix,
            result: self.result.as_deref(),
            body: &self.body,
        }
    }

    /// Hashed here, so that the writer's thread only has to link it.
    pub(super) fn work(self) -> Work {
        let content = self.columns().hash();
        Box::new(move |change| append(change, &self.columns(), &content))
    }

    /// Where the writer's thread is at work already.
    pub(super) fn append(&self, change: &Change<'_>) -> rusqlite::Result<()> {
        let columns = self.columns();
        append(change, &columns, &columns.hash())
    }
}

/// Times as the journal writes them: they sort as text.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Strings, numbers and maps of them always become JSON. Whoever chose them, no secret stands in them: what is
/// chained can't be taken out later.
pub(super) fn json(detail: &impl Serialize) -> String {
    held::clean_text(serde_json::to_string(detail).unwrap_or_default())
}
