//! Coming online. Registering makes workspaces that nobody created, and issues a token when none is live.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, ok};
use super::super::guard;
use super::super::payload::{Payload, even_null, filled};
use super::super::platform::{App, Platform};
use super::super::workspaces::row::{self, NewWorkspace};
use super::super::{events, ids, tokens};

#[derive(Deserialize)]
struct Registration {
    id: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "even_null")]
    agent_card: Option<Value>,
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
