//! Workspace tokens: at most fifty live ones each, shown once and without their id. Revoking the last
//! one opens the workspace's registry calls to anybody.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, broken, created, missing, ok, refused_with, unauthorized};
use super::guard::{self, Access};
use super::keys::Key;
use super::payload::Params;
use super::platform::App;
use super::workspaces::row;
use super::{Environment, clock, ids};

const MOST: i64 = 50;

pub(crate) async fn list(access: Access, State(platform): App, params: Params) -> Answer {
    let id = access.uuid().refuse(broken("failed to list tokens"))?;
    let limit = params.integer("limit").filter(|limit| (1..=200).contains(limit)).unwrap_or(50);
    let offset = params.integer("offset").filter(|offset| *offset >= 0).unwrap_or(0);
    let tokens = platform
        .read(|rows| {
            let mut live = rows.prepare_cached(
                "SELECT id, prefix, created_at, last_used_at FROM workspace_auth_tokens
                 WHERE workspace_id = ?1 AND revoked_at IS NULL
                 ORDER BY created_at DESC, rowid DESC LIMIT ?2 OFFSET ?3",
            )?;
            let tokens = live.query_map((id, limit, offset), listed)?;
            Ok(tokens.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&json!({ "count": tokens.len(), "tokens": tokens }))
}

fn listed(row: &rusqlite::Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "prefix": row.get::<_, String>("prefix")?,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
        "last_used_at": clock::shown_or_null(row.get("last_used_at")?),
    }))
}

pub(crate) async fn mint(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("failed to create token"))?;
    platform
        .write(move |rows, _| {
            if live(rows, &id)? >= MOST {
                let full = "maximum 50 active tokens per workspace";
                return Err(refused_with(StatusCode::TOO_MANY_REQUESTS, full));
            }
            created(&json!({
                "auth_token": insert(rows, &id)?.reveal(),
                "workspace_id": id,
                "message": "Save this token now — it cannot be retrieved again.",
            }))
        })
        .await
}

fn live(rows: &Connection, workspace: &str) -> rusqlite::Result<i64> {
    rows.prepare_cached("SELECT count(*) FROM workspace_auth_tokens WHERE workspace_id = ?1 AND revoked_at IS NULL")?
        .query_row([workspace], |row| row.get(0))
}

pub(crate) fn insert(rows: &Connection, workspace: &str) -> Result<Key, Refusal> {
    let key = Key::mint()?;
    rows.prepare_cached(
        "INSERT INTO workspace_auth_tokens (id, workspace_id, token_hash, prefix, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((ids::fresh(), workspace, &key.hash, &key.prefix, clock::now()))
    .refuse(broken("failed to create token"))?;
    Ok(key)
}

pub(crate) async fn revoke(access: Access, State(platform): App, Path((_, token)): Path<(String, String)>) -> Answer {
    let ids = access.uuid().zip(ids::canonical(&token));
    let (workspace, token) = ids.refuse(broken("failed to revoke token"))?;
    platform
        .write(move |rows, _| {
            let revoked = rows.execute(
                "UPDATE workspace_auth_tokens SET revoked_at = ?3
                 WHERE id = ?1 AND workspace_id = ?2 AND revoked_at IS NULL",
                (token, workspace, clock::now()),
            )?;
            match revoked {
                0 => Err(missing("token not found or already revoked")),
                _ => ok(&json!({ "status": "revoked" })),
            }
        })
        .await
}

/// GET /admin/workspaces/{id}/test-token: a new token on every GET, for the admin token only.
pub(crate) async fn mint_for_test(State(platform): App, Path(raw): Path<String>, headers: HeaderMap) -> Answer {
    if platform.settings.environment == Environment::Production {
        return Err(missing("not found"));
    }
    let bearer = guard::bearer(&headers).unwrap_or("");
    if platform.settings.admin_token.is_some() && !guard::is_admin_token(&platform, bearer) {
        return Err(unauthorized("admin auth required"));
    }
    let id = ids::canonical(&raw).refuse(broken("lookup failed"))?;
    platform
        .write(move |rows, _| {
            if !row::exists(rows, &id)? {
                return Err(missing("workspace not found"));
            }
            ok(&json!({ "auth_token": insert(rows, &id)?.reveal(), "workspace_id": id }))
        })
        .await
}
