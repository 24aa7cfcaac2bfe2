//! Workspaces: finding them, making and changing them, and stopping and starting what runs in them.

mod assignment;
mod capsule;
mod change;
mod config;
mod console;
mod create;
mod delete;
mod diagnose;
mod freshness;
mod hibernate;
mod idle;
mod lifecycle;
mod list;
mod metrics;
pub mod model;
mod patience;
mod refusals;
mod remote;
mod restore;
mod setup;
mod teams;
mod viewport;
mod wait;
pub mod wire;

pub use idle::{Idle, judge};
pub use lifecycle::{pause, restart, resume};
pub use refusals::{confirm_lives, refuse_running};
pub use wire::{confirm_exists, fetch_all, fetch_everything, fetch_one, fetch_tree};

use super::effect::Effect;
use super::keys::{CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN};
use super::templates::TEMPLATES;
use super::tool::{Draft, Tool};
use super::{approvals, channels, files, instructions, memory, plugins, schedules, secrets};
use crate::backend::Route;

pub const LIST: Route = Route::get("/workspaces");
pub const GET: Route = Route::get("/workspaces/{workspace_id}");
pub const ACTIVITY: Route = Route::get("/workspaces/{workspace_id}/activity");
const CONFIG: Route = Route::get("/workspaces/{workspace_id}/config");
const UPDATE_CONFIG: Route = Route::patch("/workspaces/{workspace_id}/config");
const SECRETS: Route = secrets::LIST;
const SCHEDULES: Route = schedules::LIST;
const CREATE: Route = Route::post("/workspaces");
pub const UPDATE: Route = Route::patch("/workspaces/{workspace_id}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}");
pub const RESTART: Route = Route::post("/workspaces/{workspace_id}/restart");
pub const PAUSE: Route = Route::post("/workspaces/{workspace_id}/pause");
pub const RESUME: Route = Route::post("/workspaces/{workspace_id}/resume");
const HIBERNATE: Route = Route::post("/workspaces/{workspace_id}/hibernate");
const EXPAND: Route = Route::post("/workspaces/{workspace_id}/expand");
const COLLAPSE: Route = Route::post("/workspaces/{workspace_id}/collapse");
const ASSIGN_AGENT: Route = Route::post("/workspaces/{workspace_id}/agent");
const REPLACE_AGENT: Route = Route::patch("/workspaces/{workspace_id}/agent");
const REMOVE_AGENT: Route = Route::delete("/workspaces/{workspace_id}/agent");
const MOVE_AGENT: Route = Route::post("/workspaces/{workspace_id}/agent/move");
pub const GET_MODEL: Route = Route::get("/workspaces/{workspace_id}/model");
pub const SET_MODEL: Route = Route::put("/workspaces/{workspace_id}/model");
const METRICS: Route = Route::get("/workspaces/{workspace_id}/metrics");
const CONSOLE: Route = Route::get("/workspaces/{workspace_id}/console");
const VIEWPORT: Route = Route::get("/canvas/viewport");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_workspaces", &[LIST])
        .about("List workspaces, oldest first: id, name, role, status, tier, parent, active tasks. `long` adds runtime, errors, budget.")
        .said("agents, bots, team members, who is there, which are online, failed, paused, spend, what is running, roster")
        .example(r#"{"status":"online"}"#)
        .always_loaded()
        .filtered()
        .keeping(&["status", "runtime"])
        .lists::<list::ListWorkspaces>(),
    Draft::read("get_workspace", &[GET])
        .about("One workspace with its agent card, load, error rate and last outbound call.")
        .said("details of one agent, show a bot, address, skills, load, error rate")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .acts::<list::GetWorkspace>(),
    Draft::read("find_idle_workspaces", &[LIST, GET, ACTIVITY])
        .about("Which workspaces are idle: running, without an active task, and silent for `minutes`. Says since when; `unknown` where nothing shows it.")
        .long()
        .said("doing nothing, unused agents, asleep, silent, inactive, wasted money, not working, haven't done anything")
        .example(r#"{"minutes":120}"#)
        .everyday()
        .filtered()
        .acts::<idle::FindIdleWorkspaces>(),
    Draft::read("diagnose_workspace", &[
        GET,
        LIST,
        ACTIVITY,
        approvals::LIST,
        SECRETS,
        SCHEDULES,
        CONFIG,
        TEMPLATES,
    ])
    .said("stuck hanging not working broken why doesn't it answer troubleshoot debug problem, what is wrong, find the cause, doesn't react, root cause")
    .example(ONE)
    .about("Why is a workspace stuck or failing? Likely causes with the facts: status, silence, waiting approvals, missing secrets, budget, schedules, errors.")
        .everyday()
    .acts::<diagnose::DiagnoseWorkspace>(),
    Draft::read("wait_for_workspace", &[GET])
        .said("until online ready poll watch come up, tell me when it is up, as soon as it is online, notify once started, block until")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","status":["online","failed"],"seconds":120}"#)
        .about("Wait until a workspace has a status, as after create or restart. Answers what it saw last, also when the time is up.")
        .long()
        .keeping(&["status"])
        .acts::<wait::WaitForWorkspace>(),
    Draft::write(
        "create_workspace",
        &[
            CREATE, LIST, GET, CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN, secrets::LIST, secrets::SET, secrets::LIST_GLOBAL,
            secrets::SET_GLOBAL,
        ],
    )
        .up_to(Effect::Escalate)
        .said("external agent that runs elsewhere, new agent add make spawn provision, spin up, hire, add a bot to a team, set up a new assistant, reports to")
        .example(r#"{"name":"SEO Analyst","role":"watches the rankings","template":"claude-code-default","tier":2,"parent_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","secrets":{"SERP_API_KEY":"env:SERP_API_KEY"}}"#)
        .about("Create a workspace. Twice makes two.")
        .everyday()
        .creates()
        .keeping(&["name", "runtime", "tier", "model", "external", "budget_limit", "max_concurrent_tasks", "workspace_access", "sink"])
        .acts::<create::CreateWorkspace>(),
    Draft::write("update_workspace", &[UPDATE, GET, LIST])
        .idempotent()
        .said("rename move change edit parent position role tier")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"SEO Lead","tier":3}"#)
        .about("Change a workspace's fields and read them back. Nothing restarts by it.")
        .everyday()
        .keeping(&["name", "runtime", "tier", "detach", "collapsed"])
        .acts::<change::UpdateWorkspace>(),
    Draft::destroy("delete_workspace", &[LIST, GET, CONFIG, SECRETS, SCHEDULES, GET_MODEL, files::LIST, files::READ, channels::LIST, memory::MEMORIES, memory::KEPT, memory::EXPORT, plugins::INSTALLED, instructions::LIST, DELETE])
        .by_name()
        .about("Delete a workspace and all below it; cannot be undone. Refuses, and says what would be lost, while it has children or running tasks. What it was stays in a capsule for restore_workspace.")
        .long()
        .said("remove an agent for good, get rid of a bot, fire, tear down, retire, destroy, delete everything underneath, with its children")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .reaching_below()
        .not_to_oneself()
        .by_name()
        .keeping(&["including_children", "interrupting", "purge"])
        .acts::<delete::DeleteWorkspace>(),
    Draft::escalate("restore_workspace", &[
        LIST,
        GET,
        CREATE,
        UPDATE,
        UPDATE_CONFIG,
        SET_MODEL,
        files::WRITE,
        schedules::LIST,
        schedules::CREATE,
        memory::MEMORIES,
        memory::COMMIT,
        memory::KEEP,
        memory::EXPORT,
        instructions::LIST,
        instructions::CREATE,
        instructions::UPDATE,
    ])
        .idempotent()
        .org_wide()
        .about("Make deleted workspaces anew from the capsule of delete_workspace or collapse_team: new ids; schedules run as before. Lists what can't come back (secret values, channels, plugins). Again with the same capsule goes on where it stopped.")
        .long()
        .said("undo a deletion, undelete, bring back a deleted agent or team, recover, deleted by mistake, restore from a capsule")
        .example(r#"{"capsule":"0199a3f0-7c79-74fa-a26f-75c6ee7e1ffc"}"#)
        .keeping(&["capsule"])
        .acts::<restore::RestoreWorkspace>(),
    Draft::write("restart_workspace", &[GET, RESTART])
        .up_to(Effect::Destroy)
        .about("Restart a workspace's container. Refused while tasks run, and for external or removed workspaces.")
        .said("reboot an agent, bounce, kick, hung, start again, turn it off and on, lost its connection")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .keeping(&["interrupting"])
        .acts::<lifecycle::RestartWorkspace>(),
    Draft::write("pause_workspace", &[LIST, GET, PAUSE])
        .up_to(Effect::Destroy)
        .about("Pause a workspace and all below it. Refused while tasks run in any of them.")
        .said("suspend an agent, stop for now, put on hold, freeze, halt, stop working, put on hold until later, switch off for a while, vacation")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .reaching_below()
        .not_to_oneself()
        .keeping(&["interrupting"])
        .acts::<lifecycle::PauseWorkspace>(),
    Draft::write("resume_workspace", &[LIST, GET, RESUME])
        .up_to(Effect::Destroy)
        .about("Resume a paused workspace and the paused ones below it. Refused for external ones.")
        .said("unpause, wake up, continue, bring back, start again after a pause, was on hold and can carry on, switch on again, let it work again")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .everyday()
        .reaching_below()
        .keeping(&["interrupting"])
        .acts::<lifecycle::ResumeWorkspace>(),
    Draft::write("hibernate_workspace", &[GET, HIBERNATE])
        .up_to(Effect::Destroy)
        .said("sleep save money idle stop container, stop until it is needed, save machine cost")
        .example(ONE)
        .about("Put a running workspace to sleep until the next message wakes it. Refused while tasks run, and for external ones. Some tenants can't; the answer says so.")
        .long()
        .not_to_oneself()
        .keeping(&["interrupting"])
        .acts::<hibernate::HibernateWorkspace>(),
    Draft::read("get_console", &[GET, CONSOLE])
        .said("boot log output machine startup")
        .example(ONE)
        .about("The end of what a workspace's machine printed while starting. Only on hosted tenants.")
        .acts::<console::GetConsole>(),
    Draft::write("expand_team", &[LIST, GET, EXPAND])
        .said("sub-workspaces children team template, grow a team, unfold, give a lead its members, staff up")
        .example(ONE)
        .about("Create the children that the workspace's template lists. Refused where it has children: each call adds them all again.")
        .reaching_below()
        .creates()
        .keeping(&["again"])
        .acts::<teams::ExpandTeam>(),
    Draft::destroy("collapse_team", &[LIST, GET, CONFIG, SECRETS, SCHEDULES, GET_MODEL, files::LIST, files::READ, channels::LIST, memory::MEMORIES, memory::KEPT, memory::EXPORT, plugins::INSTALLED, instructions::LIST, COLLAPSE])
        .said("remove children team sub-workspaces, fold a group back up, members go and the lead stays, dissolve a team, shrink")
        .example(ONE)
        .about("Remove a workspace's direct children. Refused while they run tasks or have children of their own, which would stay behind. Saves a capsule for restore_workspace.")
        .reaching_below()
        .not_to_oneself()
        .keeping(&["interrupting", "orphaning"])
        .acts::<teams::CollapseTeam>(),
    Draft::write("assign_agent", &[GET, ASSIGN_AGENT])
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","model":"anthropic/claude-sonnet-4-5"}"#)
        .about("Record which model serves a workspace that has none. A record only; set_model changes what runs.")
        .said("put an agent into an empty workspace, give it a first agent")
        .keeping(&["model"])
        .acts::<assignment::AssignAgent>(),
    Draft::destroy("replace_agent", &[GET, REPLACE_AGENT])
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","model":"anthropic/claude-opus-4-5"}"#)
        .about("Put another agent record in place of a workspace's; the old one is retired.")
        .said("swap the agent for another one, exchange")
        .not_to_oneself()
        .keeping(&["model"])
        .acts::<assignment::ReplaceAgent>(),
    Draft::destroy("remove_agent", &[GET, REMOVE_AGENT])
        .example(ONE)
        .about("Retire a workspace's agent record. The workspace itself stays.")
        .said("take the agent out, leave a workspace without one")
        .not_to_oneself()
        .acts::<assignment::RemoveAgent>(),
    Draft::write("move_agent", &[GET, MOVE_AGENT])
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","target_workspace_id":"6f48ba05-4f55-45ac-b621-30dfb4f07b07"}"#)
        .about("Move an agent record to another workspace that has none. Nobody there is asked.")
        .said("transfer an agent to another workspace, relocate")
        .acts::<assignment::MoveAgent>(),
    Draft::read("get_config", &[GET, CONFIG])
        .said("settings configuration options, settings of an agent")
        .example(ONE)
        .about("A workspace's free-form configuration. Credentials in it are masked, and named.")
        .acts::<config::GetConfig>(),
    Draft::write("update_config", &[GET, CONFIG, UPDATE_CONFIG])
        .idempotent()
        .said("settings configuration options set, change a setting, parameter, temperature")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","config":{"language":"de"}}"#)
        .about("Set top-level members of a workspace's configuration, and read them back. Nothing can be removed; null stays as null.")
        .acts::<config::UpdateConfig>(),
    Draft::read("get_model", &[GET, GET_MODEL])
        .said("which llm runs, GPT or Claude")
        .example(ONE)
        .about("Which model a workspace runs on, and whether that was set or is the default.")
        .acts::<model::GetModel>(),
    Draft::destroy("set_model", &[GET, SET_MODEL, GET_MODEL])
        .idempotent()
        .said("switch llm change model provider, use GPT or Claude from now on, upgrade the model")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","model":"anthropic/claude-sonnet-4-5"}"#)
        .about("Set the model that a workspace runs on, or clear it. The workspace restarts; refused while tasks run.")
        .not_to_oneself()
        .keeping(&["model", "clear", "interrupting"])
        .acts::<model::SetModel>(),
    Draft::read("get_workspace_metrics", &[METRICS])
        .said("usage cost today llm calls consumption, token usage today, cost of one agent today")
        .example(ONE)
        .about("A workspace's use of its model today (UTC): input and output token counts, calls, estimated cost.")
        .acts::<metrics::GetWorkspaceMetrics>(),
    Draft::read("get_canvas_viewport", &[VIEWPORT])
        .alias(&["set_canvas_viewport"])
        .said("canvas position zoom pan, where is the canvas scrolled, zoom of the map")
        .about("What part of the canvas people see: x, y and zoom.")
        .common()
        .acts::<viewport::GetCanvasViewport>(),
    Draft::read("list_remote_agents", &[LIST])
        .said("external agents elsewhere registered, hosted elsewhere, on somebody else's machine, self-hosted, not run by us")
        .about("List external workspaces, whose agents run elsewhere: status, address, active tasks.")
        .filtered()
        .lists::<remote::ListRemoteAgents>(),
    Draft::read("get_remote_agent_state", &[GET])
        .said("external paused deleted alive, what an external agent reports, is an outside agent paused, outside machine")
        .example(ONE)
        .about("Whether a remote agent's workspace is paused or deleted, and how long it has been silent.")
        .acts::<remote::GetRemoteAgentState>(),
    Draft::read("get_remote_agent_setup_command", &[GET, LIST_TOKENS])
        .said("register external agent curl onboarding connect, command to connect an agent from another machine, register from a laptop, shell one-liner to join")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","agent_url":"https://agent.example","source":"file:/run/secrets/workspace"}"#)
        .about("Shell commands that register an external agent and keep it online. They name where the token is and don't hold it.")
        .keeping(&["source"])
        .acts::<setup::GetRemoteAgentSetupCommand>(),
    Draft::read("check_remote_agent_freshness", &[GET])
        .said("heartbeat alive still there last seen, did it phone home, dead or alive, ping an external agent, home server")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","threshold_seconds":120,"listen":true}"#)
        .about("Is a remote agent still there: fresh, stale or unknown, and why. `listen` waits for its next heartbeat.")
        .long()
        .acts::<freshness::CheckRemoteAgentFreshness>(),
];

const ONE: &str = r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#;
