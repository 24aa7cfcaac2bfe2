//! What the maker of an external workspace is told once: its token, and how an agent registers.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

const CURL: &str = include_str!("register.sh.txt");
const PYTHON: &str = include_str!("register.py.txt");

pub(crate) fn snippets(platform_url: &str, workspace: &str, token: &str) -> Value {
    let fill = |text: &str| text.replace("{platform}", platform_url).replace("{workspace}", workspace);
    json!({
        "workspace_id": workspace,
        "platform_url": platform_url,
        "auth_token": token,
        "registry_endpoint": format!("{platform_url}/registry/register"),
        "heartbeat_endpoint": format!("{platform_url}/registry/heartbeat"),
        "curl_register_template": fill(CURL),
        "python_snippet": fill(PYTHON),
    })
}

/// Where the caller reached the tenant, as the caller (or its proxy) says.
pub(crate) fn platform_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("x-forwarded-host").or_else(|| text(header::HOST.as_str())).unwrap_or("localhost");
    let scheme = text("x-forwarded-proto").unwrap_or("http");
    format!("{scheme}://{host}")
}
