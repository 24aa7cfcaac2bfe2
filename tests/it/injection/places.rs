//! The table: where texts are put, and which tools show them where. A new field is a column in `rows`
//! and a line in `VIEWS`.

use serde_json::{Value, json};

use super::corpus::Text;
use As::{Line, Name, Prose, Start};

/// How a text may stand in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// By itself and in full: names.
    Name,
    /// By itself, and cut where it is long.
    Start,
    /// In one fence, perhaps cut.
    Prose,
    /// In quotes, in a line of ours.
    Line,
}

/// A call, and where texts may be in its answer.
pub struct View {
    pub tool: &'static str,
    /// `{main}` and the like are ids of one text, and the call is made for each; without any the
    /// answer is about all texts, and read to its last page.
    pub arguments: &'static str,
    /// Path, the field whose text may be there, and how. Every text must be.
    pub paths: &'static [(&'static str, &'static str, As)],
}

/// One text in every field that a row of the tenant has for it.
pub fn rows(text: &Text) -> Vec<Value> {
    let [main, silent, busy] = [1, 2, 3].map(|which| text.id(which));
    let put = |field| text.put(field);
    let ago = |seconds: i64| json!({ "$seconds_from_now": -seconds });
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
        }),
        json!({
            "table": "workspaces", "id": silent, "status": "online", "created_at": ago(8000), "name": put("silent_name"),
        }),
        json!({
            "table": "workspaces", "id": busy, "status": "online", "created_at": ago(7000), "name": put("busy_name"),
            "runtime": "external", "external": true, "parent_id": silent, "active_tasks": 2,
        }),
        json!({
            "table": "activity_logs", "workspace_id": main, "activity_type": "agent_log", "created_at": ago(7200),
            "summary": put("summary"), "error_detail": put("error_detail"),
        }),
        json!({
            "table": "approval_requests", "id": text.id(4), "workspace_id": main, "created_at": ago(60),
            "action": put("action"), "reason": put("reason"),
        }),
        json!({
            "table": "approval_requests", "id": text.id(5), "workspace_id": main, "created_at": ago(5000),
            "action": "deploy", "status": "approved", "decided_at": ago(4000), "decided_by": put("decided_by"),
        }),
        json!({
            "table": "approval_requests", "id": text.id(6), "workspace_id": silent, "created_at": ago(5000),
            "action": put("old_action"), "reason": put("old_reason"),
        }),
        json!({
            "table": "workspace_schedules", "workspace_id": main, "name": put("schedule_name"),
            "prompt": put("schedule_prompt"), "cron_expr": "*/5 * * * *", "last_run_at": ago(172_800),
            "last_error": put("schedule_error"),
        }),
        json!({
            "table": "workspace_secrets", "workspace_id": main, "key": put("secret_key"), "sealed": { "$sealed": "x" },
        }),
        json!({ "table": "global_secrets", "key": put("global_key"), "sealed": { "$sealed": "x" } }),
        json!({
            "table": "org_api_tokens", "name": put("key_name"), "prefix": format!("{:08}", text.number),
            "token_hash": { "$random": true }, "created_at": ago(200 * 86_400),
        }),
    ]
}

