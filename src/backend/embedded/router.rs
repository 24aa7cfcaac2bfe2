//! The tenant's routes: the table of contents of this room. A guard in a handler's arguments says who
//! may call it; paths and methods that aren't here are 404.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::answer::not_routed;
use super::platform::Platform;
use super::{Provisioner, edge};
use super::{a2a, activity, admin_memories, delegations, events, watch};
use super::{
    admin, agents, approvals, artifacts, budgets, bundles, channels, checkpoints, config, control_plane, files,
};
use super::{instructions, ledger, memories, metrics, models, plugins};
use super::{org_import, org_keys, registry, schedules, secrets, templates, tokens, viewport, workspaces};

/// The platform has no general limit; this one keeps a mistake from filling the memory.
const LARGEST_BODY: usize = 64 << 20;

type Routes = Router<Arc<Platform>>;

pub(crate) fn of(platform: Arc<Platform>) -> Router {
    let routes = Router::new()
        .merge(organisation())
        .merge(workspaces())
        .merge(one_workspace())
        .merge(agents_side())
        .merge(by_the_clock_and_by_people())
        .merge(conversations())
        .merge(belongings())
        .merge(administration(&platform));
    routes
        .fallback(edge::unrouted)
        .method_not_allowed_fallback(async || not_routed())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&platform), edge::pass))
        .with_state(platform)
}

fn organisation() -> Routes {
    Router::new()
        .route("/org/tokens", get(org_keys::list).post(org_keys::mint))
        .route("/org/tokens/{token}", delete(org_keys::revoke))
        .route("/org/templates", get(org_import::list))
        .route("/org/import", post(org_import::import))
        .route("/templates", get(templates::list))
        .route("/templates/import", post(templates::import))
        .route("/bundles/export/{id}", get(bundles::export))
        .route("/bundles/import", post(bundles::import))
        .route("/approvals/pending", get(approvals::pending))
        .route("/settings/secrets", global_secrets().put(secrets::set_global))
        .route("/settings/secrets/{key}", delete(secrets::delete_global))
        .route("/admin/secrets", global_secrets())
        .route("/admin/secrets/{key}", delete(secrets::delete_global))
        .route("/canvas/viewport", get(viewport::show).put(viewport::save))
}

fn global_secrets() -> MethodRouter<Arc<Platform>> {
    get(secrets::list_global).post(secrets::set_global)
}

fn workspaces() -> Routes {
    Router::new()
        .route("/workspaces", get(workspaces::list).post(workspaces::create))
        .route("/workspaces/{id}", get(workspaces::show).patch(workspaces::patch).delete(workspaces::delete))
        .route("/workspaces/{id}/state", get(workspaces::state))
        .route("/workspaces/{id}/restart", post(workspaces::restart))
        .route("/workspaces/{id}/pause", post(workspaces::pause))
        .route("/workspaces/{id}/resume", post(workspaces::resume))
        .route("/workspaces/{id}/hibernate", post(workspaces::hibernate))
        .route("/workspaces/{id}/expand", post(workspaces::expand))
        .route("/workspaces/{id}/collapse", post(workspaces::collapse))
        .route("/workspaces/{id}/console", get(control_plane::console))
}

fn one_workspace() -> Routes {
    Router::new()
        .route("/workspaces/{id}/agent", post(agents::assign).patch(agents::replace).delete(agents::remove))
        .route("/workspaces/{id}/agent/move", post(agents::relocate))
        .route("/workspaces/{id}/approvals", get(approvals::list).post(approvals::request))
        .route("/workspaces/{id}/approvals/{approval}/decide", post(approvals::decide))
        .route("/workspaces/{id}/budget", get(budgets::show).patch(budgets::set))
        .route("/workspaces/{id}/config", get(config::show).patch(config::merge))
        .route("/workspaces/{id}/github-installation-token", get(admin::workspace_github_token))
        .route("/workspaces/{id}/metrics", get(metrics::of_workspace))
        .route("/workspaces/{id}/model", get(models::show).put(models::set))
        .route("/workspaces/{id}/secrets", get(secrets::list).post(secrets::set).put(secrets::set))
        .route("/workspaces/{id}/secrets/values", get(secrets::values))
        .route("/workspaces/{id}/secrets/{key}", delete(secrets::delete))
        .route("/workspaces/{id}/tokens", get(tokens::list).post(tokens::mint))
        .route("/workspaces/{id}/tokens/{token}", delete(tokens::revoke))
}

