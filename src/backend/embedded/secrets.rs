//! Secrets of a workspace and of the whole organisation. Lists never show values; the one route that
//! does wants the workspace's own token as soon as it has one. A write restarts who sees the secret.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, missing, ok};
use super::guard::{self, Access, Admin};
use super::payload::{Payload, filled};
use super::platform::{App, Platform};
use super::{clock, ids, provisioning, vault};

#[derive(Deserialize)]
struct Wish {
    key: Option<String>,
    value: Option<String>,
}

fn wish(payload: &Payload) -> Result<(String, String), Refusal> {
    let wish = payload.json::<Wish>();
    wish.and_then(|wish| filled(wish.key).zip(filled(wish.value))).refuse(bad("invalid request body"))
}

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let id = ids::strict(&access.raw)?;
    let listed = platform
        .read(|rows| {
            let mut visible = rows.prepare_cached(
                "SELECT key, 'workspace' AS scope, created_at, updated_at FROM workspace_secrets WHERE workspace_id = ?1
                 UNION ALL
                 SELECT key, 'global', created_at, updated_at FROM global_secrets
                 WHERE key NOT IN (SELECT key FROM workspace_secrets WHERE workspace_id = ?1)
                 ORDER BY scope DESC, key",
            )?;
            let listed = visible.query_map([id], listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

pub(crate) async fn list_global(_: Admin, State(platform): App) -> Answer {
    let listed = platform
        .read(|rows| {
            let mut all = rows.prepare_cached(
                "SELECT key, 'global' AS scope, created_at, updated_at FROM global_secrets ORDER BY key",
            )?;
            let listed = all.query_map([], listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(row: &rusqlite::Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "key": row.get::<_, String>("key")?,
        "scope": row.get::<_, String>("scope")?,
        "has_value": true,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
        "updated_at": clock::shown(&row.get::<_, String>("updated_at")?),
    }))
}

pub(crate) async fn set(access: Access, State(platform): App, payload: Payload) -> Answer {
    let id = ids::strict(&access.raw)?;
    let (key, value) = wish(&payload)?;
    platform
        .write(move |rows, platform| {
            store(rows, platform, Some(&id), &key, &value)?;
            provisioning::restart_for_secret(rows, platform, Some(&id), &key)?;
            ok(&json!({ "status": "saved", "key": key }))
        })
        .await
}

pub(crate) async fn set_global(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let (key, value) = wish(&payload)?;
    platform
        .write(move |rows, platform| {
            store(rows, platform, None, &key, &value)?;
            provisioning::restart_for_secret(rows, platform, None, &key)?;
            ok(&json!({ "status": "saved", "key": key, "scope": "global" }))
        })
        .await
}

/// Keeps a secret of that workspace, or of the organisation, without restarting anybody.
pub(crate) fn store(
    rows: &Connection,
    platform: &Platform,
    workspace: Option<&str>,
    key: &str,
    value: &str,
) -> Result<(), Refusal> {
    let place = vault::place(workspace.unwrap_or_default(), key);
    let sealed = platform.vault.seal(&place, value).refuse(broken("failed to encrypt secret"))?;
    let now = clock::now();
    let stored = match workspace {
        Some(workspace) => rows.execute(
            "INSERT INTO workspace_secrets (workspace_id, key, sealed, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (workspace_id, key) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
            (workspace, key, sealed, now),
        ),
        None => rows.execute(
            "INSERT INTO global_secrets (key, sealed, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
            (key, sealed, now),
        ),
    };
    stored.map(drop).refuse(broken("failed to save secret"))
}

pub(crate) async fn delete(access: Access, State(platform): App, Path((_, key)): Path<(String, String)>) -> Answer {
    let id = ids::strict(&access.raw)?;
    platform
        .write(move |rows, platform| {
            if !forget(rows, &id, &key)? {
                return Err(missing("secret not found"));
            }
            provisioning::restart_for_secret(rows, platform, Some(&id), &key)?;
            ok(&json!({ "status": "deleted", "key": key }))
        })
        .await
}

/// Whether there was one.
pub(crate) fn forget(rows: &Connection, workspace: &str, key: &str) -> rusqlite::Result<bool> {
    let gone = rows.execute("DELETE FROM workspace_secrets WHERE workspace_id = ?1 AND key = ?2", (workspace, key))?;
    Ok(gone > 0)
}

pub(crate) async fn delete_global(_: Admin, State(platform): App, Path(key): Path<String>) -> Answer {
    platform
        .write(move |rows, platform| {
            if rows.execute("DELETE FROM global_secrets WHERE key = ?1", [&key])? == 0 {
                return Err(missing("secret not found"));
            }
            provisioning::restart_for_secret(rows, platform, None, &key)?;
            ok(&json!({ "status": "deleted", "key": key, "scope": "global" }))
        })
        .await
}

/// In clear, merged. A workspace without a live token, an unknown one too, shows them to whoever the
/// workspace's routes accept.
pub(crate) async fn values(access: Access, State(platform): App) -> Answer {
    let id = ids::strict(&access.raw)?;
    guard::own_token(&platform, &id, access.bearer.as_deref()).await?;
    let values = platform.read(|rows| opened(rows, &platform, &id)).await?;
    ok(&values)
}

fn opened(rows: &Connection, platform: &Platform, id: &str) -> Result<BTreeMap<String, String>, Refusal> {
    // the workspace's own come last and so override
    let mut sealed = rows.prepare_cached(
        "SELECT '' AS workspace, key, sealed, 0 AS own FROM global_secrets
         UNION ALL SELECT workspace_id, key, sealed, 1 FROM workspace_secrets WHERE workspace_id = ?1 ORDER BY own",
    )?;
    let sealed = sealed.query_map([id], |row| {
        let place = vault::place(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?);
        Ok((row.get::<_, String>(1)?, platform.vault.unseal(&place, &row.get::<_, Vec<u8>>(2)?)))
    })?;
    let opened: Vec<(String, Option<String>)> = sealed.collect::<Result<_, _>>()?;
    let failed: Vec<String> = opened.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.clone()).collect();
    if !failed.is_empty() {
        let refusal = broken("one or more secrets failed to decrypt; refusing to return partial bundle");
        return Err(refusal.with("failed_keys", failed));
    }
    Ok(opened.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// The organisation's secrets, by name.
pub(crate) fn global_keys(rows: &Connection) -> rusqlite::Result<Vec<String>> {
    rows.prepare_cached("SELECT key FROM global_secrets")?.query_map([], |row| row.get(0))?.collect()
}

/// One of a workspace's own, in clear.
pub(crate) fn own_value(
    rows: &Connection,
    platform: &Platform,
    workspace: &str,
    key: &str,
) -> Result<Option<String>, Refusal> {
    let found: Result<Vec<u8>, rusqlite::Error> = rows
        .prepare_cached("SELECT sealed FROM workspace_secrets WHERE workspace_id = ?1 AND key = ?2")?
        .query_row((workspace, key), |row| row.get(0));
    match found {
        Ok(sealed) => Ok(platform.vault.unseal(&vault::place(workspace, key), &sealed)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
