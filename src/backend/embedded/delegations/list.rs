//! GET /workspaces/{id}/delegations: requests and results mixed, newest first. The result of a failed one
//! doesn't say whose it is.

use axum::extract::State;
use rusqlite::Row;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refuse, broken, ok};
use super::super::clock;
use super::super::guard::Access;
use super::super::platform::App;
use super::rows::shortened;

const LONGEST_PREVIEW: usize = 300;

pub(crate) async fn list(access: Access, State(platform): App) -> Answer {
    let id = access.uuid().refuse(broken("query failed"))?;
    let listed = platform
        .read(|rows| {
            let mut newest = rows.prepare_cached(
                "SELECT id, source_id, coalesce(target_id, '') AS target_id, summary, status, created_at, error_detail,
                   coalesce(json_extract(request_body, '$.delegation_id'),
                     json_extract(response_body, '$.delegation_id')) AS delegation_id,
                   coalesce(json_extract(response_body, '$.text'), response_body) AS preview
                 FROM activity_logs WHERE workspace_id = ?1 AND activity_type = 'delegation'
                 ORDER BY created_at DESC, rowid DESC LIMIT 50",
            )?;
            let listed = newest.query_map([id], listed)?;
            Ok(listed.collect::<Result<Vec<Value>, _>>()?)
        })
        .await?;
    ok(&listed)
}

fn listed(row: &Row) -> rusqlite::Result<Value> {
    let text = |name: &str| row.get::<_, Option<String>>(name);
    let mut entry = json!({
        "id": text("id")?,
        "type": "delegation",
        "source_id": text("source_id")?,
        "target_id": text("target_id")?,
        "summary": text("summary")?,
        "status": text("status")?,
        "created_at": clock::shown_or_null(text("created_at")?),
    });
    let preview = text("preview")?.map(|preview| shortened(&preview, LONGEST_PREVIEW));
    let optional =
        [("delegation_id", text("delegation_id")?), ("error", text("error_detail")?), ("response_preview", preview)];
    for (name, value) in optional {
        if let (Some(value), Some(entry)) = (value.filter(|value| !value.is_empty()), entry.as_object_mut()) {
            entry.insert(name.to_owned(), value.into());
        }
    }
    Ok(entry)
}
