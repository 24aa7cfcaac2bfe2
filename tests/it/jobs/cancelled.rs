//! Every tool, cancelled while its tenant is silent: at its first request, its second, and so on. Nothing more is
//! sent, the journal has an outcome, and the next call works.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use molecule_org_mcp::backend::Limits;
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bounds::leaks::{inside, tools};
use crate::bounds::organisation::{MEMBER, planned};
use crate::support::{self, House, Plan, http, http_whole};

/// How deep into a tool's requests.
const DEPTH: u64 = 4;
const AT_ONCE: Duration = Duration::from_secs(1);
const SETTLED: Duration = Duration::from_millis(10);
/// How long one request may take.
const TOTAL: Duration = Duration::from_millis(1_500);
/// What these have begun with a workspace, or with a credential, they finish: that takes the tenant's time.
const FINISHING: [&str; 9] = [
    "create_workspace_token",
    "get_transcript",
    "mint_org_key",
    "pause_workspaces",
    "restart_workspaces",
    "resume_workspaces",
    "revoke_key_tree",
    "rotate_org_key",
    "set_secret_everywhere",
];
/// The same, and one installation may take minutes.
const INSTALLING: &str = "install_plugin_everywhere";

/// Calls that were cancelled at one of their requests, and what came of it.
struct Walk {
    house: House,
    cancelled: usize,
    slowest: Duration,
    late: BTreeSet<&'static str>,
}

impl Walk {
    /// False where the call came to its end before that request.
    async fn cancel_at(&mut self, depth: u64, tool: &'static str, arguments: &Value) -> bool {
        let (house, cancel) = (&self.house, CancellationToken::new());
        house.host().halt_after(depth, false);
        let call = house.cancellable(tool, arguments.clone(), cancel.clone());
        tokio::pin!(call);
        let halted = tokio::select! {
            biased;
            _ = &mut call => false,
            () = house.host().halted() => true,
        };
        if !halted {
            house.host().halt_no_more();
            return false;
        }
        let since = Instant::now();
        cancel.cancel();
        let outcome = timeout(Duration::from_secs(10), call).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("{tool} goes on, cancelled at request {depth}"));
        let took = since.elapsed();
        self.cancelled += 1;
        let record = house.journal(tool).await;
        assert_ne!(record["outcome"], "running", "{tool} at {depth}");
        if took >= AT_ONCE {
            self.late.insert(tool);
            return true;
        }
        self.slowest = self.slowest.max(took);
        match outcome {
            // What it had done before the look that was to confirm it, or said before that it would finish.
            Ok(answer) => {
                let done = record["outcome"] == "done" && record["changed"] == "yes";
                assert!(done, "{tool} answers {} at {depth}", answer.content);
            }
            Err(refusal) => {
                let code = refusal.failure.code().as_str();
                let told = refusal.failure.text();
                assert!(matches!(code, "CANCELLED" | "OUTCOME_UNKNOWN"), "{tool} at {depth}: {told}");
                assert_eq!(record["outcome"], code, "{tool} at {depth}");
            }
        }
        // What was on its way at the same time has arrived by then.
        tokio::time::sleep(SETTLED).await;
        let asked = house.host().asked().len();
        tokio::time::sleep(2 * SETTLED).await;
        assert_eq!(house.host().asked().len(), asked, "{tool} asked on, cancelled at {depth}");
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_stops_where_it_is() {
    let limits = Limits { total: TOTAL, ..Limits::default() };
    let house = planned(Plan { limits, ..Plan::default() }).await;
    let mut walk = Walk { house, cancelled: 0, slowest: Duration::ZERO, late: BTreeSet::new() };
    for tool in tools().into_iter().filter(|tool| tool.name != INSTALLING) {
        let arguments = inside(&tool, MEMBER);
        for depth in 0..DEPTH {
            if !walk.cancel_at(depth, tool.name, &arguments).await {
                break;
            }
        }
    }
    walk.house.call("list_workspaces", json!({})).await;
    walk.house.is_balanced().await;
    println!("{} calls cancelled, the slowest after {:?}; late: {:?}", walk.cancelled, walk.slowest, walk.late);
    assert!(walk.cancelled > 150, "{}", walk.cancelled);
    let unexpected: Vec<&&str> = walk.late.iter().filter(|tool| !FINISHING.contains(tool)).collect();
    assert!(unexpected.is_empty(), "late: {unexpected:?}");
}

fn request(modern: bool, id: u64, method: &str, mut params: Value) -> String {
    if modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

fn handshake() -> String {
    let client = json!({ "name": "test", "version": "1" });
    request(
        false,
        0,
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }),
    )
}

const CANCELLED: &str = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;

