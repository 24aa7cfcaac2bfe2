//! A workspace as it lies in the database and as the list and the single answer show it: two shapes,
//! each with fields that the other lacks.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::answer::number;
use super::super::{clock, ids};

/// In the order in which `Workspace::read` takes them: looking a column up by its name is most of the
/// cost of a list.
pub(crate) const COLUMNS: &str = "id, name, role, tier, status, runtime, url, parent_id, agent_card, active_tasks,
    max_concurrent_tasks, uptime_seconds, last_error_rate, x, y, collapsed, last_sample_error, current_task,
    workspace_dir, budget_limit, monthly_spend, last_outbound_at";

#[derive(Serialize)]
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
    pub(crate) max_concurrent_tasks: i64,
    uptime_seconds: i64,
    #[serde(serialize_with = "as_number")]
    last_error_rate: f64,
    #[serde(serialize_with = "as_number")]
    x: f64,
    #[serde(serialize_with = "as_number")]
    y: f64,
    collapsed: bool,
    #[serde(skip)]
    in_list: InList,
    #[serde(skip)]
    last_outbound_at: Option<String>,
}

#[derive(Serialize, Default)]
struct InList {
    last_sample_error: String,
    current_task: String,
    workspace_dir: Option<String>,
    budget_limit: Option<i64>,
    monthly_spend: i64,
}

/// As in the list.
#[derive(Serialize)]
pub(crate) struct Listed {
    #[serde(flatten)]
    workspace: Workspace,
    #[serde(flatten)]
    in_list: InList,
}

/// As on its own.
#[derive(Serialize)]
pub(crate) struct Single {
    #[serde(flatten)]
    workspace: Workspace,
    last_outbound_at: Option<String>,
}

impl Workspace {
    /// From a row of `COLUMNS`.
    pub(crate) fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            role: row.get(2)?,
            tier: row.get(3)?,
            status: row.get(4)?,
            runtime: row.get(5)?,
            url: row.get(6)?,
            parent_id: row.get(7)?,
            agent_card: json(row.get(8)?).unwrap_or_default(),
            active_tasks: row.get(9)?,
            max_concurrent_tasks: row.get(10)?,
            uptime_seconds: row.get(11)?,
            last_error_rate: row.get(12)?,
            x: row.get(13)?,
            y: row.get(14)?,
            collapsed: row.get(15)?,
            in_list: InList {
                last_sample_error: row.get(16)?,
                current_task: row.get(17)?,
                workspace_dir: row.get(18)?,
                budget_limit: row.get(19)?,
                monthly_spend: row.get(20)?,
            },
            last_outbound_at: row.get(21)?,
        })
    }

    pub(crate) fn listed(mut self) -> Listed {
        let in_list = std::mem::take(&mut self.in_list);
        Listed { workspace: self, in_list }
    }

    pub(crate) fn single(mut self) -> Single {
        let last_outbound_at = clock::shown_or_null(self.last_outbound_at.take());
        Single { workspace: self, last_outbound_at }
    }

    pub(crate) fn find(rows: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        rows.prepare_cached(&format!("SELECT {COLUMNS} FROM workspaces WHERE id = ?1"))?
            .query_row([id], Self::read)
            .optional()
    }

    pub(crate) fn current_task(&self) -> &str {
        &self.in_list.current_task
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.status == "removed"
    }
}

/// A column that holds JSON; text that isn't any more is shown as text.
pub(crate) fn json(text: Option<String>) -> Option<Value> {
    text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn as_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    number(*value).serialize(serializer)
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
