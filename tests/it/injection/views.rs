//! The table: which tools show texts, and where in their answers. A new field is a column in `places`
//! and a line here.

use As::{Data, Line, Name, Prose, Range, Start};

/// How a text may stand in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// By itself and in full: names.
    Name,
    /// By itself, and cut where it is long.
    Start,
    /// In one fence, perhaps cut.
    Prose,
    /// In one fence, or the beginning of it: how much it is stands beside it.
    Range,
    /// In JSON of any shape, or a name there: by itself where it is short, else in one fence.
    Data,
    /// In quotes, in a line of ours.
    Line,
}

/// A path (`*` is one step, a last `**` any number), the field whose text may be there, and how.
pub type Path = (&'static str, &'static str, As);

/// A call, and where texts may be in its answer.
pub struct View {
    pub tool: &'static str,
    /// With `{main}` and the like, the call is made for each text; otherwise its answer is about all
    /// texts and read to its last page.
    pub arguments: &'static str,
    /// Every text is there.
    pub paths: &'static [Path],
    /// Some may be there: where an answer names a few, or cuts before the marker.
    pub some: &'static [Path],
}

pub const fn view(tool: &'static str, arguments: &'static str, paths: &'static [Path]) -> View {
    View { tool, arguments, paths, some: &[] }
}

impl View {
    pub const fn some(self, some: &'static [Path]) -> Self {
        Self { some, ..self }
    }

    pub fn is_for_each(&self) -> bool {
        ["{main}", "{silent}", "{busy}", "{request}", "{number}"].iter().any(|each| self.arguments.contains(each))
    }

    pub fn all(&self) -> impl Iterator<Item = &'static Path> {
        self.paths.iter().chain(self.some)
    }
}

