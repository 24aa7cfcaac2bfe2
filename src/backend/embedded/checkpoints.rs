//! How far a workspace's workflows have come: one row a step, written again when the step is repeated.
//! `latest` in the place of a workflow is the newest step of all, so a workflow of that name can't be
//! listed, as on the platform.

use axum::extract::{Path, State};
use rusqlite::{Connection, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, created, missing, ok};
use super::guard::Access;
use super::payload::{Payload, filled};
use super::platform::App;
use super::workspaces::row;
use super::{clock, ids};

#[derive(Deserialize)]
struct Step {
    workflow_id: Option<String>,
    step_name: Option<String>,
    step_index: Option<i64>,
    payload: Option<Value>,
}

pub(crate) async fn save(access: Access, State(platform): App, payload: Payload) -> Answer {
    let step: Step = payload.json().refuse(bad("invalid request body"))?;
    let names = filled(step.workflow_id).zip(filled(step.step_name));
    let (workflow, name) = names.refuse(bad("invalid request body"))?;
    let failed = || broken("failed to upsert checkpoint");
    let index = i32::try_from(step.step_index.unwrap_or(0)).refuse(failed())?;
    let kept = step.payload.map(|payload| payload.to_string());
    // the platform's database holds no NUL
    let has_nul = [&workflow, &name].into_iter().any(|text| text.contains('\0'))
        || kept.as_ref().is_some_and(|payload| payload.contains("\\u0000"));
    let workspace = access.uuid().filter(|_| !has_nul).refuse(failed())?;
    platform
        .write(move |rows, _| {
            let id: String = rows
                .prepare_cached(
                    "INSERT INTO workflow_checkpoints
                       (id, workspace_id, workflow_id, step_name, step_index, payload, completed_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (workspace_id, workflow_id, step_name) DO UPDATE SET
                       step_index = excluded.step_index, payload = excluded.payload, completed_at = excluded.completed_at
                     RETURNING id",
                )?
                .query_row((ids::fresh(), &workspace, &workflow, &name, index, kept, clock::now()), |row| row.get(0))
                .refuse(failed())?;
            created(&json!({ "id": id, "workspace_id": workspace, "workflow_id": workflow, "step_name": name }))
        })
        .await
}

pub(crate) async fn show(access: Access, State(platform): App, Path((_, workflow)): Path<(String, String)>) -> Answer {
    match workflow.as_str() {
        "latest" => {
            let workspace = access.uuid().refuse(broken("failed to fetch latest checkpoint"))?;
            let newest = "ORDER BY completed_at DESC, rowid DESC LIMIT 1";
            let steps = platform.read(|rows| steps(rows, &workspace, None, newest)).await?;
            ok(steps.first().refuse(missing("no checkpoints found for workspace"))?)
        }
        _ => {
            let workspace = access.uuid().refuse(broken("failed to list checkpoints"))?;
            let furthest = "ORDER BY step_index DESC, completed_at DESC";
            let steps = platform.read(|rows| steps(rows, &workspace, Some(&workflow), furthest)).await?;
            if steps.is_empty() { Err(none_of_workflow()) } else { ok(&steps) }
        }
    }
}

fn steps(rows: &Connection, workspace: &str, workflow: Option<&str>, order: &str) -> Result<Vec<Value>, Refusal> {
    let mut found = rows.prepare_cached(&format!(
        "SELECT id, workspace_id, workflow_id, step_name, step_index, completed_at, payload
         FROM workflow_checkpoints WHERE workspace_id = ?1 AND workflow_id = coalesce(?2, workflow_id) {order}"
    ))?;
    let found = found.query_map((workspace, workflow), listed)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn listed(stored: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": stored.get::<_, String>("id")?,
        "workspace_id": stored.get::<_, String>("workspace_id")?,
        "workflow_id": stored.get::<_, String>("workflow_id")?,
        "step_name": stored.get::<_, String>("step_name")?,
        "step_index": stored.get::<_, i64>("step_index")?,
        "completed_at": clock::shown(&stored.get::<_, String>("completed_at")?),
        "payload": row::json(stored.get("payload")?),
    }))
}

fn none_of_workflow() -> Refusal {
    missing("no checkpoints found for workflow")
}

pub(crate) async fn delete(
    access: Access,
    State(platform): App,
    Path((_, workflow)): Path<(String, String)>,
) -> Answer {
    let workspace = access.uuid().refuse(broken("failed to delete checkpoints"))?;
    platform
        .write(move |rows, _| {
            let deleted = rows.execute(
                "DELETE FROM workflow_checkpoints WHERE workspace_id = ?1 AND workflow_id = ?2",
                (workspace, &workflow),
            )?;
            match deleted {
                0 => Err(none_of_workflow()),
                _ => ok(&json!({ "deleted": deleted, "workflow_id": workflow })),
            }
        })
        .await
}
