//! Org keys: list, mint, revoke. Minting reads its body so leniently that malformed JSON makes an
//! unnamed, valid key; nothing is idempotent; a key knows who minted it by that one's prefix.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, missing, ok};
use super::guard::Admin;
use super::keys::Key;
use super::payload::{Payload, filled};
use super::platform::{App, Platform};
use super::{clock, edge, ids};

/// The list ends there, silently.
const LONGEST_LIST: i64 = 500;
const LONGEST_NAME: usize = 100;

pub(crate) struct Minted {
    pub(crate) id: String,
    pub(crate) key: Key,
}

#[derive(Deserialize)]
struct Wish {
    name: Option<String>,
}

pub(crate) async fn list(_: Admin, State(platform): App) -> Answer {
    let tokens = platform
        .read(|rows| {
            let mut live = rows.prepare_cached(
                "SELECT id, prefix, name, org_id, created_by, created_at, last_used_at FROM org_api_tokens
                 WHERE revoked_at IS NULL ORDER BY created_at DESC, rowid DESC LIMIT ?1",
            )?;
            let tokens = live.query_map([LONGEST_LIST], listed)?;
            Ok(tokens.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&json!({ "count": tokens.len(), "tokens": tokens }))
}

/// Empty fields are left out.
fn listed(row: &rusqlite::Row) -> rusqlite::Result<Value> {
    let mut token = Map::new();
    for name in ["id", "prefix", "name", "org_id", "created_by", "created_at", "last_used_at"] {
        if let Some(text) = filled(row.get(name)?) {
            let text = if name.ends_with("_at") { clock::shown(&text) } else { text };
            token.insert(name.to_owned(), text.into());
        }
    }
    Ok(token.into())
}

/// Limited by the hour; only requests whose credential was good count.
pub(crate) async fn mint(
    admin: Admin,
    Address(address): Address,
    State(platform): App,
    headers: HeaderMap,
    payload: Payload,
) -> Response {
    let limiter = platform.mints.as_ref().filter(|_| !platform.is_development());
    let standing = limiter.map(|limiter| limiter.count(address));
    let mut response = match &standing {
        Some(standing) if standing.exceeded => standing.refusal(),
        _ => mint_now(&platform, admin, &headers, &payload).await.into_response(),
    };
    if let Some(standing) = standing {
        standing.show(response.headers_mut());
    }
    response
}

async fn mint_now(platform: &Arc<Platform>, admin: Admin, headers: &HeaderMap, payload: &Payload) -> Answer {
    let name = payload.json::<Wish>().and_then(|wish| filled(wish.name));
    if name.as_ref().is_some_and(|name| name.len() > LONGEST_NAME) {
        return Err(bad("name too long (max 100 chars)"));
    }
    let minter = minter(&admin, headers);
    let org_id = admin.key.and_then(|key| key.org_id);
    let named = name.clone();
    let minted = platform.write(move |rows, _| insert(rows, named.as_deref(), org_id.as_deref(), &minter)).await?;
    let mut told = json!({
        "id": minted.id,
        "prefix": minted.key.prefix,
        "auth_token": minted.key.reveal(),
        "warning": "copy this token now; it will not be shown again",
    });
    if let (Some(name), Some(told)) = (name, told.as_object_mut()) {
        told.insert("name".to_owned(), name.into());
    }
    ok(&told)
}

/// Any cookie makes it a session, even a stale one beside the admin token.
fn minter(admin: &Admin, headers: &HeaderMap) -> String {
    match &admin.key {
        Some(key) => format!("org-token:{}", key.prefix),
        None if headers.contains_key(header::COOKIE) => "session".to_owned(),
        None => "admin-token".to_owned(),
    }
}

pub(crate) fn insert(
    rows: &Connection,
    name: Option<&str>,
    org_id: Option<&str>,
    created_by: &str,
) -> Result<Minted, Refusal> {
    let minted = Minted { id: ids::fresh(), key: Key::mint()? };
    rows.prepare_cached(
        "INSERT INTO org_api_tokens (id, token_hash, prefix, name, org_id, created_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((&minted.id, &minted.key.hash, &minted.key.prefix, name, org_id, created_by, clock::now()))?;
    Ok(minted)
}

pub(crate) async fn revoke(_: Admin, State(platform): App, Path(token): Path<String>) -> Answer {
    let id = ids::canonical(&token).refuse(broken("failed to revoke"))?;
    platform
        .write(move |rows, _| {
            let revoked = rows.execute(
                "UPDATE org_api_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                (&id, clock::now()),
            )?;
            match revoked {
                0 => Err(missing("token not found or already revoked")),
                _ => ok(&json!({ "revoked": id })),
            }
        })
        .await
}

/// The peer whose mints are counted.
pub(crate) struct Address(IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(edge::address(&parts.extensions)))
    }
}
