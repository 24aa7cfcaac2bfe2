//! Every tool, each with what lets it go as far as it can, and credentials where they don't belong.

use molecule_org_mcp::tools::catalogue::Catalogue;
use serde_json::{Value, json};

use super::marks::{BEARER, FROM_ENV, FROM_FILE, ID, KEY, MINTED, TOKEN};

/// Those of its example, or others.
pub fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = chosen();
    for entry in Catalogue::new().entries().iter() {
        let name = entry.tool.name;
        if !calls.iter().any(|(tool, _)| *tool == name) {
            calls.push((name, serde_json::from_str(entry.tool.example).unwrap()));
        }
    }
    calls
}

/// Arguments that no tool takes.
pub fn senseless() -> Vec<(&'static str, Value)> {
    Catalogue::new().entries().iter().map(|entry| (entry.tool.name, json!({ KEY: MINTED, "value": TOKEN }))).collect()
}

fn chosen() -> Vec<(&'static str, Value)> {
    let it = || json!({ "workspace_id": ID });
    vec![
        ("whoami", json!({})),
        ("query_journal", json!({ "limit": 100 })),
        ("list_consents", json!({})),
        ("get_org_overview", json!({})),
        ("list_org_templates", json!({})),
        ("import_org", json!({ "template": "starter-team" })),
        ("list_workspaces", json!({ "long": true })),
        ("get_workspace", it()),
        ("find_idle_workspaces", json!({})),
        (
            "create_workspace",
            json!({ "name": "a", "sink": "file", "secrets": { "A": "env:CANARY", "B": "file:secret" } }),
        ),
        ("update_workspace", json!({ "workspace_id": ID, "name": "b" })),
        ("restart_workspace", it()),
        ("pause_workspace", it()),
        ("resume_workspace", it()),
        ("delete_workspace", it()),
        ("wait_for_workspace", json!({ "workspace_id": ID, "seconds": 1 })),
        ("check_remote_agent_freshness", json!({ "workspace_id": ID, "threshold_seconds": 1, "listen": true })),
        ("list_org_keys", json!({})),
        ("mint_org_key", json!({ "name": "ci" })),
        ("revoke_key", json!({ "key": ID })),
        ("inspect_org_keys", json!({})),
        ("list_workspace_tokens", it()),
        ("create_workspace_token", it()),
        ("revoke_workspace_token", json!({ "workspace_id": ID, "token_id": ID })),
        ("list_pending_approvals", json!({})),
        ("list_workspace_approvals", it()),
        ("create_approval", json!({ "workspace_id": ID, "action": "x" })),
        ("decide_approval", json!({ "workspace_id": ID, "approval_id": ID, "decision": "denied" })),
        ("list_secrets", it()),
        ("list_global_secrets", json!({})),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:CANARY" })),
        ("set_global_secret", json!({ "key": "A", "source": "file:secret" })),
        ("delete_secret", json!({ "workspace_id": ID, "key": "A" })),
        ("delete_global_secret", json!({ "key": "A" })),
        ("get_budget", it()),
        ("set_budget", json!({ "workspace_id": ID, "limit": { "cents": 1, "currency": "USD" } })),
        ("get_spend_report", json!({})),
        ("list_schedules", json!({ "workspace_id": ID, "long": true })),
        ("create_schedule", json!({ "workspace_id": ID, "name": "new", "cron_expr": "0 9 * * *", "prompt": "p" })),
        ("update_schedule", json!({ "workspace_id": ID, "schedule_id": ID, "enabled": true })),
        ("run_schedule", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("get_schedule_history", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("get_schedule_health", it()),
        ("list_schedule_health", json!({ "limit": 9 })),
        ("delete_schedule", json!({ "workspace_id": ID, "schedule_id": ID })),
        ("list_channel_adapters", json!({})),
        ("list_channels", json!({ "workspace_id": ID, "long": true })),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "sources": { "bot_token": "file:secret" } }),
        ),
        (
            "update_channel",
            json!({ "workspace_id": ID, "channel_id": ID, "config": { "username": "u" }, "sources": { "bot_token": "env:CANARY" } }),
        ),
        ("send_channel_message", json!({ "workspace_id": ID, "channel_id": ID, "text": "t" })),
        ("test_channel", json!({ "workspace_id": ID, "channel_id": ID })),
        ("discover_channel_chats", json!({ "workspace_id": ID, "source": "file:secret" })),
        ("remove_channel", json!({ "workspace_id": ID, "channel_id": ID })),
        ("get_platform_health", json!({})),
        ("get_platform_metrics", json!({})),
        ("drop_stale_queue", it()),
        ("refresh_workspace_images", json!({ "everywhere": true, "recreate": true })),
        ("call_read_tool", json!({ "tool": "list_secrets", "arguments": it() })),
        (
            "call_write_tool",
            json!({ "tool": "set_secret", "arguments": { "workspace_id": ID, "key": "A", "source": "env:CANARY" } }),
        ),
        ("call_dangerous_tool", json!({ "tool": "mint_org_key", "arguments": { "name": "ci" } })),
        // Credentials where they don't belong.
        (KEY, json!({ KEY: MINTED })),
        ("get_workspace", json!({ "workspace_id": BEARER })),
        ("call_read_tool", json!({ "tool": KEY, "arguments": {} })),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": FROM_ENV })),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:MOLECULE_ORG_TOKEN" })),
        ("set_secret", json!({ "workspace_id": ID, "key": "A", "source": "env:CANARY", "value": FROM_ENV })),
        ("create_workspace", json!({ "name": "a", "secrets": { "A": FROM_FILE } })),
        ("add_channel", json!({ "workspace_id": ID, "channel_type": "irc", "config": { "bot_token": FROM_FILE } })),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "config": format!("{{\"chat_id\":\"{KEY}\"}}") }),
        ),
        (
            "add_channel",
            json!({ "workspace_id": ID, "channel_type": "irc", "bot_token": FROM_ENV, "sources": { KEY: FROM_FILE } }),
        ),
        ("discover_channel_chats", json!({ "type": "telegram", "config": { "bot_token": MINTED } })),
        ("get_workspace", json!({ "workspace_id": KEY })),
        ("revoke_key", json!({ "key": MINTED })),
        ("mint_org_key", json!({ "name": "x", "sink": TOKEN })),
        ("list_workspaces", json!({ "cursor": KEY, "status": TOKEN })),
        (
            "import_org",
            json!({ "inline": { "name": "x", "workspaces": [{ "channels": [{ "config": { "bot_token": MINTED } }] }] } }),
        ),
    ]
}
