//! Coming and staying online. Registering makes workspaces that nobody created, and issues a token when
//! none is live; a heartbeat moves a workspace between online and degraded.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, ok};
use super::super::guard;
use super::super::payload::{Payload, even_null, filled};
use super::super::platform::{App, Platform};
use super::super::workspaces::row::{self, NewWorkspace, Workspace};
use super::super::{a2a, events, ids, tokens};

/// What a workspace costs a month is believed up to there.
const MOST_SPEND: i64 = 1_000_000_000_000;

#[derive(Deserialize)]
struct Registration {
    id: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "even_null")]
    agent_card: Option<Value>,
}

#[derive(Deserialize)]
struct Heartbeat {
    workspace_id: Option<String>,
    error_rate: Option<f64>,
    sample_error: Option<String>,
    active_tasks: Option<i64>,
    uptime_seconds: Option<i64>,
    current_task: Option<String>,
    monthly_spend: Option<i64>,
    runtime_state: Option<String>,
}

#[derive(Deserialize)]
struct Card {
    workspace_id: Option<String>,
    #[serde(default, deserialize_with = "even_null")]
    agent_card: Option<Value>,
}

pub(crate) async fn register(State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    let invalid = || bad("invalid request body");
    let told: Registration = payload.json().refuse(invalid())?;
    let raw = filled(told.id).refuse(invalid())?;
    let url = filled(told.url).filter(|url| is_reachable(&platform, url)).refuse(invalid())?;
    let card = told.agent_card.refuse(invalid())?;
    let id = ids::canonical(&raw).refuse(broken("registration failed"))?;
    guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
    platform
        .write(move |rows, _| {
            come_online(rows, &id, &url, &card)?;
            match guard::has_live_token(rows, &id)? {
                true => ok(&json!({ "status": "registered" })),
                false => {
                    let token = tokens::insert(rows, &id)?;
                    ok(&json!({ "status": "registered", "auth_token": token.reveal() }))
                }
            }
        })
        .await
}

fn come_online(rows: &Connection, id: &str, url: &str, card: &Value) -> Result<(), Refusal> {
    if !row::exists(rows, id)? {
        NewWorkspace { id: id.to_owned(), tier: 1, ..NewWorkspace::named(id) }.insert(rows)?;
    }
    // an address on the host's loopback was given by who made the workspace, and is kept
    rows.execute(
        "UPDATE workspaces SET agent_card = ?3, status = 'online', settles_at = NULL, settles_to = NULL,
           url = CASE WHEN url LIKE 'http://127.0.0.1%' THEN url ELSE ?2 END
         WHERE id = ?1 AND status <> 'removed'",
        (id, url, card.to_string()),
    )?;
    events::tell(rows, "WORKSPACE_ONLINE", id, &json!({ "url": url, "agent_card": card }))?;
    Ok(())
}

/// Whether the platform would call that address. Names are believed: this tenant asks no name server.
pub(crate) fn is_reachable(platform: &Platform, url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let allowed = match host.parse() {
        Ok(std::net::IpAddr::V4(ip)) => {
            let private_is_fine = platform.settings.org_id.is_some();
            !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified() && (private_is_fine || !ip.is_private())
        }
        Ok(std::net::IpAddr::V6(ip)) => {
            !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local() && !ip.is_unique_local()
        }
        Err(_) => true,
    };
    allowed && matches!(uri.scheme_str(), Some("http" | "https"))
}

pub(crate) async fn heartbeat(State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    let told: Heartbeat = payload.json().refuse(bad("invalid request body"))?;
    let raw = filled(told.workspace_id.clone()).refuse(bad("invalid request body"))?;
    let id = ids::canonical(&raw).refuse(broken("failed to update"))?;
    guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
    let has_room = {
        let (id, told) = (id.clone(), told);
        platform.write(move |rows, _| Ok(note(rows, &id, &told)?)).await?
    };
    if has_room {
        a2a::drain(&platform, id);
    }
    ok(&json!({ "status": "ok" }))
}

