//! A call that says nothing for a while is told to be under way.

use std::sync::Arc;
use std::time::Duration;

use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::time::timeout;

use super::waiting;
use crate::support::{House, Plan};

/// What is told of a call until so many notifications came.
async fn told(house: &House, tool: &str, arguments: Value, count: usize) -> Vec<Value> {
    let (mut to, reader) = duplex(64 * 1024);
    let (writer, from) = duplex(64 * 1024);
    tokio::spawn(serve_on(Arc::clone(&house.dispatch), reader, writer));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    });
    let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    to.write_all(format!("{call}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(from).lines();
    let mut told = Vec::new();
    while told.len() < count {
        let line = timeout(Duration::from_secs(10), lines.next_line()).await.expect("news in time").unwrap().unwrap();
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["method"], "notifications/progress", "{message}");
        told.push(message["params"].clone());
    }
    told
}

#[tokio::test]
async fn a_call_that_waits_for_the_tenant_is_told_to_be_under_way() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    house.host().halt_after(0, false);
    let told = told(&house, "list_workspaces", json!({}), 2).await;
    assert_eq!(told[0]["message"], "list_workspaces: under way, 1 s");
    assert_eq!(told[1]["message"], "list_workspaces: under way, 6 s");
    assert!(told[0]["progress"].as_f64() < told[1]["progress"].as_f64(), "{told:?}");
}

#[tokio::test]
async fn between_a_tools_own_steps_progress_only_grows_and_the_total_stays() {
    let house = House::open(Plan { seeded: true, ..Plan::default() });
    let told = told(&house, "wait_for_workspace", waiting(60), 2).await;
    assert_eq!((&told[0]["message"], &told[0]["total"]), (&json!("it is online"), &json!(60.0)));
    assert_eq!((&told[1]["message"], &told[1]["total"]), (&json!("wait_for_workspace: under way, 5 s"), &json!(60.0)));
    assert!(told[0]["progress"].as_f64() < told[1]["progress"].as_f64(), "{told:?}");
}
