//! Files that people and agents hand each other in a conversation: into a container as a form, out of it
//! as bytes. Without a running container there is neither.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::{Answer, Refusal, Refuse, bad, broken, missing, ok, refused_with};
use super::super::guard::Access;
use super::super::ids;
use super::super::payload::{Params, filled};
use super::super::platform::{App, Platform};
use super::{container, paths};

const LARGEST_FILE: usize = 25 << 20;
const LARGEST_FORM: usize = 50 << 20;
const LONGEST_NAME: usize = 100;
const UPLOADS: (&str, &str) = ("/workspace", ".molecule/chat-uploads");

struct Attachment {
    name: String,
    kind: String,
    content: Bytes,
}

pub(crate) async fn upload(access: Access, State(platform): App, request: Request) -> Answer {
    let workspace = ids::checked(&access.raw)?;
    let attachments = attachments(request).await.refuse(bad("failed to parse multipart form"))?;
    if attachments.is_empty() {
        return Err(bad("expected at least one 'files' field"));
    }
    platform
        .write(move |rows, platform| {
            must_run(rows, platform, &workspace)?;
            let stored: Result<Vec<Value>, Refusal> =
                attachments.iter().map(|attachment| store(rows, &workspace, attachment)).collect();
            ok(&json!({ "files": stored? }))
        })
        .await
}

/// What a form has under `files`; none where it isn't a form, or too large a one.
async fn attachments(request: Request) -> Option<Vec<Attachment>> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let (mut attachments, mut size) = (Vec::new(), 0);
    while let Some(field) = form.next_field().await.ok()? {
        let is_wanted = field.name() == Some("files");
        let name = field.file_name().map(str::to_owned);
        let kind = field.content_type().unwrap_or_default().to_owned();
        let content = field.bytes().await.ok()?;
        size += content.len();
        if size > LARGEST_FORM {
            return None;
        }
        if let (true, Some(name)) = (is_wanted, name) {
            attachments.push(Attachment { name, kind, content });
        }
    }
    Some(attachments)
}

fn store(rows: &Connection, workspace: &str, attachment: &Attachment) -> Result<Value, Refusal> {
    let Attachment { name, kind, content } = attachment;
    if content.len() > LARGEST_FILE {
        let told = format!("{name} exceeds per-file limit (25 MB)");
        return Err(refused_with(StatusCode::PAYLOAD_TOO_LARGE, &told));
    }
    let name = harmless(name);
    let (root, folder) = UPLOADS;
    let path = format!("{folder}/{}-{name}", Uuid::new_v4().simple());
    container::write(rows, workspace, root, &path, content)?;
    let mut stored = json!({ "uri": format!("workspace:{root}/{path}"), "name": name, "size": content.len() });
    let kind = filled(Some(kind.clone())).or_else(|| kind_of(&name).map(str::to_owned));
    if let (Some(kind), Some(stored)) = (kind, stored.as_object_mut()) {
        stored.insert("mimeType".to_owned(), kind.into());
    }
    Ok(stored)
}

/// The last part of a name, in characters that no shell and no header minds.
fn harmless(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let plain: String = last.chars().map(|c| if is_plain(c) { c } else { '_' }).take(LONGEST_NAME).collect();
    if matches!(plain.as_str(), "" | "." | "..") { "file".to_owned() } else { plain }
}

pub(crate) async fn download(access: Access, State(platform): App, params: Params) -> Answer {
    let workspace = ids::checked(&access.raw)?;
    let path = params.get("path").filter(|path| !path.is_empty()).refuse(bad("path query required"))?;
    if !path.starts_with('/') {
        return Err(bad("path must be absolute"));
    }
    let (root, rest) = paths::split(path)?;
    let content = platform
        .read(|rows| {
            must_run(rows, &platform, &workspace)?;
            match container::read(rows, &workspace, root, rest)? {
                Some(content) => Ok(content),
                None if is_folder(rows, &workspace, root, rest)? => Err(bad("path is not a regular file")),
                None => Err(missing("file not found")),
            }
        })
        .await?;
    attached(path, content)
}

fn must_run(rows: &Connection, platform: &Platform, workspace: &str) -> Result<(), Refusal> {
    container::is_running(rows, platform, workspace)?.then_some(()).ok_or_else(container::not_running)
}

/// A root is always there.
fn is_folder(rows: &Connection, workspace: &str, root: &str, path: &str) -> rusqlite::Result<bool> {
    let prefix = format!("{path}/");
    let any_below = || Ok(container::sizes(rows, workspace, root)?.iter().any(|(path, _)| path.starts_with(&prefix)));
    if path.is_empty() { Ok(true) } else { any_below() }
}

fn attached(path: &str, content: Vec<u8>) -> Answer {
    let name = path.rsplit('/').next().unwrap_or_default();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{}\"", harmless(name)));
    let disposition = disposition.refuse(broken("failed to read file"))?;
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind_of(name).unwrap_or("application/octet-stream"))),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from(content)).into_response())
}

/// By its name's ending, for what is common in a conversation.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "css" => "text/css; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "gif" => "image/gif",
        "htm" | "html" => "text/html; charset=utf-8",
        "jpeg" | "jpg" => "image/jpeg",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "md" => "text/markdown; charset=utf-8",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "xml" => "text/xml; charset=utf-8",
        _ => return None,
    })
}
