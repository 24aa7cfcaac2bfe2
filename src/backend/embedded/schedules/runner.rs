//! What runs schedules: a task that `serve` starts looks for what is due, sends each prompt to its agent,
//! and notes what came of it. A schedule is claimed by setting its next run in the transaction that
//! found it, so of several processes over the same rows one sends it.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, Row};
use serde_json::json;
use tokio::task::JoinSet;

use super::super::activity::Entry;
use super::super::answer::Refusal;
use super::super::platform::Platform;
use super::super::workspaces::row::Workspace;
use super::super::{a2a, clock, events};
use super::next_run;
use crate::timetable::Timetable;

/// How often a busy agent is looked at again before its run is skipped.
const PATIENCE: u32 = 10;

struct Due {
    id: String,
    workspace: String,
    name: String,
    expression: String,
    timezone: String,
    prompt: String,
}

enum Ran {
    Well,
    Badly(String),
    /// Its agent was busy all the time.
    NotAtAll,
}

/// Until it is dropped, and what it sends with it.
pub(crate) async fn keep_running(platform: Arc<Platform>) {
    let mut running = JoinSet::new();
    loop {
        tokio::time::sleep(platform.settings.schedule_poll).await;
        while running.try_join_next().is_some() {}
        match claim(&platform).await {
            Ok(due) => {
                for schedule in due {
                    running.spawn(run(Arc::clone(&platform), schedule));
                }
            }
            Err(refusal) => tracing::warn!(?refusal, "what is due couldn't be looked up"),
        }
    }
}

async fn claim(platform: &Arc<Platform>) -> Result<Vec<Due>, Refusal> {
    if platform.read(|rows| Ok(due(rows)?.is_empty())).await? {
        return Ok(Vec::new());
    }
    platform
        .write(|rows, _| {
            let due = due(rows)?;
            for schedule in &due {
                // one whose expression can't be read never comes again
                let next = Timetable::parse(&schedule.expression, &schedule.timezone).ok();
                rows.prepare_cached("UPDATE workspace_schedules SET next_run_at = ?2 WHERE id = ?1")?
                    .execute((&schedule.id, next.as_ref().map(next_run)))?;
            }
            Ok(due)
        })
        .await
}

/// A date that never comes is always due.
fn due(rows: &Connection) -> rusqlite::Result<Vec<Due>> {
    let found = |row: &Row| {
        Ok(Due {
            id: row.get(0)?,
            workspace: row.get(1)?,
            name: row.get(2)?,
            expression: row.get(3)?,
            timezone: row.get(4)?,
            prompt: row.get(5)?,
        })
    };
    rows.prepare_cached(
        "SELECT s.id, s.workspace_id, s.name, s.cron_expr, s.timezone, s.prompt
         FROM workspace_schedules s JOIN workspaces w ON w.id = s.workspace_id AND w.status <> 'removed'
         WHERE s.enabled AND s.next_run_at <= ?1 ORDER BY s.next_run_at",
    )?
    .query_map([clock::now()], found)?
    .collect()
}

async fn run(platform: Arc<Platform>, schedule: Due) {
    let began = Instant::now();
    let ran = match wait_for_room(&platform, &schedule.workspace).await {
        Ok(true) => match a2a::deliver(&platform, &schedule.workspace, &schedule.prompt).await {
            Ok(()) => Ran::Well,
            Err(reason) => Ran::Badly(reason),
        },
        Ok(false) => Ran::NotAtAll,
        Err(refusal) => Ran::Badly(refusal.reason().to_owned()),
    };
    let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    if let Err(refusal) = platform.write(move |rows, _| Ok(schedule.note(rows, &ran, took)?)).await {
        tracing::warn!(?refusal, "what came of a schedule couldn't be noted");
    }
}

async fn wait_for_room(platform: &Arc<Platform>, workspace: &str) -> Result<bool, Refusal> {
    for _ in 0..PATIENCE {
        let found = platform.read(|rows| Ok(Workspace::find(rows, workspace)?)).await?;
        if found.is_none_or(|found| found.active_tasks < found.max_concurrent_tasks) {
            return Ok(true);
        }
        tokio::time::sleep(platform.settings.schedule_poll).await;
    }
    Ok(false)
}

impl Due {
    fn note(&self, rows: &Connection, ran: &Ran, took: i64) -> rusqlite::Result<()> {
        let (status, error) = match ran {
            Ran::Well => ("ok", None),
            Ran::Badly(reason) => ("error", Some(reason.as_str())),
            Ran::NotAtAll => ("skipped", Some("workspace busy")),
        };
        rows.prepare_cached(
            "UPDATE workspace_schedules SET last_run_at = ?2, run_count = run_count + 1, last_status = ?3,
               last_error = ?4, updated_at = ?2
             WHERE id = ?1",
        )?
        .execute((&self.id, clock::now(), status, error.unwrap_or_default()))?;
        self.log(rows, status, error, took)?;
        let mut told = json!({ "schedule_id": self.id, "schedule_name": self.name });
        let (event, member, value) = match ran {
            Ran::NotAtAll => ("CRON_SKIPPED", "reason", error.unwrap_or_default()),
            _ => ("CRON_EXECUTED", "status", status),
        };
        if let Some(told) = told.as_object_mut() {
            told.insert(member.to_owned(), value.into());
        }
        events::tell(rows, event, &self.workspace, &told)
    }

    fn log(&self, rows: &Connection, status: &str, error: Option<&str>, took: i64) -> rusqlite::Result<()> {
        let request = json!({
            "schedule_id": self.id,
            "schedule_name": self.name,
            "cron_expr": self.expression,
            "prompt": self.prompt,
        });
        let entry = Entry {
            workspace: &self.workspace,
            kind: "cron_run",
            method: Some("cron"),
            summary: Some(&format!("Cron: {}", self.name)),
            request: Some(&request),
            duration_ms: Some(took),
            status,
            error,
            ..Entry::default()
        };
        entry.log(rows)
    }
}
