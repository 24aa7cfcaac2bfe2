//! A workspace's monthly budget in US cents. Anybody with access to the workspace reads it; only the
//! organisation's credentials set it.

use axum::extract::{Path, State};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, missing, ok};
use super::guard::{Access, Admin};
use super::ids;
use super::payload::{Payload, even_null};
use super::platform::App;

#[derive(Deserialize)]
struct Wish {
    #[serde(default, deserialize_with = "even_null")]
    budget_limit: Option<Value>,
}

pub(crate) async fn show(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    platform.read(|rows| shown(rows, &id)).await
}

fn shown(rows: &Connection, id: &str) -> Answer {
    let found: Option<(Option<i64>, i64)> = rows
        .prepare_cached("SELECT budget_limit, monthly_spend FROM workspaces WHERE id = ?1 AND status <> 'removed'")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (limit, spend) = found.refuse(missing("workspace not found"))?;
    ok(&json!({
        "budget_limit": limit,
        "monthly_spend": spend,
        "budget_remaining": limit.map(|limit| limit.saturating_sub(spend)),
    }))
}

pub(crate) async fn set(_: Admin, State(platform): App, Path(raw): Path<String>, payload: Payload) -> Answer {
    let id = ids::canonical(&raw).refuse(missing("workspace not found"))?;
    let wish: Wish = payload.json().refuse(bad("invalid request body"))?;
    let limit = cents(wish.budget_limit.refuse(bad("budget_limit field is required"))?)?;
    platform
        .write(move |rows, _| {
            rows.execute(
                "UPDATE workspaces SET budget_limit = ?2 WHERE id = ?1 AND status <> 'removed'",
                (&id, limit),
            )?;
            shown(rows, &id)
        })
        .await
}

/// Fractions are cut.
fn cents(value: Value) -> Result<Option<i64>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    let amount = value.as_f64().refuse(bad("budget_limit must be an integer (USD cents) or null"))?;
    if amount < 0.0 {
        return Err(bad("budget_limit must be >= 0 (USD cents)"));
    }
    // what the platform's conversion makes of a number that is too large
    Ok(Some(if amount >= i64::MAX as f64 { i64::MIN } else { amount as i64 }))
}
