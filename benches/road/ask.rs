//! What is asked for, in the tenant's words and in the protocol's of both eras.

use serde_json::{Value, json};

const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// One piece of work as a tool call and as the request that it comes down to.
pub struct Ask {
    pub tool: &'static str,
    pub arguments: Value,
    pub method: &'static str,
    pub path: String,
    /// A right answer holds it.
    pub proof: String,
}

impl Ask {
    /// The read: one request, a kilobyte back.
    pub fn workspace(id: &str) -> Self {
        Self {
            tool: "get_workspace",
            arguments: json!({ "workspace_id": id }),
            method: "GET",
            path: format!("/workspaces/{id}"),
            proof: id.to_owned(),
        }
    }

    /// The mutation: the one tool that changes something with a single request and writes no file.
    pub fn revoke(workspace: &str, token: &str) -> Self {
        Self {
            tool: "revoke_workspace_token",
            arguments: json!({ "workspace_id": workspace, "token_id": token }),
            method: "DELETE",
            path: format!("/workspaces/{workspace}/tokens/{token}"),
            proof: "revoked".to_owned(),
        }
    }

    pub fn params(&self) -> Value {
        json!({ "name": self.tool, "arguments": self.arguments })
    }

    pub fn is_answered_by(&self, answer: &[u8]) -> bool {
        holds(answer, self.proof.as_bytes()) && !holds(answer, b"\"isError\":true")
    }
}

pub fn holds(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

pub fn message(id: Option<u64>, method: &str, params: &Value) -> String {
    match id {
        Some(id) => format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#),
        None => format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#),
    }
}

/// As the revision without `initialize` wants it in each request.
pub fn modern(mut params: Value) -> Value {
    if let Some(fields) = params.as_object_mut() {
        fields.insert(
            "_meta".into(),
            json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "road", "version": "1" },
            }),
        );
    }
    params
}

/// What that revision wants repeated over HTTP.
pub fn modern_headers(method: &str, params: &Value) -> String {
    let name = params.get("name").and_then(Value::as_str).map(|name| format!("mcp-name: {name}\r\n"));
    format!("mcp-protocol-version: {MODERN}\r\nmcp-method: {method}\r\n{}", name.unwrap_or_default())
}

pub fn legacy_headers(session: &str) -> String {
    format!("mcp-protocol-version: {LEGACY}\r\nmcp-session-id: {session}\r\n")
}

pub fn initialize() -> Value {
    json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "road", "version": "1" } })
}
