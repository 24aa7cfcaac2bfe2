//! An organisation of two teams. Everything of the second one carries a mark, in its names and in its ids:
//! none of it may reach whoever is bound to the first.

use std::collections::BTreeSet;

use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::binding::Binding;
use molecule_org_mcp::policy::consent::ConsentRules;
use molecule_org_mcp::policy::grant::Grant;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::tools::ids::WorkspaceId;
use molecule_org_mcp::transport::caller::Caller;
use serde_json::{Value, json};

use crate::support::{self, House, Plan, holding};

/// The first team: a lead, one below it, and one below that.
pub const LEAD: &str = "1ead0000-0000-4000-8000-000000000001";
pub const MEMBER: &str = "1ead0000-0000-4000-8000-000000000002";
pub const HELPER: &str = "1ead0000-0000-4000-8000-000000000003";
/// The second: a lead, and one below it.
pub const THEIR_LEAD: &str = "cafe0000-0000-4000-8000-000000000001";
pub const THEIR_MEMBER: &str = "cafe0000-0000-4000-8000-000000000002";
/// What nobody has.
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000009";
/// What stands in everything of the second team.
pub const MARKS: [&str; 2] = ["cafe0000", "kanari"];

/// What a team has, by the name of the argument that says which.
pub fn thing(team: &str, kind: &str) -> String {
    let number = match kind {
        "approval_id" => 1,
        "channel_id" => 2,
        "instruction_id" => 3,
        "memory_id" => 4,
        "schedule_id" => 5,
        "token_id" => 6,
        "event_id" => 7,
        other => panic!("no {other} is seeded"),
    };
    format!("{team}0000-0000-4000-8000-0000000000f{number}")
}

pub async fn house() -> House {
    planned(Plan::default()).await
}

pub async fn planned(plan: Plan) -> House {
    let house = House::open(plan);
    settle(&house).await;
    house
}

/// One where a person is asked whatever can't be undone.
pub async fn house_that_asks() -> House {
    let house = house().await;
    let policy = &house.dispatch.server().policy;
    policy.replace(Rules { consent: ConsentRules::default(), ..(*policy.now()).clone() });
    house
}

async fn settle(house: &House) {
    let rows: Vec<String> = workspaces().into_iter().chain(belongings()).map(|row| row.to_string()).collect();
    house.host().seed_lines(&rows.join("\n"));
    happenings(house).await;
}

fn workspaces() -> Vec<Value> {
    let one = |id: &str, name: &str, parent: Option<&str>| {
        // One runs here, the others elsewhere.
        let runtime = if id == MEMBER { "claude-code" } else { "external" };
        json!({
            "table": "workspaces", "id": id, "name": name, "parent_id": parent, "status": "online", "tier": 3,
            "runtime": runtime, "external": runtime == "external", "url": "http://localhost:1", "role": format!("role of {name}"),
            "monthly_spend": 10, "budget_limit": 1000, "last_outbound_at": { "$seconds_from_now": -90_000 },
        })
    };
    vec![
        one(LEAD, "Kitchen Lead", None),
        one(MEMBER, "Cook", Some(LEAD)),
        one(HELPER, "Dishwasher", Some(MEMBER)),
        one(THEIR_LEAD, "kanari lead", None),
        one(THEIR_MEMBER, "kanari member", Some(THEIR_LEAD)),
    ]
}

/// The same for each team; `word` stands in every text of it.
fn belongings() -> Vec<Value> {
    [("1ead", "kitchen", MEMBER), ("cafe", "kanari", THEIR_MEMBER)]
        .into_iter()
        .flat_map(|(team, word, owner)| belongings_of(team, word, owner))
        .collect()
}

