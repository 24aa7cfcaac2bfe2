//! Marked credentials everywhere, and tenants that say them wherever they can: none may occur in what
//! an agent reads, in the log at its loudest, or in any file but the sink's. These tenants let half of the tools
//! succeed; with the others' answers `toolsets` plays, whose houses look for the key in each of them.

mod calls;
pub mod marks;
mod tenants;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use molecule_org_mcp::secrets::place::write_private;
use molecule_org_mcp::tools::catalogue::Catalogue;
use serde_json::json;

use calls::{calls, senseless};
use marks::{BEARER, FROM_ENV, FROM_FILE, KEY, MINTED, TOKEN, leaks, leaks_below};
use tenants::tenants;

use crate::faults::FaultyTenant;
use crate::process::{Running, towards};
use crate::support::http_whole;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_credential_leaves_but_to_its_sink() {
    let (mut met, mut exposures) = (Met::default(), 0);
    for (name, script) in tenants() {
        let tenant = FaultyTenant::start(script).await;
        let data = tempfile::tempdir().unwrap();
        let credentials = data.path().join("credentials");
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join("secret"), FROM_FILE).unwrap();
        write_private(&data.path().join("owner-bearer"), BEARER).unwrap();
        let url = tenant.url();
        let begin = |arguments: &[&str], log: &str| {
            let mut command = towards(&url, KEY, data.path());
            command.env("CANARY", FROM_ENV).env("MOLECULE_MCP_LOG", "trace");
            Running::logging(command, arguments, &data.path().join(log))
        };
        let stdio = begin(&[], "stdio.log");
        over_stdio(name, stdio, &mut met);
        let served = begin(&["http", "--listen", "127.0.0.1:0"], "http.log");
        over_http(name, served, data.path(), &mut met).await;
        leaks_below(data.path());
        exposures += tenant.count();
        if name == "generous" {
            assert!(holds(&credentials, MINTED) && holds(&credentials, TOKEN), "nothing was delivered");
            let bodies: Vec<String> =
                tenant.seen().iter().map(|seen| String::from_utf8_lossy(&seen.body).into()).collect();
            assert!(
                bodies.iter().any(|body| body.contains(FROM_ENV)) && bodies.iter().any(|body| body.contains(FROM_FILE))
            );
        }
    }
    let catalogue = Catalogue::new();
    let unrefused: Vec<_> =
        catalogue.entries().iter().map(|entry| entry.tool.name).filter(|name| !met.refused.contains(name)).collect();
    assert!(unrefused.is_empty(), "never refused: {unrefused:?}");
    println!(
        "{} answers to callers ({} tools with success), {exposures} of tenants that say what they know: none escaped",
        met.answers,
        met.done.len()
    );
}

fn holds(directory: &Path, credential: &str) -> bool {
    let mut files = fs::read_dir(directory).unwrap().map(|found| fs::read_to_string(found.unwrap().path()).unwrap());
    files.any(|text| text.trim() == credential)
}

/// Which tools answered, and which refused.
#[derive(Default)]
struct Met {
    answers: usize,
    done: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
}

impl Met {
    /// What came back for a call, byte for byte.
    fn meets(&mut self, tool: &'static str, place: &str, came: &str) {
        leaks(&format!("the answer to {tool} {place}"), came.as_bytes());
        self.answers += 1;
        let refused = came.contains("\"isError\":true") || came.contains("\"error\":{");
        if refused {
            self.refused.insert(tool)
        } else {
            self.done.insert(tool)
        };
    }
}

fn over_stdio(tenant: &str, mut process: Running, met: &mut Met) {
    process.greet();
    for (id, (tool, arguments)) in calls().into_iter().chain(senseless()).enumerate() {
        process.call(id as u64 + 1, tool, arguments);
        met.meets(tool, &format!("over stdio ({tenant})"), &process.answer().to_string());
    }
    process.close();
}

async fn over_http(tenant: &str, served: Running, data: &Path, met: &mut Met) {
    let log = data.join("http.log");
    let url = loop {
        let said = fs::read_to_string(&log).unwrap();
        if let Some(line) = said.lines().find_map(|line| line.strip_prefix("ready ")) {
            break line.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let session = begin_session(&url).await;
    for (tool, arguments) in calls() {
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        let plain = post(&format!("{url}/json"), BEARER, &[], &call).await;
        assert!(plain.starts_with("HTTP/1.1 200 "), "{plain}");
        met.meets(tool, &format!("over HTTP ({tenant})"), &plain);
        let events = post(&url, BEARER, &[("Mcp-Session-Id", &session)], &call).await;
        assert!(events.contains("content-type: text/event-stream"), "{events}");
        met.meets(tool, &format!("as an event ({tenant})"), &events);
    }
    let barred = post(&format!("{url}/json"), KEY, &[], "{}").await;
    assert!(barred.starts_with("HTTP/1.1 401 "), "{barred}");
    leaks("a refusal at the door", barred.as_bytes());
    drop(served);
}

async fn begin_session(url: &str) -> String {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let begin = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    let begun = post(url, BEARER, &[], &begin).await;
    begun.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).expect("a session").to_owned()
}

async fn post(url: &str, bearer: &str, headers: &[(&str, &str)], body: &str) -> String {
    let authorization = format!("Bearer {bearer}");
    let mut all = vec![
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ];
    all.extend(headers);
    http_whole("POST", url, &all, body).await
}
