//! The organisation as a whole: the one call to start with, importing teams, templates and bundles, and
//! what happened.

mod bundles;
mod events;
mod export;
mod import;
mod list;
mod live;
mod mark;
mod overview;
mod plan;
mod shared_context;
pub mod template;
mod templates;

use super::templates::TEMPLATES;
use super::tool::{Draft, Tool};
use super::{approvals, budgets, channels, instructions, keys, plugins, schedules, secrets, workspaces};
use crate::backend::Route;

const ORG_TEMPLATES: Route = Route::get("/org/templates");
const IMPORT: Route = Route::post("/org/import");
const IMPORT_TEMPLATE: Route = Route::post("/templates/import");
const EXPORT_BUNDLE: Route = Route::get("/bundles/export/{workspace_id}");
const IMPORT_BUNDLE: Route = Route::post("/bundles/import");
const SHARED_CONTEXT: Route = Route::get("/workspaces/{workspace_id}/shared-context");
const EVENTS: Route = Route::get("/events");
const EVENTS_OF: Route = Route::get("/events/{workspace_id}");
const SCHEDULES: Route = schedules::HEALTH;

const PLAN_ROUTES: &[Route] = &[
    ORG_TEMPLATES,
    workspaces::LIST,
    workspaces::GET_MODEL,
    SCHEDULES,
    schedules::LIST,
    instructions::LIST,
    secrets::LIST_GLOBAL,
    plugins::REGISTRY,
    TEMPLATES,
];

/// What a plan looks at, and what is done about it.
const IMPORT_ROUTES: &[Route] = &[
    ORG_TEMPLATES,
    workspaces::LIST,
    workspaces::GET,
    workspaces::GET_MODEL,
    SCHEDULES,
    schedules::LIST,
    instructions::LIST,
    secrets::LIST_GLOBAL,
    plugins::REGISTRY,
    TEMPLATES,
    IMPORT,
    workspaces::UPDATE,
    workspaces::SET_MODEL,
    budgets::SET,
    instructions::CREATE,
];

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
        .said("summary, dashboard, big picture, how is everything, what is broken, morning review, health of the organisation, status report")
        .always_loaded()
    .filtered()
    .acts::<overview::GetOrgOverview>(),
    Draft::read("list_org_templates", &[ORG_TEMPLATES])
        .about("List organisation templates that import_org can use: directory, name, how many workspaces, required variables.")
        .long()
        .said("ready-made teams, blueprints of whole organisations, starter packs to import")
        .common()
        .lists::<list::ListOrgTemplates>(),
    Draft::read("plan_org_import", PLAN_ROUTES)
        .about("What import_org would do with a template, against what is there: creates, matches, differences, missing secrets, templates and plugins, schedules that start, budgets. Gives its `plan_id`.")
        .long()
        .said("dry run of an import, preview a blueprint, what would change, what is missing before rolling out a team, simulate")
        .example(r#"{"template":"starter-team"}"#)
        .org_wide()
        .keeping(&["template", "file"])
        .acts::<plan::answer::PlanOrgImport>(),
    Draft::read("compare_org", PLAN_ROUTES)
        .about("Where the live organisation differs from an org template: missing and extra workspaces, fields, schedules.")
        .long()
        .said("drift, is the organisation as it should be, diff between the template and reality, infrastructure as code check")
        .example(r#"{"file":"org.yaml"}"#)
        .filtered()
        .keeping(&["template", "file"])
        .acts::<plan::compare::CompareOrg>(),
    Draft::read("export_org", &[
        workspaces::LIST,
        workspaces::GET_MODEL,
        schedules::LIST,
        channels::LIST,
        instructions::LIST,
        secrets::LIST,
        secrets::LIST_GLOBAL,
        TEMPLATES,
    ])
        .about("The live organisation, or a part of it, as an org template: tree, roles, runtimes, models, schedules, channels, instructions; secrets by name. Lists what isn't carried.")
        .long()
        .said("save the whole organisation as a template, rebuild it elsewhere, organisation as code, backup of the whole organisation, dump all workspaces as yaml, snapshot for version control, clone the organisation")
        .example(r#"{"file":"org.yaml"}"#)
        .filtered()
        .keeping(&["file"])
        .acts::<export::ExportOrg>(),
    Draft::escalate("import_org", IMPORT_ROUTES)
        .about("Create the workspaces of an org template. With a `plan_id` only what is missing; without one twice makes twins. About two seconds a workspace.")
        .long()
        .said("create a team from a template, set up a whole department, roll out, spin up agents, deploy a blueprint")
        .example(r#"{"template":"starter-team"}"#)
        .everyday()
        .org_wide()
        .creates()
        .keeping(&["template", "file", "plan_id", "force"])
        .on_sight()
        .acts::<import::ImportOrg>(),
    Draft::read("list_templates", &[TEMPLATES])
        .said("workspace templates kinds of agents runtimes skills, which templates for a single new agent, presets to choose from")
        .about("List workspace templates, for create_workspace: directory, name, runtime, model, required secrets.")
        .common()
        .lists::<templates::ListTemplates>(),
    Draft::write("import_template", &[IMPORT_TEMPLATE])
        .said("upload new workspace template files config.yaml, add a template of one's own, upload a preset")
        .example(r##"{"name":"SEO Agent","files":{"config.yaml":"name: SEO Agent\nruntime: claude-code\n","system-prompt.md":"You audit pages."}}"##)
        .about("Add a workspace template from its files. None can be replaced or deleted afterwards.")
        .org_wide()
        .creates()
        .acts::<templates::ImportTemplate>(),
    Draft::read("export_bundle", &[EXPORT_BUNDLE, TEMPLATES])
        .said("backup copy workspace as document download save, pack up an agent with prompts and skills, hand it to a friend, move it to another tenant, share an agent as a file")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","file":"team.json"}"#)
        .about("Pack a workspace and all below it into a bundle, to a file on the server or shown. Warns where it holds another's configuration.")
        .reaching_below()
        .keeping(&["file"])
        .acts::<bundles::export::ExportBundle>(),
    Draft::escalate("import_bundle", &[IMPORT_BUNDLE])
        .said("restore copy workspace from document upload, unpack an agent that somebody sent, load an agent from a file of another tenant")
        .example(r#"{"file":"team.json"}"#)
        .about("Create the workspaces of a bundle. Only adds: twice makes twins. Says what failed.")
        .long()
        .org_wide()
        .creates()
        .keeping(&["file"])
        .acts::<bundles::import::ImportBundle>(),
    Draft::read("get_shared_context", &[SHARED_CONTEXT])
        .said("team files guide documents shared, context files that a team shares, common knowledge files of a template")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .about("The files of its template that a workspace shares with its team.")
        .keeping(&["path"])
        .lists::<shared_context::GetSharedContext>(),
    Draft::read("list_events", &[EVENTS, EVENTS_OF, workspaces::GET])
        .said("what happened history log of organisation online failed, what happened lately, timeline, feed, organisation-wide history")
        .example(r#"{"event_type":"WORKSPACE_DEGRADED"}"#)
        .about("List the newest 100 events, of the organisation or one workspace: created, online, degraded, delegations.")
        .filtered()
        .keeping(&["event_type"])
        .lists::<events::ListEvents>(),
];
