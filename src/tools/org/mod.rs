//! The organisation as a whole: the one call to start with, and importing a team.

mod import;
mod overview;

use super::tool::{Draft, Tool};
use super::{approvals, keys, workspaces};
use crate::backend::Route;

const TEMPLATES: Route = Route::get("/org/templates");
const IMPORT: Route = Route::post("/org/import");
const SCHEDULES: Route = Route::get("/admin/schedules/health");

pub const TOOLS: &[Tool] = &[
    Draft::read("get_org_overview", &[
        workspaces::LIST,
        workspaces::GET,
        workspaces::ACTIVITY,
        approvals::LIST,
        keys::LIST_KEYS,
        SCHEDULES,
    ])
    .about("Start here: workspaces by status, idle ones, pending approvals, keys at risk, spend against budgets, failing schedules; and what was not looked at.")
    .acts::<overview::GetOrgOverview>(),
    Draft::read("list_org_templates", &[TEMPLATES])
        .about("List organisation templates that import_org can use: directory, name, how many workspaces, required variables.")
        .lists::<import::ListOrgTemplates>(),
    Draft::escalate("import_org", &[TEMPLATES, workspaces::LIST, IMPORT])
        .about("Create the workspaces of a template, by directory or inline. Only adds: twice makes twins. About two seconds a workspace.")
        .acts::<import::ImportOrg>(),
];
