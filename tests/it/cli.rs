//! The command line, with the real binary: what it prints, and how it ends.

use std::path::Path;
use std::time::Duration;

use molecule_org_mcp::tools::catalogue::Catalogue;
use molecule_org_mcp::tools::surface::Surface;
use molecule_org_mcp::transport::mcp;
use serde_json::{Value, json};

use crate::faults::{FaultyTenant, Reply};
use crate::process::{Ended, Running, command, ended, towards};
use crate::support::http;

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

async fn run(data: &Path, arguments: &[&str]) -> Ended {
    ended(command(data), arguments).await
}

fn data() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn tools_prints_exactly_what_is_listed() {
    let data = data();
    let catalogue = Catalogue::new();
    let shown = catalogue.entries().iter().filter(|entry| Surface::Compact.shows(entry));
    let listed = mcp::list(shown.map(|entry| entry.listed()), false);
    let printed = run(data.path(), &["tools", "--json"]).await;
    assert_eq!((printed.code, printed.json()), (0, serde_json::to_value(&listed).unwrap()));
    let mut served = Running::start(command(data.path()), &["--embedded"]);
    served.greet();
    served.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(served.answer()["result"]["tools"], printed.json()["tools"]);

    let some =
        run(data.path(), &["tools", "--json", "--surface", "full", "--toolsets", "keys", "--read-only"]).await.json();
    let names: Vec<&str> =
        some["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["list_org_keys", "inspect_org_keys", "list_workspace_tokens"]);
    let people = run(data.path(), &["tools"]).await.out;
    assert!(people.contains("call_dangerous_tool") && !people.contains("list_global_secrets"), "{people}");
    let people = run(data.path(), &["tools", "--surface", "full"]).await.out;
    let full = catalogue.entries().iter().filter(|entry| Surface::Full.shows(entry));
    assert!(full.into_iter().all(|entry| people.contains(entry.tool.name)));
}

#[tokio::test]
async fn wrong_usage_ends_with_two_and_the_right_name() {
    let data = data();
    for (arguments, words) in [
        (&["--red-only"][..], "--read-only"),
        (&["--toolsets", "kyes", "tools"], "did you mean `keys`"),
        (&["--surface", "compct", "tools"], "did you mean `compact`"),
        (&["--log", "debag", "tools"], "did you mean `debug`"),
        (&["too"], "tools"),
        (&["http", "--listen", "8787"], "isn't an address with a port"),
        (&["--config", "/nowhere/at/all.toml", "tools"], "/nowhere/at/all.toml"),
        (&["call", "whoami"], "MOLECULE_ORG"),
    ] {
        let wrong = run(data.path(), arguments).await;
        assert_eq!(wrong.code, 2, "{arguments:?}: {}", wrong.err);
        assert!(wrong.err.contains(words), "{arguments:?}: {}", wrong.err);
        assert_eq!(wrong.out, "", "{arguments:?}");
    }
    for (name, value, words) in [
        ("MOLECULE_MCP_READONLY", "1", "did you mean `MOLECULE_MCP_READ_ONLY`"),
        ("MOLECULE_MCP_READ_ONLY", "maybe", "neither true nor false"),
        ("MOLECULE_MCP_POLICY", "/nowhere/policy.toml", "/nowhere/policy.toml"),
        ("MOLECULE_MCP_TOOLSETS", "keys,orgs", "did you mean `org`"),
    ] {
        let mut wrong = command(data.path());
        wrong.env(name, value);
        let wrong = ended(wrong, &["--embedded"]).await;
        assert_eq!(wrong.code, 2, "{name}");
        assert!(wrong.err.contains(words), "{name}: {}", wrong.err);
    }
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "a wrong start leaves nothing behind");
}

#[tokio::test]
async fn a_directory_for_credentials_that_reaches_the_state_is_refused_at_the_start() {
    let data = data();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    for reaching in [data.path().to_owned(), data.path().join("embedded"), home.path().to_owned()] {
        std::fs::write(&config, format!("credential_dirs = [{:?}]", reaching.display().to_string())).unwrap();
        let wrong = run(data.path(), &["--embedded", "--config", config.to_str().unwrap()]).await;
        assert_eq!(wrong.code, 2, "{}: {}", reaching.display(), wrong.err);
        assert!(wrong.err.contains("credential_dirs"), "{}", wrong.err);
    }
}

