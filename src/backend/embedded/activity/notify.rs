//! POST /workspaces/{id}/notify: an agent tells its user something, perhaps with files. It's shown to
//! whoever watches, and kept as a message without a source.

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal, Refuse, bad, missing, ok};
use super::super::events;
use super::super::guard::Access;
use super::super::payload::{Payload, filled};
use super::super::platform::App;
use super::super::workspaces::row::Workspace;
use super::Entry;

/// What a summary says of a message, in bytes.
const IN_SUMMARY: usize = 80;

#[derive(Deserialize)]
struct Notice {
    message: Option<String>,
    attachments: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
struct Attachment {
    uri: Option<String>,
    name: Option<String>,
    #[serde(rename = "mimeType")]
    kind: Option<String>,
    size: Option<i64>,
}

pub(crate) async fn notify(access: Access, State(platform): App, payload: Payload) -> Answer {
    let notice: Notice = payload.json().refuse(bad("message is required"))?;
    let message = filled(notice.message).refuse(bad("message is required"))?;
    let files = files(notice.attachments.unwrap_or_default())?;
    let workspace = access.uuid().refuse(missing("workspace not found"))?;
    platform
        .write(move |rows, _| {
            let found = Workspace::find(rows, &workspace)?.filter(|found| !found.is_removed());
            let found = found.refuse(missing("workspace not found"))?;
            show(rows, &found, &message, &files)?;
            keep(rows, &found.id, &message, &files)?;
            ok(&json!({ "status": "sent" }))
        })
        .await
}

fn files(attachments: Vec<Attachment>) -> Result<Vec<Value>, Refusal> {
    let file = |(index, one): (usize, Attachment)| {
        let (uri, name) = filled(one.uri)
            .zip(filled(one.name))
            .refuse(bad(&format!("attachment[{index}]: uri and name are required")))?;
        let mut file = Map::from_iter([("uri".to_owned(), uri.into()), ("name".to_owned(), name.into())]);
        if let Some(kind) = filled(one.kind) {
            file.insert("mimeType".to_owned(), kind.into());
        }
        if let Some(size) = one.size.filter(|size| *size != 0) {
            file.insert("size".to_owned(), size.into());
        }
        Ok(Value::from(file))
    };
    attachments.into_iter().enumerate().map(file).collect()
}

fn show(rows: &Connection, from: &Workspace, message: &str, files: &[Value]) -> rusqlite::Result<()> {
    let mut payload = json!({ "message": message, "workspace_id": from.id, "name": from.name });
    if let (false, Some(payload)) = (files.is_empty(), payload.as_object_mut()) {
        payload.insert("attachments".to_owned(), files.into());
    }
    events::show(rows, "AGENT_MESSAGE", &from.id, &payload)
}

/// Where the summary's end would cut a character in two the platform loses the row.
fn keep(rows: &Connection, workspace: &str, message: &str, files: &[Value]) -> rusqlite::Result<()> {
    let summary = match message.len() > IN_SUMMARY {
        false => Some(message.to_owned()),
        true => message.get(..IN_SUMMARY).map(|start| format!("{start}...")),
    };
    let Some(summary) = summary else { return Ok(()) };
    let mut response = json!({ "result": message });
    if let (false, Some(response)) = (files.is_empty(), response.as_object_mut()) {
        let parts: Vec<Value> = files.iter().map(|file| json!({ "kind": "file", "file": file })).collect();
        response.insert("parts".to_owned(), parts.into());
    }
    Entry {
        workspace,
        kind: "a2a_receive",
        method: Some("notify"),
        summary: Some(&format!("Agent message: {summary}")),
        response: Some(&response),
        ..Entry::default()
    }
    .insert(rows)
}
