//! Who may pass: one extractor for the organisation's routes (`Admin`), one for those under a
//! workspace (`Access`), and the stricter question that a few handlers ask in addition (`own_token`).
//! Handlers take an extractor as an argument, so a route without one is open. The platform's states
//! without an admin token are here too.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use rusqlite::{Connection, OptionalExtension};

use super::answer::{Refusal, missing, unauthorized};
use super::platform::Platform;
use super::{clock, ids, keys};

/// A `last_used_at` finer than that many seconds isn't worth a write a request.
const USE_PRECISION: i64 = 1;

/// A caller whom the organisation's routes accept.
pub(crate) struct Admin {
    /// The org key, where it was one.
    pub(crate) key: Option<OrgKey>,
}

pub(crate) struct OrgKey {
    pub(crate) prefix: String,
    pub(crate) org_id: Option<String>,
}

/// A caller whom this workspace's routes accept, and the id as it stands in the path.
pub(crate) struct Access {
    pub(crate) raw: String,
    /// None where development mode let it in without.
    pub(crate) bearer: Option<String>,
}

impl Access {
    pub(crate) fn uuid(&self) -> Option<String> {
        ids::canonical(&self.raw)
    }
}

impl FromRequestParts<Arc<Platform>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Refusal> {
        if stands_open(platform).await? || has_session(platform, &parts.headers) {
            return Ok(Self { key: None });
        }
        let bearer = bearer(&parts.headers).ok_or_else(|| unauthorized("admin auth required"))?;
        if let Some(key) = org_key(platform, bearer).await? {
            return Ok(Self { key: Some(key) });
        }
        let accepted = match &platform.settings.admin_token {
            Some(token) => keys::same(token, bearer),
            None => any_workspace_token(platform, bearer).await?,
        };
        accepted.then_some(Self { key: None }).ok_or_else(|| unauthorized("invalid admin auth token"))
    }
}

impl FromRequestParts<Arc<Platform>> for Access {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Refusal> {
        let raw = path_id(parts, platform).await?;
        let Some(bearer) = bearer(&parts.headers).map(str::to_owned) else {
            return match platform.is_development() {
                true => Ok(Self { raw, bearer: None }),
                false => Err(unauthorized("missing workspace auth token")),
            };
        };
        let accepted = is_admin_token(platform, &bearer)
            || org_key(platform, &bearer).await?.is_some()
            || workspace_token(platform, &raw, &bearer).await?;
        let passed = accepted.then_some(Self { raw, bearer: Some(bearer) });
        passed.ok_or_else(|| unauthorized("invalid workspace auth token"))
    }
}

async fn path_id(parts: &mut Parts, platform: &Arc<Platform>) -> Result<String, Refusal> {
    let not_found = || missing("workspace not found");
    let params = RawPathParams::from_request_parts(parts, platform).await.map_err(|_| not_found())?;
    let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
    id.ok_or_else(not_found)
}

/// The one form that the platform reads: `Bearer X` with a capital B and blanks, cut around X.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = value.strip_prefix("Bearer ")?.trim();
    (!token.is_empty()).then_some(token)
}

pub(crate) fn is_admin_token(platform: &Platform, bearer: &str) -> bool {
    platform.settings.admin_token.as_ref().is_some_and(|token| keys::same(token, bearer))
}

/// Without an admin token the organisation's routes are open until the first workspace token lives;
/// on a developer's machine they stay open.
async fn stands_open(platform: &Platform) -> Result<bool, Refusal> {
    if platform.settings.admin_token.is_some() {
        return Ok(false);
    }
    Ok(platform.is_development() || !platform.read(|rows| Ok(any_token_lives(rows)?)).await?)
}

fn has_session(platform: &Platform, headers: &HeaderMap) -> bool {
    let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or("");
    platform.has_control_plane() && cookies.split(';').any(|cookie| cookie.trim() == "session=good")
}

pub(crate) fn any_token_lives(rows: &Connection) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM workspace_auth_tokens WHERE revoked_at IS NULL)")?
        .query_row([], |row| row.get(0))
}