/// What isn't told is reset, but for the spend. True where the workspace could do more than it does.
fn note(rows: &Connection, id: &str, told: &Heartbeat) -> rusqlite::Result<bool> {
    let Some(before) = Workspace::find(rows, id)?.filter(|found| !found.is_removed()) else { return Ok(false) };
    store(rows, id, told)?;
    let Some(after) = Workspace::find(rows, id)? else { return Ok(false) };
    tell_beat(rows, &before, &after, told)?;
    Ok(after.active_tasks < after.max_concurrent_tasks)
}

fn tell_beat(rows: &Connection, before: &Workspace, after: &Workspace, told: &Heartbeat) -> rusqlite::Result<()> {
    let beat = json!({ "active_tasks": after.active_tasks, "uptime_seconds": told.uptime_seconds.unwrap_or(0) });
    events::show(rows, "WORKSPACE_HEARTBEAT", &after.id, &beat)?;
    if before.current_task() != after.current_task() {
        let task = json!({ "current_task": after.current_task(), "active_tasks": after.active_tasks });
        events::show(rows, "TASK_UPDATED", &after.id, &task)?;
    }
    match (before.status.as_str(), after.status.as_str()) {
        (was, is) if was == is => Ok(()),
        (_, "degraded") => events::tell(rows, "WORKSPACE_DEGRADED", &after.id, &trouble(told)),
        ("provisioning", "online") => {
            events::tell(rows, "WORKSPACE_ONLINE", &after.id, &json!({ "recovered_from": "provisioning" }))
        }
        (_, "online") => events::tell(rows, "WORKSPACE_ONLINE", &after.id, &json!({})),
        _ => Ok(()),
    }
}

fn trouble(told: &Heartbeat) -> Value {
    let sample = told.sample_error.as_deref().unwrap_or("");
    match told.runtime_state.as_deref().filter(|state| !state.is_empty()) {
        Some(state) => json!({ "runtime_state": state, "sample_error": sample }),
        None => json!({ "error_rate": told.error_rate.unwrap_or(0.0), "sample_error": sample }),
    }
}

fn store(rows: &Connection, id: &str, told: &Heartbeat) -> rusqlite::Result<()> {
    let rate = told.error_rate.unwrap_or(0.0);
    let state = told.runtime_state.as_deref().unwrap_or("");
    rows.prepare_cached(
        "UPDATE workspaces SET last_error_rate = ?2, last_sample_error = ?3, active_tasks = ?4, uptime_seconds = ?5,
           current_task = ?6, monthly_spend = CASE WHEN ?7 > 0 THEN min(?7, ?8) ELSE monthly_spend END,
           status = CASE
             WHEN status = 'online' AND (?2 >= 0.5 OR ?9 = 'wedged') THEN 'degraded'
             WHEN status = 'degraded' AND ?2 < 0.1 AND ?9 = '' THEN 'online'
             WHEN status IN ('offline', 'provisioning') THEN 'online'
             ELSE status END,
           settles_at = NULL, settles_to = NULL
         WHERE id = ?1 AND status <> 'removed'",
    )?
    .execute((
        id,
        rate,
        told.sample_error.as_deref().unwrap_or(""),
        told.active_tasks.unwrap_or(0),
        told.uptime_seconds.unwrap_or(0),
        told.current_task.as_deref().unwrap_or(""),
        told.monthly_spend.unwrap_or(0),
        MOST_SPEND,
        state,
    ))
    .map(drop)
}

pub(crate) async fn update_card(State(platform): App, headers: HeaderMap, payload: Payload) -> Answer {
    let told: Card = payload.json().refuse(bad("invalid request body"))?;
    let told = filled(told.workspace_id).zip(told.agent_card);
    let (raw, card) = told.refuse(bad("invalid request body"))?;
    let id = ids::canonical(&raw).refuse(broken("failed to update card"))?;
    guard::own_token(&platform, &id, guard::bearer(&headers)).await?;
    platform
        .write(move |rows, _| {
            rows.execute("UPDATE workspaces SET agent_card = ?2 WHERE id = ?1", (&id, card.to_string()))?;
            events::tell(rows, "AGENT_CARD_UPDATED", &id, &json!({ "agent_card": card }))?;
            ok(&json!({ "status": "updated" }))
        })
        .await
}
