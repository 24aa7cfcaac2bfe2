//! A workspace as it lies in the database and as the list and the single answer show it: two shapes,
//! each with fields that the other lacks.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::super::answer::number;
use super::super::{clock, ids};

pub(crate) const COLUMNS: &str = "id, name, role, tier, status, runtime, url, parent_id, agent_card, active_tasks,
    max_concurrent_tasks, uptime_seconds, last_error_rate, last_sample_error, current_task, workspace_dir,
    budget_limit, monthly_spend, x, y, collapsed, last_outbound_at";

pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Option<String>,
    pub(crate) tier: i64,
    pub(crate) status: String,
    pub(crate) runtime: String,
    pub(crate) url: String,
    pub(crate) parent_id: Option<String>,
    pub(crate) agent_card: Value,
    pub(crate) active_tasks: i64,
    max_concurrent_tasks: i64,
    uptime_seconds: i64,
    last_error_rate: f64,
    last_sample_error: String,
    current_task: String,
    workspace_dir: Option<String>,
    budget_limit: Option<i64>,
    monthly_spend: i64,
    x: f64,
    y: f64,
    collapsed: bool,
    last_outbound_at: Option<String>,
}

impl Workspace {
    /// From a row of `COLUMNS`.
    pub(crate) fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            role: row.get("role")?,
            tier: row.get("tier")?,
            status: row.get("status")?,
            runtime: row.get("runtime")?,
            url: row.get("url")?,
            parent_id: row.get("parent_id")?,
            agent_card: json_column(row, "agent_card")?.unwrap_or_default(),
            active_tasks: row.get("active_tasks")?,
            max_concurrent_tasks: row.get("max_concurrent_tasks")?,
            uptime_seconds: row.get("uptime_seconds")?,
            last_error_rate: row.get("last_error_rate")?,
            last_sample_error: row.get("last_sample_error")?,
            current_task: row.get("current_task")?,
            workspace_dir: row.get("workspace_dir")?,
            budget_limit: row.get("budget_limit")?,
            monthly_spend: row.get("monthly_spend")?,
            x: row.get("x")?,
            y: row.get("y")?,
            collapsed: row.get("collapsed")?,
            last_outbound_at: row.get("last_outbound_at")?,
        })
    }

    pub(crate) fn find(rows: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        rows.prepare_cached(&format!("SELECT {COLUMNS} FROM workspaces WHERE id = ?1"))?
            .query_row([id], Self::read)
            .optional()
    }

    /// As in the list.
    pub(crate) fn listed(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "role": self.role, "tier": self.tier, "status": self.status,
            "runtime": self.runtime, "url": self.url, "parent_id": self.parent_id, "agent_card": self.agent_card,
            "active_tasks": self.active_tasks, "max_concurrent_tasks": self.max_concurrent_tasks,
            "uptime_seconds": self.uptime_seconds, "last_error_rate": number(self.last_error_rate),
            "last_sample_error": self.last_sample_error, "current_task": self.current_task,
            "workspace_dir": self.workspace_dir, "budget_limit": self.budget_limit,
            "monthly_spend": self.monthly_spend, "x": number(self.x), "y": number(self.y),
            "collapsed": self.collapsed,
        })
    }

    /// As on its own.
    pub(crate) fn single(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "role": self.role, "tier": self.tier, "status": self.status,
            "runtime": self.runtime, "url": self.url, "parent_id": self.parent_id, "agent_card": self.agent_card,
            "active_tasks": self.active_tasks, "max_concurrent_tasks": self.max_concurrent_tasks,
            "uptime_seconds": self.uptime_seconds, "last_error_rate": number(self.last_error_rate),
            "last_outbound_at": clock::shown_or_null(self.last_outbound_at.clone()),
            "x": number(self.x), "y": number(self.y), "collapsed": self.collapsed,
        })
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.status == "removed"
    }
}

/// A column that holds JSON; text that isn't any more is shown as text.
pub(crate) fn json_column(row: &Row, name: &str) -> rusqlite::Result<Option<Value>> {
    let text: Option<String> = row.get(name)?;
    Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

pub(crate) fn exists(rows: &Connection, id: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM workspaces WHERE id = ?1)")?.query_row([id], |row| row.get(0))
}

/// The living directly below it, oldest first, with their names.
pub(crate) fn living_children(rows: &Connection, id: &str) -> rusqlite::Result<Vec<(String, String)>> {
    rows.prepare_cached(
        "SELECT id, name FROM workspaces WHERE parent_id = ?1 AND status <> 'removed' ORDER BY created_at, rowid",
    )?
    .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// The living below it, nearest first; not through one that is removed already.
pub(crate) fn descendants(rows: &Connection, id: &str) -> rusqlite::Result<Vec<String>> {
    // UNION rather than UNION ALL: a patch may have made a cycle
    rows.prepare_cached(
        "WITH RECURSIVE below(id) AS (
           SELECT id FROM workspaces WHERE parent_id = ?1 AND status <> 'removed'
           UNION
           SELECT w.id FROM workspaces w JOIN below ON w.parent_id = below.id WHERE w.status <> 'removed')
         SELECT id FROM below WHERE id <> ?1",
    )?
    .query_map([id], |row| row.get(0))?
    .collect()
}

/// What a new row is made from.
pub(crate) struct NewWorkspace<'a> {
    pub(crate) id: String,
    pub(crate) name: &'a str,
    pub(crate) role: Option<&'a str>,
    pub(crate) tier: i64,
    pub(crate) status: &'a str,
    pub(crate) runtime: &'a str,
    pub(crate) external: bool,
    pub(crate) url: &'a str,
    pub(crate) parent_id: Option<&'a str>,
    pub(crate) workspace_dir: Option<&'a str>,
    pub(crate) workspace_access: &'a str,
    pub(crate) budget_limit: Option<i64>,
    pub(crate) max_concurrent_tasks: i64,
    pub(crate) place: (f64, f64),
}

impl NewWorkspace<'_> {
    pub(crate) fn named(name: &str) -> NewWorkspace<'_> {
        NewWorkspace {
            id: ids::fresh(),
            name,
            role: None,
            tier: 3,
            status: "provisioning",
            runtime: "langgraph",
            external: false,
            url: "",
            parent_id: None,
            workspace_dir: None,
            workspace_access: "none",
            budget_limit: None,
            max_concurrent_tasks: 1,
            place: (0.0, 0.0),
        }
    }

    pub(crate) fn insert(&self, rows: &Connection) -> rusqlite::Result<()> {
        rows.prepare_cached(
            "INSERT INTO workspaces (id, name, role, tier, status, runtime, external, url, parent_id, workspace_dir,
               workspace_access, budget_limit, max_concurrent_tasks, x, y, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(rusqlite::params![
            self.id,
            self.name,
            self.role.filter(|role| !role.is_empty()),
            self.tier,
            self.status,
            self.runtime,
            self.external,
            self.url,
            self.parent_id,
            self.workspace_dir,
            self.workspace_access,
            self.budget_limit,
            self.max_concurrent_tasks.max(1),
            self.place.0,
            self.place.1,
            clock::now(),
        ])?;
        Ok(())
    }
}
