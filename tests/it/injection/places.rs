//! Where texts are put: one text into each free-text column that the tenant has. What is listed by
//! workspace lies in one workspace, the home, so that one call shows it for all texts.

use serde_json::{Value, json};

use super::corpus::Text;

pub fn rows(text: &Text, home: &Text) -> Vec<Value> {
    let home = home.id(1);
    workspaces(text).into_iter().chain(kept_for(text, &home)).chain(done_by(text, &home)).collect()
}

fn ago(seconds: i64) -> Value {
    json!({ "$seconds_from_now": -seconds })
}

/// One that is in trouble and idle, one that nothing is known of, and below it a busy one elsewhere.
fn workspaces(text: &Text) -> Vec<Value> {
    let [main, silent, busy] = [1, 2, 3].map(|which| text.id(which));
    let put = |field| text.put(field);
    let card = json!({
        "name": put("card_name"), "version": put("card_version"), "description": put("card_description"),
        "skills": [{ "id": put("skill_id"), "name": put("skill_name"), "description": put("skill_description") }],
    });
    vec![
        json!({
            "table": "workspaces", "id": main, "status": "degraded", "created_at": ago(9000), "agent_card": card,
            "name": put("name"), "role": put("role"), "url": put("url"), "workspace_dir": put("directory"),
            "last_sample_error": put("sample_error"), "current_task": put("current_task"), "runtime": put("runtime"),
            "budget_limit": 100, "monthly_spend": 90,
            "config": { "prompt": put("config"), "required_env": [put("required")] },
        }),
        json!({
            "table": "workspaces", "id": silent, "status": "online", "created_at": ago(8000),
            "name": put("silent_name"),
        }),
        json!({
            "table": "workspaces", "id": busy, "status": "online", "created_at": ago(7000), "name": put("busy_name"),
            "runtime": "external", "external": true, "parent_id": silent, "active_tasks": 2,
        }),
        json!({
            "table": "activity_logs", "workspace_id": main, "activity_type": "agent_log", "created_at": ago(7200),
        }),
        json!({
            "table": "workspace_channels", "workspace_id": main, "channel_type": "slack",
            "allowed_users": [put("channel_user")],
            "channel_config": {
                "username": put("channel_name"), "chat_id": put("chat_id"), "channel_id": put("channel_id"),
                "icon_emoji": put("channel_icon"),
            },
        }),
    ]
}

/// What people and agents keep there.
fn kept_for(text: &Text, home: &str) -> Vec<Value> {
    let put = |field| text.put(field);
    let sealed = json!({ "$sealed": "x" });
    let kept = json!([put("kept_value")]).to_string();
    vec![
        json!({ "table": "workspace_secrets", "workspace_id": home, "key": put("secret_key"), "sealed": sealed }),
        json!({ "table": "global_secrets", "key": put("global_key"), "sealed": sealed }),
        json!({
            "table": "org_api_tokens", "name": put("key_name"), "prefix": format!("{:08}", text.number),
            "token_hash": { "$random": true }, "created_at": ago(200 * 86_400),
        }),
        json!({
            "table": "workspace_schedules", "workspace_id": home, "name": put("schedule_name"),
            "prompt": put("schedule_prompt"), "cron_expr": "*/5 * * * *", "last_run_at": ago(172_800),
            "last_status": "error", "last_error": put("schedule_error"),
        }),
        json!({
            "table": "agent_memories", "workspace_id": home, "content": put("memory"), "scope": "LOCAL",
            "namespace": put("namespace"),
        }),
        json!({ "table": "workspace_memory", "workspace_id": home, "key": put("kept_key"), "value": kept, "version": 1 }),
        json!({
            "table": "workflow_checkpoints", "workspace_id": home, "workflow_id": "w", "step_name": put("step"),
            "payload": [put("payload")],
        }),
        json!({
            "table": "workspace_files", "workspace_id": home, "root": "/configs",
            "path": format!("{}.md", text.number), "content": { "$bytes": put("file") },
        }),
        json!({
            "table": "instructions", "scope": "global", "title": put("instruction_title"),
            "content": put("instruction"),
        }),
    ]
}

/// What agents did there, and what they asked for.
fn done_by(text: &Text, home: &str) -> Vec<Value> {
    let put = |field| text.put(field);
    let trace = Value::Object([(put("trace_name"), json!(1))].into_iter().collect());
    vec![
        json!({
            "table": "activity_logs", "workspace_id": home, "activity_type": "error", "created_at": ago(7300),
            "summary": put("summary"), "method": put("method"), "error_detail": put("error_detail"),
            "request_body": { "asked": put("request") }, "response_body": [put("response")], "tool_trace": trace,
        }),
        json!({
            "table": "approval_requests", "id": text.id(4), "workspace_id": home, "created_at": ago(60),
            "action": put("action"), "reason": put("reason"),
        }),
        json!({
            "table": "approval_requests", "id": text.id(5), "workspace_id": home, "created_at": ago(5000),
            "action": "deploy", "status": "approved", "decided_at": ago(4000), "decided_by": put("decided_by"),
        }),
        json!({
            "table": "approval_requests", "id": text.id(6), "workspace_id": text.id(2), "created_at": ago(5000),
            "action": put("old_action"), "reason": put("old_reason"),
        }),
    ]
}

/// Arguments for one text.
pub fn filled(arguments: &str, text: &Text, home: &Text) -> Value {
    let mut filled = arguments.replace("{number}", &text.number.to_string());
    filled = filled.replace("{home}", &home.id(1)).replace("{home_silent}", &home.id(2));
    for (name, which) in [("{main}", 1), ("{silent}", 2), ("{busy}", 3), ("{request}", 4)] {
        filled = filled.replace(name, &text.id(which));
    }
    serde_json::from_str(&filled).unwrap()
}