/// A read and an act that the tenant never answers, each in a house of its own, and what the journal then says of
/// whether anything changed.
fn silent() -> [(House, &'static str, Value, &'static str); 2] {
    let (read, act) = (House::open(Plan::default()), House::open(Plan::default()));
    read.host().halt_after(0, false);
    act.host().halt_act();
    let (import, template) = support::slow(20);
    [(read, "list_workspaces", json!({}), "no"), (act, import, template, "unknown")]
}

/// The outcome comes when the call is over, which may be a moment after its client was told.
async fn is_recorded(house: &House, tool: &str, changed: &str, how: &str) {
    let recorded = timeout(Duration::from_secs(5), async {
        loop {
            let record = house.journal(tool).await;
            if record["outcome"] != "running" {
                return record;
            }
            tokio::task::yield_now().await;
        }
    });
    let record = recorded.await.unwrap_or_else(|_| panic!("{tool} goes on, {how}"));
    assert_eq!((&record["outcome"], &record["changed"]), (&json!("CANCELLED"), &json!(changed)), "{tool} {how}");
}

#[tokio::test]
async fn over_stdio_a_notification_cancels_in_both_eras() {
    for modern in [false, true] {
        for (house, tool, arguments, changed) in silent() {
            let (mut to, reader) = duplex(64 * 1024);
            let (writer, from) = duplex(64 * 1024);
            tokio::spawn(serve_on(Arc::clone(&house.dispatch), reader, writer));
            let mut lines = BufReader::new(from).lines();
            if !modern {
                to.write_all(format!("{}\n", handshake()).as_bytes()).await.unwrap();
                lines.next_line().await.unwrap().unwrap();
            }
            let call = request(modern, 1, "tools/call", json!({ "name": tool, "arguments": arguments }));
            to.write_all(format!("{call}\n").as_bytes()).await.unwrap();
            house.host().halted().await;
            to.write_all(format!("{CANCELLED}\n").as_bytes()).await.unwrap();
            is_recorded(&house, tool, changed, &format!("modern: {modern}")).await;
            let whoami = request(modern, 2, "tools/call", json!({ "name": "whoami", "arguments": {} }));
            to.write_all(format!("{whoami}\n").as_bytes()).await.unwrap();
            let answer = timeout(Duration::from_secs(5), lines.next_line()).await.unwrap().unwrap().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(2), &json!(false)), "{answer}");
        }
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const ACCEPT: (&str, &str) = ("Accept", "application/json, text/event-stream");
const BEARER: (&str, &str) = ("Authorization", "Bearer s3cret");

async fn door(house: &House) -> SocketAddr {
    let settings = HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        bearer: Some("s3cret".into()),
        allowed_hosts: vec![],
        allowed_origins: vec![],
    };
    let bound = bind(settings, Arc::clone(&house.dispatch)).await.unwrap();
    let address = bound.address();
    tokio::spawn(bound.serve(CancellationToken::new()));
    address
}

#[tokio::test]
async fn over_http_hanging_up_cancels_a_modern_call() {
    for mount in ["/mcp", "/mcp/json"] {
        for (house, tool, arguments, changed) in silent() {
            let address = door(&house).await;
            let headers = [
                JSON,
                ACCEPT,
                BEARER,
                ("MCP-Protocol-Version", "2026-07-28"),
                ("Mcp-Method", "tools/call"),
                ("Mcp-Name", tool),
            ];
            let body = request(true, 1, "tools/call", json!({ "name": tool, "arguments": arguments }));
            let url = format!("http://{address}{mount}");
            tokio::select! {
                answer = http("POST", &url, &headers, &body) => panic!("{answer:?}"),
                () = house.host().halted() => {}
            }
            is_recorded(&house, tool, changed, mount).await;
        }
    }
}

#[tokio::test]
async fn over_http_a_notification_cancels_a_call_of_a_session() {
    for (house, tool, arguments, changed) in silent() {
        let url = format!("http://{}/mcp", door(&house).await);
        let begun = http_whole("POST", &url, &[JSON, ACCEPT, BEARER], &handshake()).await.to_lowercase();
        let session = begun.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
        let headers = [JSON, ACCEPT, BEARER, ("Mcp-Session-Id", session.as_str())];
        http("POST", &url, &headers, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        let body = request(false, 1, "tools/call", json!({ "name": tool, "arguments": arguments }));
        let call = async {
            http_whole("POST", &url, &headers, &body).await;
            // However it is answered: what counts stands in the journal.
            std::future::pending::<()>().await;
        };
        let cancel = async {
            house.host().halted().await;
            http("POST", &url, &headers, CANCELLED).await;
            is_recorded(&house, tool, changed, "in a session").await;
        };
        tokio::select! {
            () = call => {}
            () = cancel => {}
        }
    }
}
