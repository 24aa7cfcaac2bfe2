//! The tenant's routes: the table of contents of this room. A guard in a handler's arguments says who
//! may call it; paths and methods that aren't here are 404.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{MethodRouter, delete, get, post};

use super::answer::not_routed;
use super::platform::Platform;
use super::{Provisioner, edge};
use super::{a2a, activity, delegations, events};
use super::{admin, agents, approvals, budgets, bundles, config, control_plane, memories, metrics, models};
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
        .merge(conversations())
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
        .route("/workspaces/{id}/memories", get(memories::list))
        .route("/workspaces/{id}/metrics", get(metrics::of_workspace))
        .route("/workspaces/{id}/model", get(models::show).put(models::set))
        .route("/workspaces/{id}/schedules", get(schedules::list).post(schedules::create))
        .route("/workspaces/{id}/secrets", get(secrets::list).post(secrets::set).put(secrets::set))
        .route("/workspaces/{id}/secrets/values", get(secrets::values))
        .route("/workspaces/{id}/secrets/{key}", delete(secrets::delete))
        .route("/workspaces/{id}/shared-context", get(templates::shared_context))
        .route("/workspaces/{id}/tokens", get(tokens::list).post(tokens::mint))
        .route("/workspaces/{id}/tokens/{token}", delete(tokens::revoke))
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
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::list_of))
        .route("/workspaces/{id}/a2a", post(a2a::proxy))
        .route("/workspaces/{id}/activity", get(activity::list).post(activity::report))
        .route("/workspaces/{id}/delegate", post(delegations::delegate))
        .route("/workspaces/{id}/delegations", get(delegations::list))
        .route("/workspaces/{id}/delegations/record", post(delegations::record))
        .route("/workspaces/{id}/delegations/{delegation}/update", post(delegations::update))
        .route("/workspaces/{id}/notify", post(activity::notify))
        .route("/workspaces/{id}/session-search", get(activity::search))
        .route("/workspaces/{id}/traces", get(activity::traces))
        .route("/workspaces/{id}/transcript", get(activity::transcript))
}

fn administration(platform: &Platform) -> Routes {
    let routes = Router::new()
        .route("/health", get(admin::health))
        .route("/metrics", get(metrics::of_server))
        .route("/admin/liveness", get(admin::liveness))
        .route("/admin/schedules/health", get(schedules::health))
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
