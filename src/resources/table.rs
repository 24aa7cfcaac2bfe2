//! Which resources there are. The order is the order of the lists.

use super::entry::{Audience, Becomes, Entry, Form, Subject, Variable};
use crate::completions::Names;

const WORKSPACE: Variable = Variable::text("workspace_id").of(Names::Workspaces);
const LIMIT: Variable = Variable::number("limit");
const CURSOR: Variable = Variable::text("cursor");
const FROM: Variable = Variable::number("from");
const LENGTH: Variable = Variable::number("length");

/// The journal of the day that it is, UTC.
pub const JOURNAL_TODAY: &str = "molecule://journal/today";
pub const WORKSPACES: &str = "list_workspaces";

/// What most are.
const USUAL: Entry = Entry {
    template: "",
    name: "",
    title: "",
    about: "",
    tool: "",
    variables: &[],
    form: Form::Json,
    goes_on: None,
    subject: Subject::Organisation,
    audience: Audience::Everybody,
    priority: 0.5,
};

pub const ENTRIES: &[Entry] = &[
    Entry {
        template: "molecule://org",
        name: "org",
        title: "Organisation",
        about: "The whole organisation at a glance: how many workspaces in which state, what needs attention.",
        tool: "get_org_overview",
        priority: 1.0,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces{?status,limit,cursor}",
        name: "workspaces",
        title: "Workspaces",
        about: "All workspaces with role, status and tier, in pages of `limit` (1 to 200, usually 25).",
        tool: WORKSPACES,
        variables: &[Variable::text("status"), LIMIT, CURSOR],
        goes_on: Some("cursor"),
        priority: 0.9,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}",
        name: "workspace",
        title: "Workspace",
        about: "One workspace: state, agent, parent, budget, what it is doing.",
        tool: "get_workspace",
        variables: &[WORKSPACE],
        subject: Subject::Workspace,
        priority: 0.8,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/activity{?type,excerpt,limit,cursor}",
        name: "workspace-activity",
        title: "Activity of a workspace",
        about: "What a workspace did and was asked, newest first, in pages of `limit` (1 to 500, usually 25); each body \
                cut at `excerpt` characters (usually 200).",
        tool: "list_activity",
        variables: &[WORKSPACE, Variable::text("type"), Variable::number("excerpt"), LIMIT, CURSOR],
        goes_on: Some("cursor"),
        subject: Subject::Activity,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/config{?member}",
        name: "workspace-config",
        title: "Configuration of a workspace",
        about: "Its configuration, secrets masked; `member` is one top-level member alone.",
        tool: "get_config",
        variables: &[WORKSPACE, Variable::text("member")],
        subject: Subject::Workspace,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/schedules{?schedule_id,limit,cursor}",
        name: "workspace-schedules",
        title: "Schedules of a workspace",
        about: "Its schedules in pages of `limit` (1 to 200, usually 25); with `schedule_id` one, its prompt whole.",
        tool: "list_schedules",
        variables: &[WORKSPACE, Variable::text("schedule_id").of(Names::Schedules), LIMIT, CURSOR],
        goes_on: Some("cursor"),
        subject: Subject::Schedules,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/budget",
        name: "workspace-budget",
        title: "Budget of a workspace",
        about: "Its monthly limit, what it has spent and what is left.",
        tool: "get_budget",
        variables: &[WORKSPACE],
        subject: Subject::Workspace,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/files{?root,path,depth,limit,cursor}",
        name: "workspace-files",
        title: "Files of a workspace",
        about: "What is in the folder `path` (usually all) of `root` (usually /configs), `depth` levels (1 to 5, usually \
                1), in pages of `limit` (1 to 1000, usually 100).",
        tool: "list_files",
        variables: &[
            WORKSPACE,
            Variable::text("root"),
            Variable::text("path").of(Names::Folders),
            Variable::number("depth"),
            LIMIT,
            CURSOR,
        ],
        goes_on: Some("cursor"),
        subject: Subject::Files,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/files/{+path}{?root,from,length}",
        name: "workspace-file",
        title: "File of a workspace",
        about: "A file below `root` (usually /configs): text from character `from` on, `length` characters (1 to 20000, \
                usually 20000). A binary file's bytes, where its container runs.",
        tool: "read_file",
        variables: &[WORKSPACE, Variable::text("path").of(Names::Files), Variable::text("root"), FROM, LENGTH],
        form: Form::File,
        goes_on: Some("from"),
        subject: Subject::Files,
        priority: 0.7,
        ..USUAL
    },
    Entry {
        template: "molecule://workspaces/{workspace_id}/container/{+path}{?from,length}",
        name: "container-file",
        title: "File in a workspace's container",
        about: "A file by its whole path in a running container, below workspace/, configs/, home/ or plugins/: \
                attachments, and what an agent made. Text in characters (usually 20000 of them), anything else in \
                bytes (usually 1 MiB of them) from `from` on.",
        tool: "download_chat_file",
        variables: &[WORKSPACE, Variable::text("path").becoming(Becomes::WholePath), FROM, LENGTH],
        form: Form::File,
        goes_on: Some("from"),
        subject: Subject::Files,
        ..USUAL
    },
    Entry {
        template: "molecule://keys{?limit,cursor}",
        name: "org-keys",
        title: "Org keys",
        about: "The organisation's keys by prefix and name, never their values, in pages of `limit` (1 to 500, usually 25).",
        tool: "list_org_keys",
        variables: &[LIMIT, CURSOR],
        goes_on: Some("cursor"),
        subject: Subject::Keys,
        priority: 0.6,
        ..USUAL
    },
    Entry {
        template: "molecule://templates{?limit,cursor}",
        name: "org-templates",
        title: "Org templates",
        about: "Templates that whole teams are imported from, in pages of `limit` (1 to 200, usually 25).",
        tool: "list_org_templates",
        variables: &[LIMIT, CURSOR],
        goes_on: Some("cursor"),
        subject: Subject::OrgTemplates,
        priority: 0.4,
        ..USUAL
    },
    Entry {
        template: "molecule://templates/{template}{?from,limit}",
        name: "org-template",
        title: "Org template",
        about: "What importing this template would do, against what is there now; `limit` entries of each list (1 to \
                300, usually 50) from `from` on.",
        tool: "plan_org_import",
        variables: &[Variable::text("template").of(Names::OrgTemplates), FROM, LIMIT],
        ..USUAL
    },
    Entry {
        template: "molecule://journal/{day}{?tool,effect,target,limit,cursor}",
        name: "journal",
        title: "Journal of a day",
        about: "What was done through this server on a UTC day (2026-11-21, or `today`), newest first, in pages of \
                `limit` (1 to 100, usually 20).",
        tool: "query_journal",
        variables: &[
            Variable::text("day").becoming(Becomes::Day).of(Names::Days),
            Variable::text("tool"),
            Variable::text("effect"),
            Variable::text("target").of(Names::Workspaces),
            LIMIT,
            CURSOR,
        ],
        goes_on: Some("cursor"),
        subject: Subject::Journal,
        ..USUAL
    },
    Entry {
        template: "molecule://results/{id}{?from,length}",
        name: "result",
        title: "Text that an answer cut",
        about: "The whole of a text that an answer showed the start of, for 15 minutes: from character `from` on, \
                `length` characters (1 to 20000, usually 20000).",
        tool: "read_result",
        variables: &[Variable::text("id"), FROM, LENGTH],
        form: Form::File,
        goes_on: Some("from"),
        subject: Subject::Nothing,
        audience: Audience::Assistant,
        priority: 0.3,
    },
];