/// In this order: the last ones change what the others show.
pub const VIEWS: &[View] = &[
    View {
        tool: "list_workspaces",
        arguments: r#"{"long":true,"limit":200}"#,
        paths: &[
            ("items/*/name", "name", Name),
            ("items/*/name", "silent_name", Name),
            ("items/*/name", "busy_name", Name),
            ("items/*/role", "role", Name),
            ("items/*/url", "url", Name),
            ("items/*/runtime", "runtime", Name),
            ("items/*/workspace_dir", "directory", Name),
            ("items/*/last_sample_error", "sample_error", Prose),
            ("items/*/current_task", "current_task", Prose),
        ],
    },
    View {
        tool: "list_workspaces",
        arguments: r#"{"limit":200}"#,
        paths: &[
            ("items/*/name", "name", Name),
            ("items/*/name", "silent_name", Name),
            ("items/*/name", "busy_name", Name),
            ("items/*/role", "role", Name),
        ],
    },
    View {
        tool: "get_workspace",
        arguments: r#"{"workspace_id":"{main}"}"#,
        paths: &[
            ("name", "name", Name),
            ("role", "role", Name),
            ("url", "url", Name),
            ("runtime", "runtime", Name),
            ("agent_card/name", "card_name", Name),
            ("agent_card/version", "card_version", Name),
            ("agent_card/description", "card_description", Prose),
            ("agent_card/skills/*/id", "skill_id", Name),
            ("agent_card/skills/*/name", "skill_name", Name),
            ("agent_card/skills/*/description", "skill_description", Prose),
        ],
    },
    View {
        tool: "find_idle_workspaces",
        arguments: "{}",
        paths: &[("items/*/name", "name", Name), ("unknown/*/name", "silent_name", Name)],
    },
    View {
        tool: "get_org_overview",
        arguments: "{}",
        paths: &[
            ("in_trouble/*/name", "name", Start),
            ("in_trouble/*/error", "sample_error", Prose),
            ("idle/*/name", "name", Start),
            ("pending_approvals/*/action", "action", Prose),
            ("keys/at_risk/*/name", "key_name", Start),
            ("spend/near_limit/*/name", "name", Start),
            ("schedules/failing/*/workspace_name", "name", Start),
            ("schedules/failing/*/schedule_name", "schedule_name", Start),
        ],
    },
    View {
        tool: "list_workspace_approvals",
        arguments: r#"{"workspace_id":"{main}"}"#,
        paths: &[
            ("items/*/action", "action", Prose),
            ("items/*/reason", "reason", Prose),
            ("items/*/decided_by", "decided_by", Name),
        ],
    },
    View {
        tool: "list_secrets",
        arguments: r#"{"workspace_id":"{main}","limit":100}"#,
        paths: &[("items/*/key", "secret_key", Name), ("items/*/key", "global_key", Name)],
    },
    View { tool: "list_global_secrets", arguments: r#"{"limit":100}"#, paths: &[("items/*/key", "global_key", Name)] },
    View { tool: "list_org_keys", arguments: "{}", paths: &[("items/*/name", "key_name", Name)] },
    View {
        tool: "inspect_org_keys",
        arguments: "{}",
        paths: &[("findings/*/name", "key_name", Start), ("lineage/*", "key_name", Line)],
    },
    View {
        tool: "list_pending_approvals",
        arguments: "{}",
        paths: &[
            ("items/*/workspace_name", "name", Name),
            ("items/*/action", "action", Prose),
            ("items/*/reason", "reason", Prose),
            ("denied_by_asking/*/action", "old_action", Prose),
        ],
    },
    View {
        tool: "decide_approval",
        arguments: r#"{"workspace_id":"{main}","approval_id":"{request}","decision":"denied"}"#,
        paths: &[("action", "action", Prose)],
    },
    View { tool: "pause_workspace", arguments: r#"{"workspace_id":"{main}"}"#, paths: &[("name", "name", Name)] },
    View {
        tool: "delete_workspace",
        arguments: r#"{"workspace_id":"{silent}","including_children":true,"interrupting":true}"#,
        paths: &[("name", "silent_name", Name), ("also_removed/*/name", "busy_name", Name)],
    },
];

/// Calls that are refused, with the fields that the refusal may name.
pub const REFUSALS: &[(&str, &str, &[&str])] = &[
    ("restart_workspace", r#"{"workspace_id":"{busy}"}"#, &["busy_name"]),
    ("pause_workspace", r#"{"workspace_id":"{silent}"}"#, &["silent_name"]),
    ("delete_workspace", r#"{"workspace_id":"{silent}"}"#, &["silent_name", "busy_name"]),
];

/// The arguments for one text.
pub fn filled(arguments: &str, text: &Text) -> Value {
    let mut filled = arguments.to_owned();
    for (name, which) in [("{main}", 1), ("{silent}", 2), ("{busy}", 3), ("{request}", 4)] {
        filled = filled.replace(name, &text.id(which));
    }
    serde_json::from_str(&filled).unwrap()
}
