//! The little agent that answered the recorded tenants on port 19999: the first words that it's told
//! choose what it does. The port is in the recordings, so one agent serves the whole process.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::panic::resume_unwind;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

static STARTED: Once = Once::new();

/// Starts it where it doesn't run yet. Where the port is taken, another process serves the same agent.
pub(super) fn start() {
    STARTED.call_once(|| {
        let Ok(listener) = TcpListener::bind("127.0.0.1:19999") else { return };
        thread::spawn(|| serve(listener));
    });
}

fn serve(listener: TcpListener) {
    listener.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let router = Router::new()
            .route("/transcript", get(transcript))
            .route("/health", get(async || answer(200, &json!({ "status": "ok" }))))
            .fallback(get(async || answer(404, &json!({ "status": "ok" }))).post(message));
        axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await.unwrap();
    });
}

fn answer(status: u16, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::from_u16(status).unwrap(), kind, body.to_string()).into_response()
}

async fn transcript(Query(query): Query<BTreeMap<String, String>>, headers: HeaderMap) -> Response {
    let told = json!({
        "supported": true,
        "runtime": "echo",
        "lines": [{ "type": "user", "text": "hi" }],
        "cursor": 1,
        "more": false,
        "query": query,
        "authorized": headers.contains_key(header::AUTHORIZATION),
    });
    answer(200, &told)
}

async fn message(headers: HeaderMap, body: Bytes) -> Response {
    let Ok(asked) = serde_json::from_slice::<Value>(&body) else {
        return answer(400, &json!({ "error": "not JSON" }));
    };
    let text = asked["params"]["message"]["parts"][0]["text"].as_str().unwrap_or_default();
    let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
    let mut result = json!({
        "kind": "message",
        "role": "agent",
        "messageId": "echo-1",
        "parts": [{ "kind": "text", "text": format!("echo: {text}") }],
    });
    match word {
        "sleep" => tokio::time::sleep(Duration::from_secs_f64(argument.parse().unwrap_or(1.0))).await,
        "status" => {
            return answer(argument.parse().unwrap(), &json!({ "error": format!("agent says {argument}") }));
        }
        "objstatus" => {
            let code: u16 = argument.parse().unwrap();
            return answer(code, &json!({ "error": { "code": code } }));
        }
        "rpcerror" => {
            let error = json!({ "code": -32603, "message": "agent failed" });
            return answer(200, &json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }));
        }
        "garbage" => return "plain words".into_response(),
        "empty" => return ().into_response(),
        "redirect" => {
            let elsewhere = [(header::LOCATION, "http://127.0.0.1:19999/nowhere")];
            return (StatusCode::FOUND, elsewhere, "").into_response();
        }
        // unwinding without a panic's words: the connection is dropped with the task that held it
        "drop" => resume_unwind(Box::new("hung up")),
        "usage" => result["usage"] = json!({ "input_tokens": 11, "output_tokens": 7 }),
        "trace" => result["metadata"] = json!({ "tool_trace": [{ "tool": "Bash", "input": "ls" }] }),
        "artifact" => {
            let parts = json!([{ "kind": "text", "text": format!("artifact: {argument}") }]);
            result = json!({ "kind": "task", "id": "t1", "artifacts": [{ "parts": parts }] });
        }
        "big" => result["parts"][0]["text"] = "x".repeat(argument.parse::<usize>().unwrap() * 1024).into(),
        _ => {}
    }
    if let Some(caller) = headers.get("x-workspace-id") {
        result["caller"] = caller.to_str().unwrap().into();
    }
    answer(200, &json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
}
