//! What an agent says of its own session, asked at the address in its card. The platform sends the
//! caller's bearer along, whoever the caller is: so does this tenant, because a client must know it.
//! Traces are kept elsewhere, and there is no elsewhere here.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use reqwest::Url;
use serde_json::Value;

use super::super::answer::{Answer, Refusal, Refuse, bad, missing, ok, refused_with, with_type};
use super::super::guard::Access;
use super::super::payload::{Params, filled};
use super::super::platform::App;
use super::super::workspaces::row::Workspace;

const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: usize = 1 << 20;
/// Where a cloud machine reads its own credentials.
const METADATA: &str = "169.254.";

pub(crate) async fn traces(_: Access) -> Answer {
    ok(&Vec::<Value>::new())
}

pub(crate) async fn transcript(access: Access, State(platform): App, params: Params) -> Answer {
    let id = access.uuid().refuse(missing("workspace not found"))?;
    let found = platform.read(|rows| Ok(Workspace::find(rows, &id)?)).await?;
    let url = address(&found.refuse(missing("workspace not found"))?, &params)?;
    let unreachable = || refused_with(StatusCode::BAD_GATEWAY, "workspace unreachable");
    let client = platform.agents.client().await.refuse(unreachable())?;
    let mut request = client.get(url).timeout(PATIENCE);
    if let Some(bearer) = &access.bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    passed_on(request.send().await.refuse(unreachable())?).await
}

/// The origin of the card's address, and of the query only what pages through a transcript.
fn address(workspace: &Workspace, params: &Params) -> Result<Url, Refusal> {
    let card = workspace.agent_card.get("url").and_then(Value::as_str);
    let card = card.refuse(missing("workspace not found"))?;
    if card.is_empty() {
        return Err(refused_with(StatusCode::SERVICE_UNAVAILABLE, "workspace not registered (no URL on file)"));
    }
    let mut url = Url::parse(card).refuse(bad("invalid workspace URL"))?;
    let host = url.host_str().unwrap_or_default();
    let allowed = matches!(url.scheme(), "http" | "https") && !host.is_empty() && !host.starts_with(METADATA);
    allowed.then_some(()).refuse(bad("workspace URL not allowed"))?;
    url.set_path("/transcript");
    url.set_fragment(None);
    url.set_query(None);
    for name in ["since", "limit"] {
        if let Some(value) = filled(params.get(name).map(str::to_owned)) {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    Ok(url)
}

/// Its status, type and bytes, up to a length.
async fn passed_on(answer: reqwest::Response) -> Result<Response, Refusal> {
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let mut bytes = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= LONGEST {
            bytes.truncate(LONGEST);
            break;
        }
    }
    let kind = kind.unwrap_or_else(|| HeaderValue::from_static("application/json"));
    Ok(with_type(status, kind, bytes.into()))
}
