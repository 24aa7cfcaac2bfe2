//! About this server itself: whose key it holds, what is switched off, and what it did.

pub mod journal;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::KeyId;
use super::invocation::Invocation;
use super::keys::{LIST_KEYS, fetch_org_keys};
use super::tool::{Act, Draft, Tool};
use crate::failure::Failure;
use crate::policy::Decision;

pub const TOOLS: &[Tool] = &[
    Draft::read("whoami", &[LIST_KEYS])
        .about("Which tenant and org key this server works with, who you are to it, and which tools are off and why.")
        .said("which account, which organisation, connected to, logged in as, my permissions, identity, read-only, what am I permitted to do here")
        .everyday()
        .acts::<WhoAmI>(),
    Draft::read(journal::QUERY, &[])
        .about("Read the journal, newest first: who called what, by which key, grant and rule, and how it ended.")
        .said("audit log of this server, history of calls, what did you do, who changed, record, trail of tool calls, who stopped or changed it through this server, find out who it was, yesterday, calls of this MCP server")
        .example(r#"{"effect":"destroy","since":"2026-11-20T00:00:00Z"}"#)
        .acts::<journal::QueryJournal>(),
    Draft::read("verify_journal", &[])
        .about("Check that nobody changed the journal: every entry's hash anew, every checkpoint's signature. Names the first entry that isn't as it was.")
        .said("tampering, integrity of the audit log, prove the record is complete, was the history edited, can I trust the log, chain of hashes, deleted entries")
        .acts::<journal::VerifyJournal>(),
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
    /// `built-in`, or the file's digest; and what is wrong with the file on disk.
    policy: String,
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
            policy: server.policy.standing(),
            refused: refused(call),
            journal: state_of_journal(call),
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

fn state_of_journal(call: &Invocation) -> String {
    match (call.server.journal.healthy(), call.server.journal.lost()) {
        (false, _) => "not taking entries: everything but reads is refused".to_owned(),
        (true, 0) => "taking entries".to_owned(),
        (true, lost) => format!("taking entries; {lost} of reads and refusals were lost"),
    }
}
