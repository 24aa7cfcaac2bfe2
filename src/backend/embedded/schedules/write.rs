//! Making, changing and deleting schedules. What the platform refuses of an expression it calls an
//! invalid request body; a name is taken once in a workspace, the empty one too.

use axum::extract::{Path, State};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::json;

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, created, done, missing};
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::{clock, ids};
use super::next_run;
use crate::timetable::{Timetable, Wrong};

#[derive(Deserialize, Clone)]
pub(crate) struct Wish {
    name: Option<String>,
    cron_expr: Option<String>,
    timezone: Option<String>,
    prompt: Option<String>,
    enabled: Option<bool>,
}

pub(crate) struct Made {
    id: String,
    next_run_at: String,
}

pub(crate) async fn create(access: Access, State(platform): App, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("cron_expr and prompt are required"))?;
    let made = platform
        .write(move |rows, _| {
            let workspace = access.uuid();
            insert(rows, workspace.as_deref(), &wish, "runtime")
        })
        .await?;
    created(&json!({ "id": made.id, "status": "created", "next_run_at": made.next_run_at }))
}

/// Refuses what the platform refuses of a new schedule.
pub(crate) fn insert(rows: &Connection, workspace: Option<&str>, wish: &Wish, source: &str) -> Result<Made, Refusal> {
    let required = filled(wish.cron_expr.clone()).zip(filled(wish.prompt.clone()));
    let (expression, prompt) = required.refuse(bad("cron_expr and prompt are required"))?;
    let timezone = filled(wish.timezone.clone()).unwrap_or_else(|| "UTC".to_owned());
    let made = Made { id: ids::fresh(), next_run_at: next_run(&checked(&expression, &timezone)?) };
    rows.prepare_cached(
        "INSERT INTO workspace_schedules
           (id, workspace_id, name, cron_expr, timezone, prompt, enabled, next_run_at, source, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
    )?
    .execute((
        &made.id,
        workspace,
        wish.name.as_deref().unwrap_or_default(),
        expression,
        timezone,
        unix_lines(prompt),
        wish.enabled.unwrap_or(true),
        &made.next_run_at,
        source,
        clock::now(),
    ))
    .refuse(broken("failed to create schedule"))?;
    Ok(made)
}

fn checked(expression: &str, timezone: &str) -> Result<Timetable, Refusal> {
    Timetable::parse(expression, timezone).map_err(|wrong| match wrong {
        Wrong::Zone => bad(&format!("invalid timezone: {timezone}")),
        _ => bad("invalid request body"),
    })
}

fn unix_lines(prompt: String) -> String {
    prompt.replace('\r', "")
}

pub(crate) async fn patch(
    access: Access,
    State(platform): App,
    Path((_, raw)): Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid JSON"))?;
    let ids = access.uuid().zip(ids::canonical(&raw));
    platform
        .write(move |rows, _| {
            let next = if wish.cron_expr.is_some() || wish.timezone.is_some() {
                let ids = ids.as_ref().refuse(missing("schedule not found"))?;
                Some(next_run_with(rows, ids, &wish)?)
            } else {
                None
            };
            let (workspace, id) = ids.refuse(broken("failed to update schedule"))?;
            let updated = rows
                .prepare_cached(
                    "UPDATE workspace_schedules SET name = coalesce(?3, name), cron_expr = coalesce(?4, cron_expr),
                       timezone = coalesce(?5, timezone), prompt = coalesce(?6, prompt),
                       enabled = coalesce(?7, enabled), next_run_at = coalesce(?8, next_run_at), updated_at = ?9
                     WHERE workspace_id = ?1 AND id = ?2",
                )?
                .execute((
                    workspace,
                    id,
                    wish.name,
                    wish.cron_expr,
                    wish.timezone,
                    wish.prompt.map(unix_lines),
                    wish.enabled,
                    next,
                    clock::now(),
                ))
                .refuse(broken("failed to update schedule"))?;
            done(updated, "updated", "schedule not found")
        })
        .await
}

/// Only a new expression or zone counts anew: one that is enabled again may be long due.
fn next_run_with(rows: &Connection, ids: &(String, String), wish: &Wish) -> Result<String, Refusal> {
    let mut kept =
        rows.prepare_cached("SELECT cron_expr, timezone FROM workspace_schedules WHERE workspace_id = ?1 AND id = ?2")?;
    let kept: Option<(String, String)> = kept.query_row(ids.clone(), |row| row.try_into()).optional()?;
    let (expression, timezone) = kept.refuse(missing("schedule not found"))?;
    let expression = wish.cron_expr.as_deref().unwrap_or(&expression);
    let timezone = wish.timezone.as_deref().unwrap_or(&timezone);
    Ok(next_run(&checked(expression, timezone)?))
}

pub(crate) async fn delete(access: Access, State(platform): App, Path((_, raw)): Path<(String, String)>) -> Answer {
    let ids = access.uuid().zip(ids::canonical(&raw)).refuse(broken("failed to delete schedule"))?;
    platform
        .write(move |rows, _| {
            let deleted = rows.execute("DELETE FROM workspace_schedules WHERE workspace_id = ?1 AND id = ?2", ids)?;
            done(deleted, "deleted", "schedule not found")
        })
        .await
}