/// What lies in a workspace: memories, files, plugins, and how far its workflows have come.
fn belongings() -> Routes {
    Router::new()
        .route("/workspaces/{id}/memories", get(memories::search).post(memories::commit))
        .route("/workspaces/{id}/memories/{memory}", delete(memories::forget))
        .route("/workspaces/{id}/memory", get(memories::keyed::list).post(memories::keyed::set))
        .route("/workspaces/{id}/memory/{key}", get(memories::keyed::show).delete(memories::keyed::forget))
        .route("/workspaces/{id}/files", get(files::list).put(files::write_many))
        .route("/workspaces/{id}/files/", one_file())
        .route("/workspaces/{id}/files/{*path}", one_file())
        .route("/workspaces/{id}/shared-context", get(files::shared_context))
        .route("/workspaces/{id}/chat/uploads", post(files::upload))
        .route("/workspaces/{id}/chat/download", get(files::download))
        .route("/plugins", get(plugins::registered))
        .route("/plugins/sources", get(plugins::sources))
        .route("/workspaces/{id}/plugins", get(plugins::installed).post(plugins::install))
        .route("/workspaces/{id}/plugins/available", get(plugins::available))
        .route("/workspaces/{id}/plugins/compatibility", get(plugins::compatibility))
        .route("/workspaces/{id}/plugins/{name}", delete(plugins::uninstall))
        .route("/workspaces/{id}/plugins/{name}/download", get(plugins::download))
        .route("/orgs/{id}/plugins/allowlist", get(plugins::show_allowlist).put(plugins::replace_allowlist))
        .route("/workspaces/{id}/checkpoints", post(checkpoints::save))
        .route("/workspaces/{id}/checkpoints/{workflow}", get(checkpoints::show).delete(checkpoints::delete))
        .route("/workspaces/{id}/artifacts", get(artifacts::unconfigured).post(artifacts::unconfigured))
        .route("/workspaces/{id}/artifacts/fork", post(artifacts::unconfigured))
        .route("/workspaces/{id}/artifacts/token", post(artifacts::unconfigured))
}

fn one_file() -> MethodRouter<Arc<Platform>> {
    get(files::read).put(files::write).delete(files::delete)
}

/// What agents call about themselves and each other.
fn agents_side() -> Routes {
    Router::new()
        .route("/registry/register", post(registry::register))
        .route("/registry/heartbeat", post(registry::heartbeat))
        .route("/registry/update-card", post(registry::update_card))
        .route("/registry/check-access", post(registry::check_access))
        .route("/registry/discover/{id}", get(registry::discover))
        .route("/registry/{id}/peers", get(registry::peers))
}

/// What agents are told and say, and what is noted of it.
fn conversations() -> Routes {
    Router::new()
        .route("/admin/memories/export", get(admin_memories::export))
        .route("/admin/memories/import", post(admin_memories::import))
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::list_of))
        .route("/ws", get(watch::socket::open))
        .route("/workspaces/{id}/a2a", post(a2a::proxy))
        .route("/workspaces/{id}/activity", get(activity::list).post(activity::report))
        .route("/workspaces/{id}/delegate", post(delegations::delegate))
        .route("/workspaces/{id}/delegations", get(delegations::list))
        .route("/workspaces/{id}/delegations/record", post(delegations::record))
        .route("/workspaces/{id}/delegations/{delegation}/update", post(delegations::update))
        .route("/workspaces/{id}/events/stream", get(watch::stream))
        .route("/workspaces/{id}/notify", post(activity::notify))
        .route("/workspaces/{id}/session-search", get(activity::search))
        .route("/workspaces/{id}/terminal", get(admin::terminal))
        .route("/workspaces/{id}/traces", get(activity::traces))
        .route("/workspaces/{id}/transcript", get(activity::transcript))
}

/// What moves agents besides each other, what they are bound to, and what they signed.
fn by_the_clock_and_by_people() -> Routes {
    Router::new()
        .route("/admin/schedules/health", get(schedules::of_organisation))
        .route("/workspaces/{id}/schedules", get(schedules::list).post(schedules::create))
        .route("/workspaces/{id}/schedules/health", get(schedules::of_workspace))
        .route("/workspaces/{id}/schedules/{schedule}", patch(schedules::patch).delete(schedules::delete))
        .route("/workspaces/{id}/schedules/{schedule}/run", post(schedules::run))
        .route("/workspaces/{id}/schedules/{schedule}/history", get(schedules::history))
        .route("/channels/adapters", get(channels::list_adapters))
        .route("/channels/discover", post(channels::discover))
        .route("/workspaces/{id}/channels", get(channels::list).post(channels::create))
        .route("/workspaces/{id}/channels/{channel}", patch(channels::patch).delete(channels::delete))
        .route("/workspaces/{id}/channels/{channel}/send", post(channels::send))
        .route("/workspaces/{id}/channels/{channel}/test", post(channels::test))
        .route("/webhooks/github", post(channels::github))
        .route("/webhooks/github/{id}", post(channels::github))
        .route("/webhooks/{kind}", post(channels::receive))
        .route("/workspaces/{id}/audit", get(ledger::show))
        .route("/instructions", get(instructions::list).post(instructions::create))
        .route("/instructions/{instruction}", put(instructions::update).delete(instructions::delete))
        .route("/workspaces/{id}/instructions/resolve", get(instructions::resolve))
}

fn administration(platform: &Platform) -> Routes {
    let routes = Router::new()
        .route("/health", get(admin::health))
        .route("/metrics", get(metrics::of_server))
        .route("/admin/liveness", get(admin::liveness))
        .route("/admin/a2a-queue/drop-stale", post(admin::drop_stale))
        .route("/admin/github-installation-token", get(admin::github_token))
        .route("/admin/workspaces/{id}/bootstrap-failed", post(admin::bootstrap_failed))
        .route("/admin/workspaces/{id}/test-token", get(tokens::mint_for_test));
    match platform.settings.provisioner {
        Provisioner::ControlPlane => routes.route("/cp/{*path}", get(control_plane::proxy)),
        Provisioner::None => routes,
        Provisioner::Simulated | Provisioner::Failing => {
            routes.route("/admin/workspace-images/refresh", post(admin::refresh_images))
        }
    }
}
