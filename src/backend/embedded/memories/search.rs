//! Listing memories, and searching them by words. A GLOBAL memory is shown wrapped in a line that says
//! whose it is.

use axum::extract::State;
use rusqlite::{Connection, named_params};
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, broken, ok};
use super::super::clock;
use super::super::guard::Access;
use super::super::payload::Params;
use super::super::platform::App;
use super::words;

const MOST: i64 = 50;

/// Which memories are asked for.
struct Search {
    workspace: String,
    seen_by: &'static str,
    namespace: String,
    text: Text,
    limit: i64,
}

enum Text {
    Any,
    /// Too short to be a word: looked for inside of words.
    Part(String),
    Words(String),
}

pub(crate) async fn search(access: Access, State(platform): App, params: Params) -> Answer {
    let workspace = access.uuid().refuse(broken("search failed"))?;
    let Some(text) = text(params.get("q").unwrap_or("")) else { return ok(&json!([])) };
    let search = Search {
        workspace,
        seen_by: visible(params.get("scope").unwrap_or("")),
        namespace: params.get("namespace").unwrap_or("").to_owned(),
        text,
        limit: params.integer("limit").filter(|limit| (1..=MOST).contains(limit)).unwrap_or(MOST),
    };
    ok(&platform.read(|rows| Ok(search.run(rows)?)).await?)
}

/// None where nothing can be found: only words that are everywhere.
fn text(query: &str) -> Option<Text> {
    match query.len() {
        0 => Some(Text::Any),
        1 => Some(Text::Part(query.to_owned())),
        _ => words::wanted(query).map(Text::Words),
    }
}

/// Without a scope, or with an unknown one, a workspace sees its own and nothing else.
fn visible(scope: &str) -> &'static str {
    match scope {
        "LOCAL" => "m.scope = 'LOCAL' AND m.workspace_id = :workspace",
        "TEAM" => {
            "m.scope = 'TEAM' AND m.workspace_id IN (
               SELECT w.id FROM workspaces w, (SELECT coalesce(
                 (SELECT parent_id FROM workspaces WHERE id = :workspace), :workspace) AS id) AS head
               WHERE w.status <> 'removed' AND (w.parent_id = head.id OR w.id = head.id))"
        }
        "GLOBAL" => "m.scope = 'GLOBAL' AND :workspace <> ''",
        _ => "m.workspace_id = :workspace",
    }
}

impl Search {
    fn run(&self, rows: &Connection) -> rusqlite::Result<Vec<Value>> {
        let (matching, order, text) = match &self.text {
            Text::Any => (":text = ''", "m.created_at DESC, m.rowid DESC", ""),
            Text::Part(part) => {
                ("m.content LIKE '%' || :text || '%'", "m.created_at DESC, m.rowid DESC", part.as_str())
            }
            Text::Words(words) => ("agent_memory_words MATCH :text", "w.rank, m.created_at DESC", words.as_str()),
        };
        let index = match self.text {
            Text::Words(_) => "JOIN agent_memory_words w ON w.rowid = m.rowid",
            Text::Any | Text::Part(_) => "",
        };
        rows.prepare_cached(&format!(
            "SELECT m.id, m.workspace_id, m.content, m.scope, m.namespace, m.created_at FROM agent_memories m {index}
             WHERE {matching} AND {} AND (:namespace = '' OR m.namespace = :namespace)
             ORDER BY {order} LIMIT :limit",
            self.seen_by
        ))?
        .query_map(
            named_params! {
                ":workspace": self.workspace,
                ":namespace": self.namespace,
                ":text": text,
                ":limit": self.limit,
            },
            listed,
        )?
        .collect()
    }
}

fn listed(row: &rusqlite::Row) -> rusqlite::Result<Value> {
    let (id, workspace): (String, String) = (row.get("id")?, row.get("workspace_id")?);
    let (content, scope): (String, String) = (row.get("content")?, row.get("scope")?);
    let content = match scope.as_str() {
        "GLOBAL" => format!("[MEMORY id={id} scope=GLOBAL from={workspace}]: {content}"),
        _ => content,
    };
    Ok(json!({
        "id": id,
        "workspace_id": workspace,
        "content": content,
        "scope": scope,
        "namespace": row.get::<_, String>("namespace")?,
        "created_at": clock::shown(&row.get::<_, String>("created_at")?),
    }))
}