pub(crate) fn has_live_token(rows: &Connection, workspace: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM workspace_auth_tokens WHERE workspace_id = ?1 AND revoked_at IS NULL)",
    )?
    .query_row([workspace], |row| row.get(0))
}

async fn org_key(platform: &Arc<Platform>, bearer: &str) -> Result<Option<OrgKey>, Refusal> {
    let hash = keys::hash(bearer);
    let found = platform
        .read(|rows| {
            let mut find = rows.prepare_cached(
                "SELECT id, prefix, org_id, last_used_at FROM org_api_tokens
                 WHERE token_hash = ?1 AND revoked_at IS NULL",
            )?;
            let key = find.query_row([hash], |row| {
                let key = OrgKey { prefix: row.get(1)?, org_id: row.get(2)? };
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(3)?, key))
            });
            Ok(key.optional()?)
        })
        .await?;
    let Some((id, last_used, key)) = found else { return Ok(None) };
    note_use(platform, "org_api_tokens", id, last_used).await?;
    Ok(Some(key))
}

/// Whether this is a live token of that workspace, which isn't removed.
pub(crate) async fn workspace_token(platform: &Arc<Platform>, raw: &str, bearer: &str) -> Result<bool, Refusal> {
    let Some(workspace) = ids::canonical(raw) else { return Ok(false) };
    accepts_token(platform, Some(workspace), bearer).await
}

pub(crate) async fn any_workspace_token(platform: &Arc<Platform>, bearer: &str) -> Result<bool, Refusal> {
    accepts_token(platform, None, bearer).await
}

async fn accepts_token(platform: &Arc<Platform>, workspace: Option<String>, bearer: &str) -> Result<bool, Refusal> {
    let hash = keys::hash(bearer);
    let found = platform
        .read(|rows| {
            let mut find = rows.prepare_cached(
                "SELECT t.id, t.last_used_at FROM workspace_auth_tokens t
                 JOIN workspaces w ON w.id = t.workspace_id AND w.status <> 'removed'
                 WHERE t.token_hash = ?1 AND t.revoked_at IS NULL AND t.workspace_id = coalesce(?2, t.workspace_id)",
            )?;
            let token = find.query_row((hash, workspace), |row| Ok((row.get(0)?, row.get(1)?)));
            Ok(token.optional()?)
        })
        .await?;
    let Some((id, last_used)) = found else { return Ok(false) };
    note_use(platform, "workspace_auth_tokens", id, last_used).await?;
    Ok(true)
}

async fn note_use(
    platform: &Arc<Platform>,
    table: &'static str,
    id: String,
    last_used: Option<String>,
) -> Result<(), Refusal> {
    if last_used.is_some_and(|moment| !clock::is_older(&moment, USE_PRECISION)) {
        return Ok(());
    }
    platform
        .write(move |rows, _| {
            rows.prepare_cached(&format!("UPDATE {table} SET last_used_at = ?1 WHERE id = ?2"))?
                .execute((clock::now(), id))?;
            Ok(())
        })
        .await
}

/// What a workspace asks of whoever speaks for it: its own token, if it has a live one. Org keys and
/// the admin token are refused then; without a live token nothing is asked.
pub(crate) async fn own_token(platform: &Arc<Platform>, workspace: &str, bearer: Option<&str>) -> Result<(), Refusal> {
    token_of(platform, workspace, bearer, "workspace").await
}

/// The same of a workspace that calls another one.
pub(crate) async fn caller_token(platform: &Arc<Platform>, caller: &str, bearer: Option<&str>) -> Result<(), Refusal> {
    token_of(platform, caller, bearer, "caller").await
}

async fn token_of(platform: &Arc<Platform>, id: &str, bearer: Option<&str>, whose: &str) -> Result<(), Refusal> {
    if !platform.read(|rows| Ok(has_live_token(rows, id)?)).await? {
        return Ok(());
    }
    let bearer = bearer.ok_or_else(|| unauthorized(&format!("missing {whose} auth token")))?;
    match accepts_token(platform, Some(id.to_owned()), bearer).await? {
        true => Ok(()),
        false => Err(unauthorized(&format!("invalid {whose} auth token"))),
    }
}
