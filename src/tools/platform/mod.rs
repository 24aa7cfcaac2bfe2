//! What an operator asks of the platform itself: whether it lives, what it counts, and two broom jobs.

mod health;
mod images;
mod metrics;
mod prometheus;
mod queue;

use super::effect::Effect;
use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;

const HEALTH: Route = Route::get("/health");
const LIVENESS: Route = Route::get("/admin/liveness");
const METRICS: Route = Route::get("/metrics");
const DROP_STALE: Route = Route::post("/admin/a2a-queue/drop-stale");
const REFRESH_IMAGES: Route = Route::post("/admin/workspace-images/refresh");

pub const TOOLS: &[Tool] = &[
    Draft::read("get_platform_health", &[HEALTH, LIVENESS])
        .about("Whether the tenant's server answers, how quickly, and whether its background work is alive.")
        .said("is molecule down up status outage ping server, is the platform up, heartbeat of the subsystems, is it us or them")
        .common()
        .acts::<health::GetPlatformHealth>(),
    Draft::read("get_platform_metrics", &[METRICS])
        .about("The server's own metrics, one item a metric, labelled ones added up. With `metric` that one's parts by label.")
        .said("prometheus goroutines memory request counts raw numbers")
        .example(r#"{"metric":"molecule_http_requests_total"}"#)
        .org_wide()
        .lists::<metrics::GetPlatformMetrics>(),
    Draft::destroy("drop_stale_queue", &[workspaces::GET, DROP_STALE])
        .idempotent()
        .about("Throw away messages to agents that have waited in the queue too long. They are lost.")
        .said("clear purge stuck undelivered messages a2a backlog, messages piling up, clogged, clear waiting messages, old queued requests")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","max_age_minutes":120}"#)
        .keeping(&["max_age_minutes", "everywhere"])
        .acts::<queue::DropStaleQueue>(),
    Draft::write("refresh_workspace_images", &[REFRESH_IMAGES])
        .up_to(Effect::Destroy)
        .about("Pull the newest container images of agents; takes minutes. With `recreate` running containers are removed by force, with what they are doing. Hosted tenants have no such route.")
        .long()
        .said("update docker runtime upgrade agents version, pull newer docker images, latest containers")
        .example(r#"{"runtime":"claude-code"}"#)
        .org_wide()
        .keeping(&["runtime", "recreate", "everywhere"])
        .acts::<images::RefreshWorkspaceImages>(),
];
