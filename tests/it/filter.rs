//! The last line behind the types: what this process holds is taken out of every byte that leaves, wherever it got
//! in. And a process that holds keys tells nothing by dying.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use molecule_org_mcp::cli::discreet;
use molecule_org_mcp::secrets::Credential;
use molecule_org_mcp::transport::http::{HttpSettings, bind};
use molecule_org_mcp::transport::stdio::serve_on;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::faults::{FaultyTenant, Reply};
use crate::process::{Running, command, ended, towards};
use crate::support::{House, Plan, http_whole};

fn call(tool: &str, arguments: Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

/// A name that the types let through, because any text may be one.
fn held() -> (Credential, String) {
    let secret = format!("held-by-a-test-{}", uuid::Uuid::new_v4().simple());
    let name = format!("agent {}", STANDARD.encode(&secret));
    (Credential::new(secret), name)
}

#[tokio::test]
async fn a_line_of_stdio_has_no_secret_in_it() {
    let (_held, name) = held();
    let house = House::open(Plan::default());
    let (mut to, reader) = duplex(64 * 1024);
    let (writer, from) = duplex(64 * 1024);
    tokio::spawn(serve_on(house.dispatch.clone(), reader, writer));
    // The client's own words come back in an error of the protocol: nothing but the filter stands in the way.
    let ask = json!({ "jsonrpc": "2.0", "id": name, "method": 7 });
    to.write_all(format!("{ask}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(from).lines();
    let line = timeout(Duration::from_secs(5), lines.next_line()).await.unwrap().unwrap().unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert!(answer["id"].as_str().unwrap().starts_with("agent [removed]"), "{line}");
}

#[tokio::test]
async fn an_answer_over_http_has_no_secret_in_it_and_the_right_length() {
    let (_held, name) = held();
    let house = House::open(Plan::default());
    let settings = HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        bearer: None,
        allowed_hosts: vec![],
        allowed_origins: vec![],
    };
    let door = bind(settings, house.dispatch.clone()).await.unwrap();
    let url = format!("http://{}/mcp/json", door.address());
    tokio::spawn(door.serve(CancellationToken::new()));
    let ask = json!({ "jsonrpc": "2.0", "id": name, "method": 7 }).to_string();
    let answer = http_whole("POST", &url, &[("Content-Type", "application/json")], &ask).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("\"agent [removed]"), "{answer}");
    assert!(head.to_lowercase().contains(&format!("content-length: {}", body.len())), "{answer}");
}

#[tokio::test]
async fn neither_an_answer_nor_the_journal_keeps_a_secret() {
    let (held, name) = held();
    let house = House::open(Plan::default());
    let made = house.call("create_workspace", json!({ "name": name, "external": true })).await;
    let shown = house.call("get_workspace", json!({ "workspace_id": made["id"] })).await;
    assert!(shown["name"].as_str().unwrap().starts_with("agent [removed]"), "{shown}");
    // A tool that isn't one is written down as it was called.
    house.refusal(&name, json!({})).await;
    house.dispatch.server().journal.flush().await.unwrap();
    let kept = std::fs::read(house.home.path().join("state.db")).unwrap();
    let wal = std::fs::read(house.home.path().join("state.db-wal")).unwrap_or_default();
    let both = String::from_utf8_lossy(&kept).into_owned() + &String::from_utf8_lossy(&wal);
    assert!(both.contains("agent [removed]"), "it was written down");
    assert!(!both.contains(held.expose()) && !both.contains(&name), "the journal holds it");
}

/// The types let a workspace's name through, whatever it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_repeats_a_key_in_base64_isnt_repeated() {
    let key = "OrgKeyOfTheFilterTest-ABCDEFGHIJKLMNOPQRSTU";
    let tenant = FaultyTenant::start(|seen| {
        let bearer = seen.header("authorization").unwrap_or_default().to_owned();
        let said = format!("I was told {}", STANDARD.encode(bearer));
        Reply::json(200, &json!({ "id": "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc", "name": said, "status": "online" }))
    })
    .await;
    let data = tempfile::tempdir().unwrap();
    let mut process = Running::start(towards(&tenant.url(), key, data.path()), &[]);
    process.greet();
    process.send(
        &serde_json::from_str(&call(
            "get_workspace",
            json!({ "workspace_id": "613fac6b-7c79-44fa-a26f-75c6ee7e1ffc" }),
        ))
        .unwrap(),
    );
    let answer = process.answer();
    let name = answer["result"]["structuredContent"]["name"].as_str().unwrap();
    assert!(name.starts_with("I was told ") && name.contains("[removed]"), "{answer}");
    assert!(!answer.to_string().contains(&STANDARD.encode(&key[..30])), "{answer}");
}

#[tokio::test]
async fn the_embedded_tenants_own_key_is_held_too() {
    let house = House::open(Plan::default());
    let key = house.host().key.expose_secret().to_owned();
    let name = format!("agent {}", STANDARD.encode(&key));
    let made = house.call("create_workspace", json!({ "name": name, "external": true })).await;
    let shown = house.call("get_workspace", json!({ "workspace_id": made["id"] })).await;
    assert!(shown["name"].as_str().unwrap().starts_with("agent [removed]"), "{shown}");
}

/// What a command shows on purpose is shown; that it says so once, and nothing else does.
#[tokio::test]
async fn a_new_grant_is_shown_by_the_command_that_makes_it() {
    let data = tempfile::tempdir().unwrap();
    let made =
        ended(command(data.path()), &["--embedded", "grants", "create", "--name", "ci", "--role", "viewer"]).await;
    assert!(made.code == 0 && made.out.starts_with("mog_") && made.out.trim().len() == 47, "{} {}", made.out, made.err);
    assert!(!made.err.contains(made.out.trim()));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_holds_keys_leaves_no_core_dump() {
    let data = tempfile::tempdir().unwrap();
    let mut process = Running::start(command(data.path()), &["--embedded"]);
    process.greet();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().filter(|word| *word == "0").count(), 2, "{cores}");
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{}/mem", process.id())).unwrap());
    assert_eq!(owner, 0, "its memory is nobody else's");
}

const PAYLOAD: &str = "PAYLOAD_OF_A_PANIC";

/// In a process of its own, because the hook is the whole process's.
#[tokio::test]
async fn a_panic_doesnt_say_what_it_was_about() {
    if let Ok(payload) = std::env::var(PAYLOAD) {
        discreet::begin();
        panic!("a value was {payload}");
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.env(PAYLOAD, "quoted-in-a-panic").env("RUST_BACKTRACE", "full");
    let name = "filter::a_panic_doesnt_say_what_it_was_about";
    let ended = ended(child, &["--exact", name, "--nocapture"]).await;
    assert_ne!(ended.code, 0, "it panicked");
    let said = ended.out + &ended.err;
    assert!(said.contains("a mistake of ours at ") && said.contains("filter.rs:"), "{said}");
    assert!(!said.contains("quoted-in-a-panic") && !said.contains("stack backtrace"), "{said}");
}
