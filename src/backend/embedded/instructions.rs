//! Instructions: texts that every agent puts before its own, for the whole organisation or one workspace.
//! `resolve` is what an agent reads.

use axum::extract::{Path, State};
use rusqlite::{Connection, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, Refuse, bad, broken, created, done, ok};
use super::guard::{Access, Admin};
use super::payload::{Params, Payload, filled};
use super::platform::App;
use super::{clock, ids};

/// In bytes.
const LONGEST_TITLE: usize = 200;
const LONGEST_CONTENT: usize = 8192;

#[derive(Deserialize)]
struct Wish {
    scope: Option<String>,
    scope_target: Option<String>,
    title: Option<String>,
    content: Option<String>,
    priority: Option<i64>,
    enabled: Option<bool>,
}

impl Wish {
    fn check_lengths(&self) -> Result<(), Refusal> {
        let is_over = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.len() > most);
        match () {
            () if is_over(&self.title, LONGEST_TITLE) => Err(bad("title exceeds 200 chars")),
            () if is_over(&self.content, LONGEST_CONTENT) => Err(bad("content exceeds 8192 chars")),
            () => Ok(()),
        }
    }

    /// The database takes 32 bits.
    fn priority(&self, otherwise: Refusal) -> Result<Option<i32>, Refusal> {
        self.priority.map(i32::try_from).transpose().refuse(otherwise)
    }
}

/// What holds for a workspace, the organisation's first; or all of a scope, with those that are off.
pub(crate) async fn list(_: Admin, State(platform): App, params: Params) -> Answer {
    let given = |name| filled(params.get(name).map(str::to_owned));
    let (workspace, scope) = (given("workspace_id"), given("scope"));
    let found = platform.read(|rows| {
        Ok(match workspace {
            Some(workspace) => in_force(rows, &workspace, shown)?,
            None => of_scope(rows, scope.as_deref())?,
        })
    });
    ok(&found.await?)
}

fn of_scope(rows: &Connection, scope: Option<&str>) -> rusqlite::Result<Vec<Value>> {
    rows.prepare_cached(
        "SELECT * FROM instructions WHERE scope = coalesce(?1, scope)
         ORDER BY scope, priority DESC, created_at, rowid",
    )?
    .query_map([scope], shown)?
    .collect()
}

fn in_force<T>(rows: &Connection, workspace: &str, read: fn(&Row) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
    rows.prepare_cached(
        "SELECT * FROM instructions
         WHERE enabled AND (scope = 'global' OR (scope = 'workspace' AND scope_target = ?1))
         ORDER BY scope, priority DESC, created_at, rowid",
    )?
    .query_map([workspace], read)?
    .collect()
}

fn shown(row: &Row) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "scope": row.get::<_, String>("scope")?,
        "scope_target": row.get::<_, Option<String>>("scope_target")?,
        "title": row.get::<_, String>("title")?,
        "content": row.get::<_, String>("content")?,
        "priority": row.get::<_, i64>("priority")?,
        "enabled": row.get::<_, bool>("enabled")?,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
        "updated_at": clock::shown(&row.get::<_, String>("updated_at")?),
    }))
}

pub(crate) async fn create(_: Admin, State(platform): App, payload: Payload) -> Answer {
    let required = || bad("scope, title, and content are required");
    let wish: Wish = payload.json().refuse(required())?;
    let is_there = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if ![&wish.scope, &wish.title, &wish.content].into_iter().all(is_there) {
        return Err(required());
    }
    match wish.scope.as_deref() {
        Some("global") => {}
        Some("workspace") => {
            is_there(&wish.scope_target).then_some(()).refuse(bad("scope_target required for workspace scope"))?
        }
        _ => return Err(bad("scope must be global or workspace (team scope not yet supported)")),
    }
    wish.check_lengths()?;
    let priority = wish.priority(broken("insert failed"))?.unwrap_or(0);
    platform
        .write(move |rows, _| {
            let id = ids::fresh();
            rows.execute(
                "INSERT INTO instructions (id, scope, scope_target, title, content, priority, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                (&id, wish.scope, wish.scope_target, wish.title, wish.content, priority, clock::now()),
            )
            .refuse(broken("insert failed"))?;
            created(&json!({ "id": id }))
        })
        .await
}

/// Where it belongs stays.
pub(crate) async fn update(_: Admin, State(platform): App, Path(raw): Path<String>, payload: Payload) -> Answer {
    let wish: Wish = payload.json().refuse(bad("invalid request"))?;
    wish.check_lengths()?;
    let priority = wish.priority(broken("update failed"))?;
    let id = ids::canonical(&raw).refuse(broken("update failed"))?;
    platform
        .write(move |rows, _| {
            let updated = rows.execute(
                "UPDATE instructions SET title = coalesce(?2, title), content = coalesce(?3, content),
                   priority = coalesce(?4, priority), enabled = coalesce(?5, enabled), updated_at = ?6
                 WHERE id = ?1",
                (id, wish.title, wish.content, priority, wish.enabled, clock::now()),
            )?;
            done(updated, "updated", "instruction not found")
        })
        .await
}

pub(crate) async fn delete(_: Admin, State(platform): App, Path(raw): Path<String>) -> Answer {
    let id = ids::canonical(&raw).refuse(broken("delete failed"))?;
    platform
        .write(move |rows, _| {
            done(rows.execute("DELETE FROM instructions WHERE id = ?1", [id])?, "deleted", "instruction not found")
        })
        .await
}

/// Any text is taken for a workspace's id.
pub(crate) async fn resolve(access: Access, State(platform): App) -> Answer {
    let rules = platform.read(|rows| Ok(in_force(rows, &access.raw, Rule::read)?)).await?;
    ok(&json!({ "workspace_id": access.raw, "instructions": markdown(&rules) }))
}

struct Rule {
    is_global: bool,
    text: String,
}

impl Rule {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let (title, content): (String, String) = (row.get("title")?, row.get("content")?);
        let scope: String = row.get("scope")?;
        Ok(Self { is_global: scope == "global", text: format!("### {title}\n{content}\n\n") })
    }
}

fn markdown(rules: &[Rule]) -> String {
    let section = |heading: &str, is_global: bool| {
        let rules: String = rules.iter().filter(|rule| rule.is_global == is_global).map(|rule| &*rule.text).collect();
        if rules.is_empty() { rules } else { format!("\n## {heading}\n\n{rules}") }
    };
    section("Platform-Wide Rules", true) + &section("Role-Specific Rules", false)
}
