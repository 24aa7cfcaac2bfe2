//! What workspaces do by the clock. Times are worked out here, before anything is sent: the tenant says
//! little of what is wrong with one, and runs a date that never comes for ever.

mod create;
mod delete;
mod health;
mod history;
mod list;
mod run;
mod times;
mod update;
pub mod wire;

pub use wire::names;

use super::tool::{Draft, Tool};
use super::{a2a, workspaces};
use crate::backend::Route;

pub const LIST: Route = Route::get("/workspaces/{workspace_id}/schedules");
pub const CREATE: Route = Route::post("/workspaces/{workspace_id}/schedules");
const UPDATE: Route = Route::patch("/workspaces/{workspace_id}/schedules/{schedule_id}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}/schedules/{schedule_id}");
/// Answers the prompt, and runs nothing.
const RUN: Route = Route::post("/workspaces/{workspace_id}/schedules/{schedule_id}/run").asking();
const HISTORY: Route = Route::get("/workspaces/{workspace_id}/schedules/{schedule_id}/history");
pub const HEALTH: Route = Route::get("/admin/schedules/health");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_schedules", &[LIST, workspaces::GET])
        .about("A workspace's schedules, oldest first: name, cron, zone, prompt, the next three runs. With `schedule_id` one of them with its whole prompt.")
        .said("what cron jobs does an agent have, recurring tasks, timers, planned, when does it run")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<list::ListSchedules>(),
    Draft::write("create_schedule", &[LIST, workspaces::GET, CREATE])
        .about("Send a workspace's agent a prompt at set times. Says the next three runs: check them. Names are unique in a workspace.")
        .said("cron job recurring every day weekly remind automate, every weekday at eight, daily, recurring task, each morning")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"Weekday digest","cron_expr":"0 9 * * 1-5","timezone":"Europe/Berlin","prompt":"Write the daily digest."}"#)
        .creates()
        .keeping(&["name", "cron_expr", "timezone", "enabled"])
        .acts::<create::CreateSchedule>(),
    Draft::write("update_schedule", &[LIST, UPDATE])
        .idempotent()
        .about("Change a schedule, and read it back with its next three runs. `enabled: false` stops it without losing it.")
        .said("cron job move time reschedule pause disable enable, move a cron job to another hour, change when it runs, disable a timer, other time")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","schedule_id":"0b1f6cf4-52a6-4f63-9b2e-0d5f4f3d2c11","cron_expr":"0 4 * * *"}"#)
        .keeping(&["name", "cron_expr", "timezone", "enabled"])
        .acts::<update::UpdateSchedule>(),
    Draft::destroy("delete_schedule", &[LIST, DELETE])
        .about("Delete a schedule for good. Answers what it was, so that create_schedule could make it again.")
        .said("cron job remove throw out stop, stop a recurring task for good, drop a timer")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","schedule_id":"0b1f6cf4-52a6-4f63-9b2e-0d5f4f3d2c11"}"#)
        .acts::<delete::DeleteSchedule>(),
    Draft::write("run_schedule", &[RUN, a2a::SEND])
        .open_world()
        .about("Send a schedule's prompt to its agent now, also when it is disabled, and answer what the agent says. Leaves no trace in its history.")
        .long()
        .said("fire trigger cron job right now immediately, kick off right away, execute a job out of turn")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","schedule_id":"0b1f6cf4-52a6-4f63-9b2e-0d5f4f3d2c11"}"#)
        .creates()
        .acts::<run::RunSchedule>(),
    Draft::read("get_schedule_history", &[HISTORY, LIST, workspaces::GET])
        .about("The last 20 runs of a schedule by the clock, newest first, with errors.")
        .said("cron job past executions runs log failures, did last night's job work, when did it fail, previous executions")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","schedule_id":"0b1f6cf4-52a6-4f63-9b2e-0d5f4f3d2c11"}"#)
        .lists::<history::GetScheduleHistory>(),
    Draft::read("get_schedule_health", &[LIST, workspaces::GET])
        .about("Judge one workspace's schedules: ok, failing, skipped, overdue, never run, disabled or broken, with the last error.")
        .said("cron jobs healthy erroring, are one agent's scheduled jobs healthy, did its cron jobs miss a run")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<health::GetScheduleHealth>(),
    Draft::read("list_schedule_health", &[HEALTH])
        .about("Schedules of all workspaces: which ran in time, which are stale (not for two of their intervals), which never ran; disabled ones too. It knows no errors: get_schedule_health does.")
        .said("cron jobs stopped firing silently overall organisation, which cron jobs are late or stale everywhere, overdue jobs of all agents, missed runs")
        .example(r#"{"status":"stale"}"#)
        .filtered()
        .lists::<health::ListScheduleHealth>(),
];
