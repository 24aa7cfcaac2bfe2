//! query_agent_ledger: the tenant's own chained ledger of what agents did, and whether it is whole.
//!
//! The tenant's own flag speaks only of the rows of one answer, and calls an intact chain broken when a
//! filter cuts its beginning off. So the verdict is made from a question of its own, without those
//! filters, and together with what can be checked here: see `chain`.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AUDIT;
use super::chain::{self, Link, Verdict};
use crate::failure::Failure;
use crate::tools::bounds::Whole;
use crate::tools::cursor::Cursor;
use crate::tools::ids::{Word, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_exists;

const NAME: &str = "query_agent_ledger";
/// The most that the tenant gives, and so checks, at once.
const AT_ONCE: usize = 500;
const USUAL: usize = 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryAgentLedger {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// One agent's chain; as entries name it.
    agent_id: Option<Word>,
    /// One session's entries.
    session_id: Option<Word>,
    /// Not before this time, RFC 3339 with a zone.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
    /// Default 20.
    limit: Option<Whole<1, 200>>,
    /// `next` of the page before.
    cursor: Option<Cursor>,
}

#[derive(Serialize, JsonSchema)]
pub struct Ledger {
    /// Oldest first.
    items: Vec<Item>,
    /// How many there are with these filters.
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
    /// Of the workspace's whole ledger, or the agent's chain: `valid`, `broken` or `unknown`.
    chain: Verdict,
    /// What was checked, and what nobody can tell.
    reason: String,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    id: String,
    timestamp: DateTime<Utc>,
    agent_id: String,
    session_id: String,
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_used: Option<String>,
    human_oversight_flag: bool,
    risk_flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_hash: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Row {
    id: String,
    timestamp: DateTime<Utc>,
    agent_id: String,
    #[serde(default)]
    session_id: String,
    operation: String,
    model_used: Option<String>,
    #[serde(default)]
    human_oversight_flag: bool,
    #[serde(default)]
    risk_flag: bool,
    input_hash: Option<String>,
    output_hash: Option<String>,
    prev_hmac: Option<String>,
    hmac: String,
}

#[derive(Deserialize)]
struct Answer {
    /// Null where there are none.
    events: Option<Vec<Row>>,
    total: usize,
    chain_valid: Option<bool>,
}

impl Act for QueryAgentLedger {
    type Answer = Ledger;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let offset = self.offset(call)?;
        let limit = self.limit.map_or(USUAL, |limit| usize::try_from(limit.get()).unwrap_or(USUAL));
        let whole = self.ask(false, AT_ONCE, 0, call).await?;
        let rows = whole.events.unwrap_or_default();
        if rows.is_empty() {
            confirm_exists(&self.workspace_id, call).await?;
        }
        let links: Vec<Link<'_>> = rows.iter().map(Row::link).collect();
        let (chain, reason) = chain::judge(&links, whole.total, whole.chain_valid);
        let (shown, count) = if self.is_filtered() || offset + limit > rows.len() && whole.total > rows.len() {
            let page = self.ask(true, limit, offset, call).await?;
            (page.events.unwrap_or_default(), page.total)
        } else {
            (rows.iter().skip(offset).take(limit).cloned().collect(), whole.total)
        };
        let seen = offset + shown.len();
        let more = !shown.is_empty() && seen < count;
        Ok(Ledger {
            items: shown.into_iter().map(Row::item).collect(),
            count,
            next: more.then(|| call.server.seal.cursor(NAME, &seen.to_string())),
            chain,
            reason,
        })
    }
}

impl QueryAgentLedger {
    fn offset(&self, call: &Invocation) -> Result<usize, Failure> {
        let Some(cursor) = &self.cursor else { return Ok(0) };
        let mark = call.server.seal.open(NAME, cursor)?;
        mark.parse().map_err(|_| Failure::invalid("this `cursor` isn't one that this list gave"))
    }

    /// By what may cut a chain's beginning off, or take links out of it.
    fn is_filtered(&self) -> bool {
        self.session_id.is_some() || self.from.is_some() || self.to.is_some()
    }

    async fn ask(&self, filtered: bool, limit: usize, offset: usize, call: &Invocation) -> Result<Answer, Failure> {
        let mut ask = call.tenant.ask(&AUDIT).part("workspace_id", &self.workspace_id);
        ask = ask.query("limit", limit).query("offset", offset);
        if let Some(agent) = &self.agent_id {
            ask = ask.query("agent_id", agent);
        }
        if filtered {
            if let Some(session) = &self.session_id {
                ask = ask.query("session_id", session);
            }
            for (name, time) in [("from", self.from), ("to", self.to)] {
                if let Some(time) = time {
                    ask = ask.query(name, time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                }
            }
        }
        ask.fetch().await
    }
}

impl Row {
    fn link(&self) -> Link<'_> {
        Link {
            id: &self.id,
            agent: &self.agent_id,
            at: self.timestamp,
            before: self.prev_hmac.as_deref(),
            own: &self.hmac,
        }
    }

    fn item(self) -> Item {
        Item {
            id: self.id,
            timestamp: self.timestamp,
            agent_id: self.agent_id,
            session_id: self.session_id,
            operation: self.operation,
            model_used: self.model_used,
            human_oversight_flag: self.human_oversight_flag,
            risk_flag: self.risk_flag,
            input_hash: self.input_hash,
            output_hash: self.output_hash,
        }
    }
}