#[tokio::test]
async fn one_call_ends_as_it_went() {
    let data = data();
    let call = async |more: &[&str]| run(data.path(), &[&["call", "--embedded"], more].concat()).await;
    let made = call(&["create_workspace", "name=7 Wonders", "tier=2", "external=true", "url=https://a.example"]).await;
    assert_eq!(
        (made.code, &made.json()["name"], &made.json()["tier"]),
        (0, &json!("7 Wonders"), &json!(2)),
        "{}",
        made.err
    );
    let listed = call(&["list_workspaces", "--args", r#"{"name":"wonders"}"#]).await;
    assert_eq!((listed.code, &listed.json()["count"]), (0, &json!(1)), "{}", listed.err);
    for (more, code, words) in [
        (&["list_workspace"][..], 2, "Did you mean `list_workspaces`?"),
        (&["get_workspace", "workspace_id=7"], 2, "expected a workspace's id"),
        (&["get_workspace"], 2, "needs `workspace_id`"),
        (&["whoami", "--args", "[]"], 2, "--args isn't a JSON object"),
        (&["whoami", "loose"], 2, "key=value"),
        (&["get_workspace", "workspace_id=00000000-0000-4000-8000-000000000000"], 1, "NOT_FOUND"),
        (&["mint_org_key", "name=x", "--read-only"], 3, "FORBIDDEN_BY_POLICY"),
        (&["whoami", "--toolsets", "keys"], 3, "toolset `governance`"),
    ] {
        let wrong = call(more).await;
        assert_eq!(wrong.code, code, "{more:?}: {}", wrong.err);
        assert!(wrong.err.contains(words) && wrong.out.is_empty(), "{more:?}: {}", wrong.err);
    }
    let door = call(&["query_journal", "tool=create_workspace"]).await.json();
    assert_eq!(door["items"][0]["door"], "cli");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tenant_alone_speaks_the_platforms_api() {
    let data = data();
    let mut tenant = Running::start(command(data.path()), &["tenant", "--listen", "127.0.0.1:0", "--admin-token", "x"]);
    let ready = tenant.told("ready ");
    let url = ready.strip_prefix("ready ").unwrap();
    let admin = [("Authorization", "Bearer x")];
    let (status, body) = http("GET", &format!("{url}/workspaces"), &admin, "").await;
    let listed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, listed.as_array().unwrap().len()), (200, 14));
    assert_eq!(http("GET", &format!("{url}/workspaces"), &[("Authorization", "Bearer y")], "").await.0, 401);
    // And our own server works before it.
    let through = ended(towards(url, "x", data.path()), &["call", "list_workspaces", "limit=1"]).await;
    assert_eq!((through.code, &through.json()["count"]), (0, &json!(14)), "{}", through.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_says_how_to_connect_and_it_is_so() {
    let data = data();
    let fresh = data.path().join("demo");
    let mut demo =
        Running::start(command(&fresh), &["demo", "--data", fresh.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    let line = demo.told("claude mcp add");
    let (url, header) = line.split_once(" --header ").unwrap();
    let url = url.rsplit(' ').next().unwrap();
    let bearer = header.trim_matches('"').strip_prefix("Authorization: ").unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let post = async |bearer: &str| {
        let headers = [("Authorization", bearer), ("Content-Type", "application/json"), ("Accept", "application/json")];
        http("POST", &format!("{url}/json"), &headers, &list).await
    };
    let (status, body) = post(bearer).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    let listed = Catalogue::new().entries().iter().filter(|entry| Surface::Compact.shows(entry)).count();
    assert_eq!((status, answer["result"]["tools"].as_array().unwrap().len()), (200, listed));
    assert_eq!(post("Bearer wrong").await.0, 401);
    let again = run(&fresh, &["demo", "--data", fresh.to_str().unwrap()]).await;
    assert_eq!(again.code, 2, "{}", again.err);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_asks_for_a_bearer_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = data();
    let data = home.path().join("its-own");
    let listen = ["http", "--embedded", "--listen", "127.0.0.1:0"];
    let mut served = Running::start(command(&data), &listen);
    let ready = served.told("ready ");
    let url = ready.strip_prefix("ready ").unwrap().to_owned();
    let file = served.told("bearer: in ");
    let file = Path::new(file.strip_prefix("bearer: in ").unwrap()).to_owned();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let bearer = std::fs::read_to_string(&file).unwrap();
    let authorization = format!("Bearer {}", bearer.trim());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    assert_eq!(http("POST", &format!("{url}/json"), &headers, &list).await.0, 200);
    assert_eq!(http("POST", &format!("{url}/json"), &headers[1..], &list).await.0, 401);
    drop(served);

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let readable = run(&data, &listen).await;
    assert_eq!(readable.code, 2, "{}", readable.err);
    assert!(readable.err.contains("chmod 600"), "{}", readable.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_than_this_machine_may_not_come_without_ceremony() {
    let data = data();
    let open = run(data.path(), &["http", "--embedded", "--listen", "0.0.0.0:0", "--no-auth"]).await;
    assert_eq!(open.code, 2, "{}", open.err);
    assert!(open.err.contains("loopback"), "{}", open.err);
    // A tenant that takes any key, and one that can't be asked.
    let anybody = FaultyTenant::start(|_| Reply::json(200, &json!({ "tokens": [] }))).await;
    let silent = FaultyTenant::start(|_| Reply::hang_up()).await;
    for (tenant, words) in [(&anybody, "lets EVERYBODY in"), (&silent, "can't be found out")] {
        let refused = ended(towards(&tenant.url(), KEY, data.path()), &["http", "--listen", "0.0.0.0:0"]).await;
        assert_eq!(refused.code, 1, "{}", refused.err);
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert_eq!(run(data.path(), &["demo", "--listen", "0.0.0.0:0"]).await.code, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_input_ends_it_whatever_hangs() {
    let tenant = FaultyTenant::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, &json!({ "tokens": [] })),
        _ => Reply::stall(),
    })
    .await;
    let data = data();
    let mut process = Running::start(towards(&tenant.url(), KEY, data.path()), &[]);
    process.greet();
    process.call(1, "mint_org_key", json!({ "name": "x" }));
    tokio::time::timeout(Duration::from_secs(10), async {
        while !tenant.seen().iter().any(|seen| seen.method == "POST") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the call reaches the tenant");
    let (took, code) = tokio::task::spawn_blocking(move || process.close()).await.unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(code, 0);
    // That tenant's journal is shown, and asking for it asks the tenant nothing.
    let arguments = ["call", "query_journal", "tool=mint_org_key"];
    let left = ended(towards(&tenant.url(), KEY, data.path()), &arguments).await.json();
    assert_eq!(left["items"][0]["changed"], "unknown", "{left}");
}

/// What `--help` lists.
async fn commands(data: &Path) -> Vec<String> {
    let help = run(data, &["--help"]).await.out;
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    names.map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn each_shell_gets_a_script_that_knows_every_command_and_flag() {
    let data = data();
    let commands = commands(data.path()).await;
    assert!(commands.len() > 9 && commands.iter().any(|name| name == "completions"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(data.path(), &["completions", shell]).await;
        assert_eq!((script.code, script.err.as_str()), (0, ""), "{shell}");
        for word in commands.iter().map(String::as_str).chain(["surface", "read-only", "listen"]) {
            assert!(script.out.contains(word), "{shell} doesn't know {word}");
        }
    }
    let wrong = run(data.path(), &["completions", "bahs"]).await;
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("'bash'"), "{}", wrong.err);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "neither needs a tenant nor leaves anything behind");
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let (data, pages) = (data(), data());
    let written = run(data.path(), &["man", "--date", "2026-11-21", pages.path().to_str().unwrap()]).await;
    assert_eq!((written.code, written.out.as_str(), written.err.as_str()), (0, "", ""));
    let page = |name: &str| std::fs::read_to_string(pages.path().join(name)).unwrap();
    let first = page("molecule-org-mcp.1");
    for words in ["Exit codes", "MOLECULE_ORG_TOKEN_FILE", "2026-11-21"] {
        assert!(first.contains(words), "{first}");
    }
    for command in commands(data.path()).await {
        assert!(page(&format!("molecule-org-mcp-{command}.1")).contains("SYNOPSIS"), "{command}");
    }
    let nowhere = run(data.path(), &["man", "/nowhere/at/all"]).await;
    assert_eq!(nowhere.code, 1, "{}", nowhere.err);
}
