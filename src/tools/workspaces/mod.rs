//! Workspaces: finding them, making and changing them, and stopping and starting what runs in them.

mod capsule;
mod change;
mod create;
mod delete;
mod idle;
mod lifecycle;
mod list;
pub mod wire;

pub use idle::{Idle, judge};
pub use lifecycle::refuse_running;
pub use wire::{confirm_exists, confirm_lives, fetch_all, fetch_one};

use super::effect::Effect;
use super::keys::CREATE_TOKEN;
use super::tool::{Draft, Tool};
use crate::backend::Route;

pub const LIST: Route = Route::get("/workspaces");
pub const GET: Route = Route::get("/workspaces/{workspace_id}");
pub const ACTIVITY: Route = Route::get("/workspaces/{workspace_id}/activity");
const CONFIG: Route = Route::get("/workspaces/{workspace_id}/config");
const SECRETS: Route = Route::get("/workspaces/{workspace_id}/secrets");
const SCHEDULES: Route = Route::get("/workspaces/{workspace_id}/schedules");
const CREATE: Route = Route::post("/workspaces");
const UPDATE: Route = Route::patch("/workspaces/{workspace_id}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}");
const RESTART: Route = Route::post("/workspaces/{workspace_id}/restart");
const PAUSE: Route = Route::post("/workspaces/{workspace_id}/pause");
const RESUME: Route = Route::post("/workspaces/{workspace_id}/resume");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_workspaces", &[LIST])
        .about("List workspaces, oldest first: id, name, role, status, tier, parent, active tasks. `long` adds runtime, errors, budget.")
        .lists::<list::ListWorkspaces>(),
    Draft::read("get_workspace", &[GET])
        .about("One workspace with its agent card, load, error rate and last outbound call.")
        .sends::<list::GetWorkspace, wire::Detail>(),
    Draft::read("find_idle_workspaces", &[LIST, GET, ACTIVITY])
        .about("Which workspaces are idle: running, without an active task, and silent for `minutes`. Says since when; `unknown` where nothing shows it.")
        .acts::<idle::FindIdleWorkspaces>(),
    Draft::write("create_workspace", &[CREATE, GET, CREATE_TOKEN])
        .up_to(Effect::Escalate)
        .about("Create a workspace; says the tier and status it got. `sink` gets its token.")
        .acts::<create::CreateWorkspace>(),
    Draft::write("update_workspace", &[UPDATE, GET, LIST])
        .idempotent()
        .about("Change a workspace and read it back.")
        .acts::<change::UpdateWorkspace>(),
    Draft::destroy("delete_workspace", &[LIST, GET, CONFIG, SECRETS, SCHEDULES, DELETE])
        .about("Delete a workspace and all below it; cannot be undone. Refuses, and says what would be lost, while it has children or running tasks. Saves what it can in a capsule.")
        .acts::<delete::DeleteWorkspace>(),
    Draft::write("restart_workspace", &[GET, RESTART])
        .up_to(Effect::Destroy)
        .about("Restart a workspace's container. Refused while tasks run, and for external or removed workspaces.")
        .acts::<lifecycle::RestartWorkspace>(),
    Draft::write("pause_workspace", &[LIST, GET, PAUSE])
        .up_to(Effect::Destroy)
        .about("Pause a workspace and all below it. Refused while tasks run in any of them.")
        .acts::<lifecycle::PauseWorkspace>(),
    Draft::write("resume_workspace", &[LIST, GET, RESUME])
        .up_to(Effect::Destroy)
        .about("Resume a paused workspace and the paused ones below it. Refused for external ones.")
        .acts::<lifecycle::ResumeWorkspace>(),
];