/// In this order: the last ones change what the others show.
pub const VIEWS: &[View] = &[
    view(
        "list_workspaces",
        r#"{"long":true,"limit":200}"#,
        &[
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
    ),
    view("list_workspaces", r#"{"limit":200}"#, &[("items/*/name", "name", Name), ("items/*/role", "role", Name)])
        .some(&[("items/*/name", "silent_name", Name), ("items/*/name", "busy_name", Name)]),
    view(
        "get_workspace",
        r#"{"workspace_id":"{main}"}"#,
        &[
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
    ),
    view("discover_workspace", r#"{"workspace_id":"{home}"}"#, &[]).some(&[
        ("name", "name", Name),
        ("url", "url", Name),
        ("agent_card/name", "card_name", Name),
        ("agent_card/version", "card_version", Name),
        ("agent_card/description", "card_description", Prose),
        ("agent_card/skills/*/id", "skill_id", Name),
        ("agent_card/skills/*/name", "skill_name", Name),
        ("agent_card/skills/*/description", "skill_description", Prose),
    ]),
    view("find_idle_workspaces", "{}", &[("items/*/name", "name", Name), ("unknown/*/name", "silent_name", Name)]),
    view(
        "get_org_overview",
        "{}",
        &[
            ("in_trouble/*/name", "name", Start),
            ("in_trouble/*/error", "sample_error", Prose),
            ("idle/*/name", "name", Start),
            ("pending_approvals/*/action", "action", Prose),
            ("keys/at_risk/*/name", "key_name", Start),
            ("spend/near_limit/*/name", "name", Start),
            ("schedules/failing/*/schedule_name", "schedule_name", Start),
        ],
    )
    .some(&[("schedules/failing/*/workspace_name", "name", Start)]),
    view("diagnose_workspace", r#"{"workspace_id":"{home}"}"#, &[]).some(&[
        ("name", "name", Name),
        ("current_task", "current_task", Prose),
        ("last_sample_error", "sample_error", Prose),
        ("waiting_approvals/*/action", "action", Prose),
        ("missing_secrets/*", "required", Line),
        ("likely_causes/*", "required", Line),
        ("failing_schedules/*/name", "schedule_name", Name),
        ("failing_schedules/*/error", "schedule_error", Prose),
        ("recent_errors/*/text", "error_detail", Prose),
    ]),
    view("list_remote_agents", r#"{"limit":100}"#, &[("items/*/name", "busy_name", Name)]),
    view("get_remote_agent_state", r#"{"workspace_id":"{busy}"}"#, &[("name", "busy_name", Name)]),
    view("list_peers", r#"{"workspace_id":"{home}","limit":100}"#, &[("items/*/name", "silent_name", Name)])
        .some(&[("items/*/name", "name", Name), ("items/*/role", "role", Name)]),
    view("get_config", r#"{"workspace_id":"{main}"}"#, &[("config/**", "config", Data)]).some(&[(
        "config/**",
        "required",
        Data,
    )]),
    view("get_spend_report", r#"{"most":100}"#, &[("items/*/name", "name", Name)])
        .some(&[("items/*/name", "silent_name", Name), ("items/*/name", "busy_name", Name)]),
    view(
        "list_activity",
        r#"{"workspace_id":"{home}","long":true,"limit":100}"#,
        &[
            ("items/*/summary", "summary", Prose),
            ("items/*/error_detail", "error_detail", Prose),
            ("items/*/request_body/**", "request", Data),
            ("items/*/response_body/**", "response", Data),
            ("items/*/tool_trace", "trace_name", Data),
        ],
    )
    .some(&[("items/*/method", "method", Prose)]),
    view(
        "session_search",
        r#"{"workspace_id":"{home}","limit":100}"#,
        &[("items/*/content", "summary", Prose), ("items/*/content", "memory", Prose)],
    ),
    view(
        "list_schedules",
        r#"{"workspace_id":"{home}","long":true,"limit":100}"#,
        &[
            ("items/*/name", "schedule_name", Name),
            ("items/*/prompt", "schedule_prompt", Prose),
            ("items/*/last_error", "schedule_error", Prose),
        ],
    ),
    view(
        "get_schedule_health",
        r#"{"workspace_id":"{home}","limit":100}"#,
        &[("items/*/name", "schedule_name", Name), ("items/*/last_error", "schedule_error", Prose)],
    ),
    view("list_schedule_health", r#"{"limit":100}"#, &[("items/*/schedule_name", "schedule_name", Name)]).some(&[(
        "items/*/workspace_name",
        "name",
        Name,
    )]),
    view(
        "search_memory",
        r#"{"workspace_id":"{home}","limit":50}"#,
        &[("items/*/content", "memory", Prose), ("items/*/namespace", "namespace", Name)],
    ),
    view(
        "export_memories",
        r#"{"limit":100}"#,
        &[("items/*/content", "memory", Prose), ("items/*/namespace", "namespace", Name)],
    )
    .some(&[("items/*/workspace_name", "name", Name)]),
    view(
        "memory_list",
        r#"{"workspace_id":"{home}","limit":100}"#,
        &[("items/*/key", "kept_key", Name), ("items/*/content/**", "kept_value", Data)],
    ),
    view(
        "list_checkpoints",
        r#"{"workspace_id":"{home}","workflow_id":"w","limit":100}"#,
        &[("items/*/step_name", "step", Name), ("items/*/payload/**", "payload", Data)],
    ),
    view("get_latest_checkpoint", r#"{"workspace_id":"{home}"}"#, &[])
        .some(&[("step_name", "step", Name), ("payload/**", "payload", Data)]),
    // With a NUL in it a file is binary, and not shown.
    view("read_file", r#"{"workspace_id":"{home}","path":"{number}.md"}"#, &[]).some(&[("content", "file", Range)]),
    view(
        "list_instructions",
        r#"{"limit":100}"#,
        &[("items/*/title", "instruction_title", Name), ("items/*/content", "instruction", Prose)],
    ),
    view("resolve_instructions", r#"{"workspace_id":"{home}","length":20000}"#, &[])
        .some(&[("content", "instruction_title", Data), ("content", "instruction", Data)]),
    view(
        "list_channels",
        r#"{"workspace_id":"{main}"}"#,
        &[
            ("items/*/config/username", "channel_name", Name),
            ("items/*/config/chat_id", "chat_id", Name),
            ("items/*/config/channel_id", "channel_id", Name),
            ("items/*/config/icon_emoji", "channel_icon", Name),
            ("items/*/allowed_users/*", "channel_user", Name),
        ],
    ),
    view(
        "list_workspace_approvals",
        r#"{"workspace_id":"{home}","limit":50}"#,
        &[
            ("items/*/action", "action", Prose),
            ("items/*/reason", "reason", Prose),
            ("items/*/decided_by", "decided_by", Name),
        ],
    ),
    view(
        "list_secrets",
        r#"{"workspace_id":"{home}","limit":100}"#,
        &[("items/*/key", "secret_key", Name), ("items/*/key", "global_key", Name)],
    ),
    view("list_global_secrets", r#"{"limit":100}"#, &[("items/*/key", "global_key", Name)]),
    view(
        "compare_secrets",
        r#"{"limit":100}"#,
        &[
            ("items/*/name", "name", Name),
            ("items/*/name", "silent_name", Name),
            ("items/*/name", "busy_name", Name),
            ("items/*/holds/*", "secret_key", Name),
            ("items/*/inherits/*", "global_key", Name),
            ("items/*/misses/*", "secret_key", Name),
        ],
    ),
    view("list_org_keys", r#"{"limit":100}"#, &[("items/*/name", "key_name", Name)]),
    view(
        "inspect_org_keys",
        "{}",
        &[("findings/*/name", "key_name", Start), ("lineage/*", "key_name", Line), ("keys/*/name", "key_name", Start)],
    ),
    view(
        "list_pending_approvals",
        "{}",
        &[
            ("items/*/action", "action", Prose),
            ("items/*/reason", "reason", Prose),
            ("denied_by_asking/*/action", "old_action", Prose),
        ],
    )
    .some(&[("items/*/workspace_name", "name", Name)]),
    view(
        "decide_approval",
        r#"{"workspace_id":"{home}","approval_id":"{request}","decision":"denied"}"#,
        &[("action", "action", Prose)],
    ),
    view("pause_workspace", r#"{"workspace_id":"{home}"}"#, &[]).some(&[("name", "name", Name)]),
    view("delete_workspace", r#"{"workspace_id":"{home_silent}","including_children":true,"interrupting":true}"#, &[])
        .some(&[("name", "silent_name", Name), ("also_removed/*/name", "busy_name", Name)]),
    view("list_events", r#"{"limit":100}"#, &[])
        .some(&[("items/*/payload/**", "name", Data), ("items/*/payload/**", "silent_name", Data)]),
];

/// Calls that are refused, with the fields that the refusal may name.
pub const REFUSALS: &[(&str, &str, &[&str])] = &[
    ("restart_workspace", r#"{"workspace_id":"{busy}"}"#, &["busy_name"]),
    ("pause_workspace", r#"{"workspace_id":"{silent}"}"#, &["silent_name"]),
    ("delete_workspace", r#"{"workspace_id":"{silent}"}"#, &["silent_name", "busy_name"]),
];
