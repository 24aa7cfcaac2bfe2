//! About this server itself: whose key it holds, what is switched off, and what it did.

mod consents;
mod jobs;
pub mod journal;
pub mod rest;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::Effect;
use super::ids::{KeyId, WorkspaceId};
use super::invocation::Invocation;
use super::keys::{LIST_KEYS, fetch_org_keys};
use super::surface::Way;
use super::tool::{Act, Draft, Tool};
use super::toolset::Toolset;
use crate::failure::Failure;
use crate::policy::Decision;
use crate::policy::grant::Grant;
use crate::webhooks::Standing;

/// Of a tenant that has no admin token.
pub const OPEN: &str = "this tenant accepts a random key: it lets EVERYBODY in. Set ADMIN_TOKEN where it runs and \
    restart it; then revoke every org key that isn't known, and mint new ones with `molecule-org-mcp keys bootstrap`";

pub const TOOLS: &[Tool] = &[
    Draft::read("whoami", &[LIST_KEYS])
        .about("Which tenant and org key this server works with, who you are to it, and which tools are off and why.")
        .said("which account, which organisation, connected to, logged in as, my permissions, identity, read-only, what am I permitted to do here")
        .everyday()
        .common()
        .acts::<WhoAmI>(),
    Draft::read(journal::QUERY, &[])
        .about("Read the journal, newest first: who called what, by which key, grant and rule, and how it ended.")
        .said("audit log of this server, history of calls, what did you do, who changed, record, trail of tool calls, who stopped or changed it through this server, find out who it was, yesterday, calls of this MCP server")
        .example(r#"{"effect":"destroy","since":"2026-11-20T00:00:00Z"}"#)
        .filtered()
        .acts::<journal::QueryJournal>(),
    Draft::read("verify_journal", &[])
        .about("Check that nobody changed the journal: every entry's hash anew, every checkpoint's signature. Names the first entry that isn't as it was.")
        .said("tampering, integrity of the audit log, prove the record is complete, was the history edited, can I trust the log, chain of hashes, deleted entries")
        .common()
        .acts::<journal::VerifyJournal>(),
    Draft::read("list_consents", &[])
        .filtered()
        .about("Calls that wait for a person to agree, oldest first. A person agrees at the operator's terminal; no tool can.")
        .said("consent, waiting for the operator, needs a yes, CONSENT_REQUIRED, confirmation pending, was it agreed")
        .lists::<consents::ListConsents>(),
    Draft::read(rest::NAME, &[])
        .filtered()
        .about("Read on in a text that an answer cut, by the id that it gave. Kept 15 minutes, for you alone.")
        .said("the rest of a long answer, continue a cut text")
        .example(r#"{"result_id":"019aa58e-2f3c-7d10-9c55-6f0e8a1b2c3d","from":6000}"#)
        .acts::<rest::ReadResult>(),
    Draft::read("start_job", &[])
        .up_to(Effect::Escalate)
        .about("Begin a call of another tool that takes long, without waiting for its answer: answers a `job_id` for get_job. What is refused, or needs a person, is said at once.")
        .said("run in the background, asynchronous call, don't block, kick off, detached")
        .example(r#"{"tool":"export_org","arguments":{"file":"org.yaml"}}"#)
        .common()
        .calls(Way::Job),
    Draft::read("get_job", &[])
        .about("How a job stands, and what it came to: the tool's own `result`, or its `error`.")
        .said("is the background call finished, poll, result of a job, wait for a job, progress")
        .example(r#"{"job_id":"Zm9vYmFyYmF6cXV4Zm9vYmFy","wait_seconds":20}"#)
        .common()
        .relays()
        .acts::<jobs::GetJob>(),
    Draft::read("list_jobs", &[])
        .about("Your jobs of the last 24 hours, newest first.")
        .said("background calls, which jobs run, lost the job id")
        .common()
        .relays()
        .lists::<jobs::ListJobs>(),
    Draft::write("cancel_job", &[])
        .about("Cancel a job of yours. A request under way is broken off; what took effect stays, and the answer says so.")
        .said("stop a background call, abort a job")
        .example(r#"{"job_id":"Zm9vYmFyYmF6cXV4Zm9vYmFy"}"#)
        .idempotent()
        .common()
        .relays()
        .acts::<jobs::CancelJob>(),
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
    /// What is dangerous about this tenant, and what ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    /// Why the key couldn't be looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_problem: Option<String>,
    caller: String,
    door: String,
    role: String,
    /// What you hold; absent for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<Held>,
    read_only: bool,
    toolsets: Vec<String>,
    /// `built-in`, or the file's digest; and what is wrong with the file on disk.
    policy: String,
    /// Tools that are off, by the rule that says so.
    refused: BTreeMap<String, Vec<String>>,
    /// `taking entries`, or what that means where it isn't.
    journal: String,
    /// Webhooks that wait to be taken, or were given up; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<String>,
    version: String,
}

/// A grant with what those above it take away.
#[derive(Serialize, JsonSchema)]
struct Held {
    id: String,
    name: String,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
    /// The only ones that you may name; absent: bound to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces: Option<BTreeSet<WorkspaceId>>,
    /// These, with all below them.
    #[serde(skip_serializing_if = "Option::is_none")]
    subtrees: Option<BTreeSet<WorkspaceId>>,
    /// The one that you run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_workspace: Option<WorkspaceId>,
}

impl Held {
    fn of(grant: &Grant) -> Self {
        let binding = grant.chain().find_map(|one| one.binding.clone());
        let (workspaces, subtrees) = binding.map(|bound| (bound.workspaces, bound.subtrees)).unzip();
        let some = |ids: &BTreeSet<WorkspaceId>| !ids.is_empty();
        Self {
            id: grant.id.clone(),
            name: grant.name.clone(),
            expires: grant.chain().filter_map(|one| one.expires).min(),
            workspaces: workspaces.filter(some),
            subtrees: subtrees.filter(some),
            own_workspace: grant.own_workspace.clone(),
        }
    }
}

impl Act for WhoAmI {
    type Answer = Identity;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let server = &call.server;
        let rules = server.policy.now();
        let offered = |toolset: &&Toolset| {
            call.caller.grants().all(|grant| grant.toolsets.as_ref().is_none_or(|own| own.contains(*toolset)))
        };
        // Who we are is worth an answer even where the tenant has none.
        let (keys, open) = tokio::join!(fetch_org_keys(&call.tenant), call.tenant.lets_everybody_in());
        let (own, key_problem) = match keys {
            Ok(keys) => (keys.into_iter().find(|key| server.is_own_key(&key.prefix)), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        Ok(Identity {
            tenant: server.address.clone(),
            key_prefix: server.keys.tag().to_string(),
            key_name: own.as_ref().and_then(|key| key.name.clone()),
            key_id: own.map(|key| key.id),
            // Nobody who is held to less is told how to get more.
            warning: (!call.is_limited() && open.unwrap_or(false)).then_some(OPEN),
            key_problem,
            caller: call.caller.name.clone().into_owned(),
            door: call.caller.door.as_str().to_owned(),
            role: rules.role(&call.caller).as_str().to_owned(),
            grant: call.caller.grant.as_deref().map(Held::of),
            read_only: rules.read_only || call.caller.grants().any(|grant| grant.read_only),
            toolsets: rules.toolsets.iter().filter(offered).map(|toolset| toolset.as_str().to_owned()).collect(),
            policy: server.policy.standing(),
            refused: refused(call),
            journal: state_of_journal(call),
            webhooks: state_of_webhooks(call),
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

fn state_of_webhooks(call: &Invocation) -> Option<String> {
    let standing = call.server.outbox.standing(&call.server.tenant).ok()?;
    let told = format!("{} waiting, {} given up", standing.waiting, standing.dead);
    (standing != Standing::default()).then_some(told)
}
