//! The rest of what the organisation's operator asks the tenant: health, the queue of undelivered
//! messages, images, and the report of a workspace that didn't come up.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Refuse, bad, broken, missing, ok, reply};
use super::guard::{Access, Admin};
use super::payload::{Params, Payload};
use super::platform::App;
use super::{Provisioner, clock, events, ids, provisioning};

const RUNTIMES: [&str; 8] =
    ["claude-code", "langgraph", "crewai", "autogen", "deepagents", "hermes", "gemini-cli", "openclaw"];
const LONGEST_LOG: usize = 8192;

#[derive(Deserialize)]
struct BootstrapFailure {
    error: Option<String>,
    log_tail: Option<String>,
}

pub(crate) async fn health() -> Answer {
    ok(&json!({ "status": "ok" }))
}

/// What would be a loop on the platform happens here whenever somebody looks, so it's always fresh.
pub(crate) async fn liveness(_: Admin) -> Answer {
    ok(&json!({ "subsystems": { "scheduler": { "last_tick_at": clock::now(), "seconds_ago": 0 } } }))
}

pub(crate) async fn bootstrap_failed(
    _: Admin,
    State(platform): App,
    Path(raw): Path<String>,
    payload: Payload,
) -> Answer {
    let told: BootstrapFailure = payload.json().refuse(bad("invalid request body"))?;
    let id = ids::canonical(&raw).refuse(broken("db update failed"))?;
    let log = told.log_tail.unwrap_or_default();
    let log = log.get(..log.floor_char_boundary(LONGEST_LOG)).unwrap_or_default().to_owned();
    let error = told.error.unwrap_or_default();
    let said = [error.as_str(), log.as_str()].into_iter().filter(|text| !text.is_empty());
    let reason = said.collect::<Vec<_>>().join("\n\n");
    platform
        .write(move |rows, _| {
            let waiting = "SELECT EXISTS (SELECT 1 FROM workspaces WHERE id = ?1 AND status = 'provisioning')";
            if !rows.query_row(waiting, [&id], |row| row.get::<_, bool>(0))? {
                return ok(&json!({ "ok": true, "no_change": true }));
            }
            provisioning::mark_failed(rows, &id, &reason)?;
            let told = json!({ "error": error, "log_tail": log, "source": "bootstrap_watcher" });
            events::tell(rows, "WORKSPACE_PROVISION_FAILED", &id, &told)?;
            ok(&json!({ "ok": true }))
        })
        .await
}

pub(crate) async fn drop_stale(_: Admin, State(platform): App, params: Params) -> Answer {
    let age = match params.get("max_age_minutes") {
        None => Some(60),
        Some(text) => text.parse::<i64>().ok().filter(|minutes| *minutes >= 1),
    };
    let age = age.refuse(bad("max_age_minutes must be a positive integer"))?;
    let workspace = match params.get("workspace_id").unwrap_or("") {
        "" => None,
        raw => Some(ids::canonical(raw).refuse(broken("failed to drop stale items"))?),
    };
    platform
        .write(move |rows, _| {
            let dropped = rows.execute(
                "UPDATE a2a_queue SET status = 'dropped'
                 WHERE status = 'queued' AND enqueued_at < ?1 AND workspace_id = coalesce(?2, workspace_id)",
                (clock::from_now(-60.0 * age as f64), workspace),
            )?;
            ok(&json!({ "dropped": dropped }))
        })
        .await
}

pub(crate) async fn refresh_images(_: Admin, State(platform): App, params: Params) -> Answer {
    let runtimes = match params.get("runtime").unwrap_or("") {
        "" => RUNTIMES.to_vec(),
        one if RUNTIMES.contains(&one) => vec![one],
        other => {
            let unknown = bad(&format!("unknown runtime: {other}"));
            return Err(unknown.with("known_runtimes", RUNTIMES.to_vec()));
        }
    };
    if platform.settings.provisioner == Provisioner::Simulated {
        return ok(&json!({ "pulled": runtimes, "failed": [], "recreated": [] }));
    }
    let pulls_only = params.get("recreate").is_some_and(|recreate| !recreate.is_empty() && recreate != "true");
    if pulls_only {
        return ok(&json!({ "pulled": [], "failed": runtimes, "recreated": [] }));
    }
    Ok(reply(
        StatusCode::INTERNAL_SERVER_ERROR,
        &json!({
            "error": provisioning::daemon_away(),
            "partial_result": { "pulled": [], "failed": runtimes, "recreated": [] },
        }),
    ))
}

/// No application is installed here, and the platform never comes to its documented 404.
pub(crate) async fn github_token(_: Admin) -> Answer {
    Err(broken("token refresh failed"))
}

pub(crate) async fn workspace_github_token(_: Access) -> Answer {
    Err(broken("token refresh failed"))
}

/// A shell in a container, which this tenant never has.
pub(crate) async fn terminal(_: Access) -> Answer {
    Err(missing("container not running"))
}