fn belongings_of(team: &str, word: &str, owner: &str) -> Vec<Value> {
    let id = |kind: &str| thing(team, kind);
    let key = word.to_uppercase();
    vec![
        json!({ "table": "approval_requests", "id": id("approval_id"), "workspace_id": owner, "action": word }),
        json!({ "table": "workspace_channels", "id": id("channel_id"), "workspace_id": owner, "channel_type": "slack",
            "channel_config": { "webhook_url": "https://hooks.slack.com/services/T/B/x", "chat_id": word } }),
        json!({ "table": "instructions", "id": id("instruction_id"), "scope": "workspace", "scope_target": owner,
            "title": word, "content": word }),
        json!({ "table": "agent_memories", "id": id("memory_id"), "workspace_id": owner, "content": word,
            "scope": "LOCAL" }),
        json!({ "table": "agent_memories", "workspace_id": owner, "content": format!("{word} for all"),
            "scope": "GLOBAL" }),
        json!({ "table": "workspace_schedules", "id": id("schedule_id"), "workspace_id": owner, "name": word,
            "cron_expr": "0 9 * * *", "prompt": word, "next_run_at": { "$seconds_from_now": 80_000 } }),
        json!({ "table": "workspace_auth_tokens", "id": id("token_id"), "workspace_id": owner,
            "token_hash": { "$random": true }, "prefix": &format!("{word}xxxx")[..8] }),
        json!({ "table": "workspace_secrets", "workspace_id": owner, "key": format!("{key}_KEY"),
            "sealed": { "$sealed": word } }),
        json!({ "table": "workspace_memory", "workspace_id": owner, "key": word, "value": &format!("\"{word}\""), "version": 1 }),
        json!({ "table": "workflow_checkpoints", "workspace_id": owner, "workflow_id": word, "step_name": word,
            "step_index": 1 }),
        json!({ "table": "activity_logs", "workspace_id": owner, "activity_type": "a2a_receive", "summary": word,
            "source_id": THEIR_LEAD, "target_id": owner, "request_body": { "from": THEIR_LEAD } }),
        json!({ "table": "activity_logs", "workspace_id": owner, "activity_type": "delegation", "method": "delegate",
            "summary": format!("Delegating to {THEIR_LEAD}"), "source_id": owner, "target_id": THEIR_LEAD,
            "status": "pending", "request_body": { "delegation_id": format!("{word}-1") } }),
        json!({ "table": "audit_events", "workspace_id": owner, "timestamp": "2026-11-20T08:00:00Z",
            "agent_id": word, "session_id": word, "operation": "task_start" }),
    ]
}

/// What tells of both teams at once.
async fn happenings(house: &House) {
    house.call("assign_agent", json!({ "workspace_id": MEMBER, "model": "m" })).await;
    house.call("move_agent", json!({ "workspace_id": MEMBER, "target_workspace_id": THEIR_LEAD })).await;
    house.call("create_approval", json!({ "workspace_id": THEIR_MEMBER, "action": "kanari asks" })).await;
    house.call("create_approval", json!({ "workspace_id": HELPER, "action": "may I" })).await;
    for (scope, word) in [("LOCAL", "kanari here"), ("TEAM", "kanari team")] {
        let memory = json!({ "workspace_id": THEIR_MEMBER, "content": word, "scope": scope });
        house.call("commit_memory", memory).await;
    }
}

fn ids(of: &[&str]) -> BTreeSet<WorkspaceId> {
    of.iter().map(|id| WorkspaceId::try_from((*id).to_owned()).unwrap()).collect()
}

pub fn subtree(top: &str) -> Binding {
    Binding { subtrees: ids(&[top]), ..Binding::default() }
}

pub fn list(of: &[&str]) -> Binding {
    Binding { workspaces: ids(of), ..Binding::default() }
}

pub fn grant(name: &str) -> Grant {
    Grant { id: format!("grant-{name}"), name: name.to_owned(), ..support::grant(Role::Admin) }
}

pub fn bound(binding: Binding) -> Caller {
    holding(Grant { binding: Some(binding), ..grant("bound") })
}

pub fn running_in(workspace: &str) -> Caller {
    holding(Grant { own_workspace: WorkspaceId::try_from(workspace.to_owned()).ok(), ..grant("runs") })
}
