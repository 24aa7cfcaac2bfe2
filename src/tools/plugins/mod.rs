//! Plugins: what the tenant's registry has, what is installed in a workspace's container, and which ones
//! an organisation allows.

mod address;
mod allowlist;
mod compatibility;
mod install;
mod list;

pub use address::Address;
pub use install::install;

use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;

pub const REGISTRY: Route = Route::get("/plugins");
const SOURCES: Route = Route::get("/plugins/sources");
pub const INSTALLED: Route = Route::get("/workspaces/{workspace_id}/plugins");
const AVAILABLE: Route = Route::get("/workspaces/{workspace_id}/plugins/available");
const COMPATIBILITY: Route = Route::get("/workspaces/{workspace_id}/plugins/compatibility");
pub const INSTALL: Route = Route::post("/workspaces/{workspace_id}/plugins");
const UNINSTALL: Route = Route::delete("/workspaces/{workspace_id}/plugins/{name}");
const ALLOWLIST: Route = Route::get("/orgs/{workspace_id}/plugins/allowlist");
const SET_ALLOWLIST: Route = Route::put("/orgs/{workspace_id}/plugins/allowlist");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_plugin_registry", &[REGISTRY])
        .about("List the plugins that the tenant's registry offers: name, version, description, runtimes.")
        .said("extensions, skills, catalogue, marketplace, which extensions exist, catalogue of add-ons, skills to install")
        .example(r#"{"runtime":"claude-code"}"#)
        .common()
        .lists::<list::ListPluginRegistry>(),
    Draft::read("list_plugin_sources", &[SOURCES])
        .about("Which kinds of `source` install_plugin takes on this tenant.")
        .said("schemes, github, local, where can extensions come from")
        .common()
        .acts::<list::ListPluginSources>(),
    Draft::read("list_installed_plugins", &[INSTALLED, workspaces::GET])
        .about("List the plugins in a workspace's running container, and whether its runtime supports them.")
        .said("which extensions or skills an agent has, what is currently on it, add-ons on an agent")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<list::ListInstalledPlugins>(),
    Draft::read("list_available_plugins", &[AVAILABLE, workspaces::GET])
        .about("List the registry's plugins that fit a workspace's runtime.")
        .said("which extensions can be installed, fitting add-ons for its runtime")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .lists::<list::ListAvailablePlugins>(),
    Draft::read("check_plugin_compatibility", &[COMPATIBILITY, workspaces::GET])
        .about("Which of a running workspace's plugins would stop working under another runtime.")
        .said("change of runtime, migrate, would the extensions still work on another runtime")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","runtime":"langgraph"}"#)
        .acts::<compatibility::CheckPluginCompatibility>(),
    Draft::escalate("install_plugin", &[workspaces::GET, INSTALL])
        .open_world()
        .about("Install a plugin in a running workspace, which restarts. Its code runs with all that the workspace may do; up to 5 minutes.")
        .long()
        .said("add an extension, enable a skill")
        .example(
            r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","source":"github://molecule-ai/code-review#v1.2.0"}"#,
        )
        .not_to_oneself()
        .keeping(&["source", "sha256", "interrupting"])
        .acts::<install::InstallPlugin>(),
    Draft::destroy("uninstall_plugin", &[workspaces::GET, INSTALLED, UNINSTALL])
        .about("Remove a plugin from a running workspace, which restarts.")
        .said("delete, take out or take off an extension, get rid of a skill, remove an add-on or skill")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"code-review"}"#)
        .keeping(&["name", "interrupting"])
        .acts::<install::UninstallPlugin>(),
    Draft::read("get_plugin_allowlist", &[ALLOWLIST])
        .about("Which plugins an organisation allows; an empty list allows every one. Needs the admin token or a key bound to that organisation.")
        .said("permitted, approved extensions, whitelist, policy, allowed add-ons")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"}"#)
        .acts::<allowlist::GetPluginAllowlist>(),
    Draft::escalate("set_plugin_allowlist", &[ALLOWLIST, SET_ALLOWLIST])
        .idempotent()
        .about("Replace the list of plugins that an organisation allows, and read it back. What is installed stays. Needs the admin token or a key bound to that organisation.")
        .said("permit, approve, forbid extensions, whitelist, policy, forbid other add-ons, restrict")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","plugins":["code-review"]}"#)
        .reaching_below()
        .not_to_oneself()
        .keeping(&["plugins", "allow_all"])
        .acts::<allowlist::SetPluginAllowlist>(),
];
