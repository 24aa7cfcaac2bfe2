//! All prompts, in the order in which they are listed. What they say stands in `texts/`.

use super::Prompt;
use super::argument::Argument;
use super::argument::Kind::{NameOf, Whole, Words};
use crate::completions::Names;

const WORKSPACE: Argument =
    Argument::required("workspace", NameOf(Names::Workspaces), "The workspace, by its name or id.");
const TEMPLATE: Argument =
    Argument::required("template", NameOf(Names::OrgTemplates), "The org template, by its directory or name.");

pub const ALL: &[Prompt] = &[
    Prompt {
        name: "morning_review",
        title: "Morning review",
        about: "What needs a person today: trouble, waiting decisions, keys at risk, spend, schedules. Changes nothing.",
        arguments: &[Argument::optional("hours", Whole(1, 168), "How far back; usually 24.", "24")],
        needs: &["get_org_overview"],
        text: include_str!("texts/morning_review.md"),
    },
    Prompt {
        name: "stuck_workspace",
        title: "Why is this workspace stuck?",
        about: "Find the cause with its evidence, and get the workspace going again with the mildest remedy.",
        arguments: &[WORKSPACE],
        needs: &["list_workspaces", "diagnose_workspace"],
        text: include_str!("texts/stuck_workspace.md"),
    },
    Prompt {
        name: "idle_cleanup",
        title: "Idle clean-up",
        about: "Find workspaces that cost something and do nothing, and pause those that you pick.",
        arguments: &[Argument::optional(
            "minutes",
            Whole(1, 525_600),
            "Silent for so long counts as idle; usually 1440, a day.",
            "1440",
        )],
        needs: &["find_idle_workspaces", "pause_workspaces"],
        text: include_str!("texts/idle_cleanup.md"),
    },
    Prompt {
        name: "schedule_review",
        title: "Schedule review",
        about: "Schedules that fail, don't run, run twice or for nobody, and what to do about each.",
        arguments: &[
            Argument::optional(
                "workspace",
                NameOf(Names::Workspaces),
                "Only this one, by its name or id; usually all.",
                "every workspace",
            ),
            Argument::optional("schedule", NameOf(Names::Schedules), "Only this one of its schedules.", "all"),
        ],
        needs: &["list_schedule_health", "get_schedule_health", "list_schedules"],
        text: include_str!("texts/schedule_review.md"),
    },
    Prompt {
        name: "budget_review",
        title: "Budget review",
        about: "This month's spend against the limits: who is near or over, who has none, and which to change.",
        arguments: &[Argument::optional(
            "percent",
            Whole(1, 100),
            "From this share of its limit on a workspace is near it; usually 80.",
            "80",
        )],
        needs: &["get_spend_report"],
        text: include_str!("texts/budget_review.md"),
    },
    Prompt {
        name: "key_leaked",
        title: "Incident: a key leaked",
        about: "Contain a leaked org key and all that it minted, find out what was done with it, replace it.",
        arguments: &[Argument::required(
            "key",
            NameOf(Names::OrgKeys),
            "Its name, its id or its first eight characters. Never the key itself.",
        )],
        needs: &["list_org_keys", "inspect_org_keys", "revoke_key_tree"],
        text: include_str!("texts/key_leaked.md"),
    },
    Prompt {
        name: "key_rotation",
        title: "Quarterly key rotation",
        about: "Rotate old org keys one at a time and without a gap; revoke those that nobody uses.",
        arguments: &[Argument::optional(
            "days",
            Whole(1, 3650),
            "From this age on a key is renewed; usually 90.",
            "90",
        )],
        needs: &["list_org_keys", "inspect_org_keys", "rotate_org_key"],
        text: include_str!("texts/key_rotation.md"),
    },
    Prompt {
        name: "new_team",
        title: "New team from a template",
        about: "Plan what an org template would create, agree on it, import it, and see it come up.",
        arguments: &[TEMPLATE],
        needs: &["list_org_templates", "plan_org_import", "import_org"],
        text: include_str!("texts/new_team.md"),
    },
    Prompt {
        name: "drift_check",
        title: "Drift check",
        about: "How far the live organisation has drifted from its template, and which way each difference should go.",
        arguments: &[TEMPLATE],
        needs: &["compare_org"],
        text: include_str!("texts/drift_check.md"),
    },
    Prompt {
        name: "onboard_agent",
        title: "Onboard an agent with a narrow grant",
        about: "What an agent needs and what it would reach, and the grant that gives it no more than that.",
        arguments: &[
            WORKSPACE,
            Argument::optional(
                "role",
                NameOf(Names::Roles),
                "viewer, operator, approver, owner or admin; usually viewer.",
                "viewer",
            ),
            Argument::optional("days", Whole(1, 365), "How long the grant lasts; usually 7.", "7"),
        ],
        needs: &["whoami", "list_workspaces", "get_workspace"],
        text: include_str!("texts/onboard_agent.md"),
    },
    Prompt {
        name: "offboarding",
        title: "Offboarding",
        about: "A person or an agent leaves: find every way in which they still have power here, and end it.",
        arguments: &[
            Argument::required("who", Words, "Who leaves, by the name that keys, grants and chats know."),
            Argument::optional("workspace", NameOf(Names::Workspaces), "Theirs, by its name or id.", "none is known"),
        ],
        needs: &["list_org_keys", "inspect_org_keys", "query_journal"],
        text: include_str!("texts/offboarding.md"),
    },
    Prompt {
        name: "audit_report",
        title: "Audit report",
        about: "What was done through this server, by whom, who agreed, and what is unexplained. Changes nothing.",
        arguments: &[Argument::optional("days", Whole(1, 90), "How far back; usually 7.", "7")],
        needs: &["query_journal", "verify_journal"],
        text: include_str!("texts/audit_report.md"),
    },
];
