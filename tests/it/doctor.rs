//! `doctor`: that it finds what is wrong, says what to do, and changes nothing itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::faults::{FaultyTenant, Reply};
use crate::process::{Ended, Running, bare, ended};
use crate::snapshot;
use crate::support::{Host, http};

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

/// A user's machine: a home and a data directory, and nothing in them.
struct Machine {
    home: TempDir,
    data: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { home: tempfile::tempdir().unwrap(), data: tempfile::tempdir().unwrap() };
        #[cfg(unix)]
        allow(machine.data.path(), 0o700);
        machine
    }

    fn command(&self, url: &str, key: &str) -> Command {
        let mut command = bare(self.data.path());
        command.env("HOME", self.home.path()).current_dir(self.home.path());
        command.env("MOLECULE_URL", url).env("MOLECULE_ORG_TOKEN", key);
        command
    }

    async fn examine(&self, url: &str, key: &str) -> Examined {
        Examined::of(self.command(url, key)).await
    }
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

struct Examined {
    code: i32,
    verdict: Value,
}

impl Examined {
    async fn of(command: Command) -> Self {
        let ended = ended(command, &["doctor", "--json"]).await;
        let verdict = ended.json();
        assert_eq!(verdict["ok"], json!(ended.code == 0), "{verdict}");
        Self { code: ended.code, verdict }
    }

    fn findings(&self) -> &[Value] {
        self.verdict["findings"].as_array().unwrap()
    }

    fn of_check(&self, check: &str) -> &Value {
        let found = self.findings().iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("nothing about {check}: {}", self.verdict))
    }

    /// It is in this state, and these words are told of it.
    fn has(&self, check: &str, state: &str, words: &str) {
        let finding = self.of_check(check);
        assert!(finding["state"] == state && finding.to_string().contains(words), "{finding}");
        let is_mendable = matches!(state, "problem" | "warning");
        assert_eq!(finding["next"].is_string(), is_mendable, "{finding}");
    }

    /// A problem, and the only one.
    fn has_only(&self, check: &str, words: &str) {
        self.has(check, "problem", words);
        let problems = self.findings().iter().filter(|finding| finding["state"] == "problem");
        assert_eq!((self.code, problems.count()), (1, 1), "{}", self.verdict);
    }
}

/// The checks that docs/doctor.md lists, in its order.
fn documented() -> Vec<String> {
    let text = fs::read_to_string(snapshot::file("docs/doctor.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once('`').unwrap().0.to_owned()).collect()
}

/// Every file with what is in it and when it was written.
fn everything(directory: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
            // Who reads the log keeps a note of it there.
            if entry.path().extension().is_some_and(|ending| ending == "db-shm") {
                continue;
            }
            let content = fs::read(entry.path()).unwrap_or_default();
            let written = entry.metadata().unwrap().modified().unwrap();
            all.insert(entry.path().display().to_string(), (content, written));
        }
    }
    all
}

#[tokio::test]
async fn a_well_server_is_found_well_and_nothing_is_changed() {
    let (machine, state) = (Machine::new(), tempfile::tempdir().unwrap());
    let mut tenant =
        Running::start(bare(state.path()), &["tenant", "--listen", "127.0.0.1:0", "--admin-token", "T", "--empty"]);
    let ready = tenant.told("ready ");
    let url = ready.trim_start_matches("ready ");
    let headers = [("Authorization", "Bearer T"), ("Content-Type", "application/json")];
    let (_, minted) = http("POST", &format!("{url}/org/tokens"), &headers, r#"{"name":"mine"}"#).await;
    let minted: Value = serde_json::from_str(&minted).unwrap();
    let key = minted["auth_token"].as_str().unwrap();

    let before = everything(machine.data.path());
    let fresh = machine.examine(url, key).await;
    assert_eq!((fresh.code, everything(machine.data.path())), (0, before), "{}", fresh.verdict);
    assert!(!machine.home.path().read_dir().unwrap().any(|_| true), "nothing is made at home either");
    let told: Vec<&str> = fresh.findings().iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(told, documented());
    for check in ["tenant", "tls", "clock", "organisation_id", "open_tenant", "key", "org_keys", "routes", "database"] {
        fresh.has(check, "ok", "");
    }
    fresh.has("rate_limit", "ok", "of 600 requests");
    fresh.has("consent", "warning", "consents passphrase");

    let called = ended(machine.command(url, key), &["call", "whoami"]).await;
    assert_eq!(called.code, 0, "{}", called.err);
    let before = everything(machine.data.path());
    let used = machine.examine(url, key).await;
    assert_eq!((used.code, everything(machine.data.path())), (0, before), "{}", used.verdict);
    used.has("database", "ok", "sound");
    used.has("journal", "ok", "2 entries");

    let people = ended(machine.command(url, key), &["doctor"]).await;
    assert_eq!((people.code, people.err.as_str()), (0, ""), "{}", people.out);
    assert!(people.out.lines().any(|line| line.starts_with("ok       tenant           http")), "{}", people.out);
    assert!(!people.out.contains('\u{1b}') && !people.out.contains(key) && !fresh.verdict.to_string().contains(key));
}

#[tokio::test]
async fn a_tenant_that_isnt_there_is_told_and_the_rest_is_looked_at() {
    let machine = Machine::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let examined = machine.examine(&format!("http://{gone}"), KEY).await;
    examined.has_only("tenant", "takes no connection");
    examined.has("key", "unknown", "can't be reached");
    examined.has("database", "ok", "");
    let examined = machine.examine("https://nobody.invalid", KEY).await;
    examined.has_only("tenant", "can't be resolved");
    let people = ended(machine.command(&format!("http://{gone}"), KEY), &["doctor"]).await;
    assert_eq!((people.code, people.err.contains("doctor found a problem")), (1, true), "{}", people.err);
    assert!(people.out.contains("PROBLEM  tenant ") && people.out.contains("> See whether the tenant runs there."));
}

#[tokio::test]
async fn a_key_that_the_tenant_refuses_is_told() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let examined = machine.examine(&host.url, KEY).await;
    examined.has_only("key", "refuses the key");
    examined.has("open_tenant", "ok", "");
    examined.has("routes", "unknown", "");
}

#[tokio::test]
async fn a_tenant_that_lets_everybody_in_is_told() {
    let (machine, state) = (Machine::new(), tempfile::tempdir().unwrap());
    let mut tenant = Running::start(bare(state.path()), &["tenant", "--listen", "127.0.0.1:0", "--empty"]);
    let ready = tenant.told("ready ");
    let examined = machine.examine(ready.trim_start_matches("ready "), KEY).await;
    examined.has_only("open_tenant", "ADMIN_TOKEN");
    examined.has("key", "warning", "no live org key begins with kkkkkkkk");
}

#[tokio::test]
async fn a_missing_and_a_wrong_organisation_id_are_told_apart() {
    let (machine, state) = (Machine::new(), tempfile::tempdir().unwrap());
    let id = "11111111-1111-4111-8111-111111111111";
    let arguments = ["tenant", "--listen", "127.0.0.1:0", "--admin-token", "T", "--empty", "--org-id", id];
    let mut tenant = Running::start(bare(state.path()), &arguments);
    let ready = tenant.told("ready ");
    let url = ready.trim_start_matches("ready ");
    machine.examine(url, "T").await.has_only("organisation_id", "Set MOLECULE_ORG_ID");
    let with = |id: &str| {
        let mut command = machine.command(url, "T");
        command.env("MOLECULE_ORG_ID", id);
        command
    };
    Examined::of(with("acme")).await.has_only("organisation_id", "Correct MOLECULE_ORG_ID");
    let right = Examined::of(with(id)).await;
    right.has("organisation_id", "ok", "wanted and right");
    right.has("key", "warning", "admin token");
    assert_eq!(right.code, 0, "{}", right.verdict);
}

/// Answers as a tenant would, and an hour late; what `lacks` says isn't routed.
async fn tenant_of(lacks: &'static [&'static str]) -> FaultyTenant {
    FaultyTenant::start(move |seen| {
        let path = seen.path.split('?').next().unwrap();
        let is_ours = seen.header("authorization") == Some(&format!("Bearer {KEY}"));
        match path {
            "/health" => {
                let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3600));
                let headers = [("date", date.as_str()), ("x-ratelimit-limit", "600"), ("x-ratelimit-remaining", "599")];
                Reply::with(200, &headers, r#"{"status":"ok"}"#)
            }
            "/org/tokens" if !is_ours => Reply::json(401, &json!({ "error": "invalid" })),
            "/org/tokens" => Reply::json(200, &json!({ "tokens": [], "count": 0 })),
            path if lacks.iter().any(|part| path.ends_with(part)) => Reply::text(404, "404 page not found"),
            _ => Reply::json(404, &json!({ "error": "workspace not found" })),
        }
    })
    .await
}

#[tokio::test]
async fn what_an_older_platform_lacks_is_told_within_forty_requests() {
    let machine = Machine::new();
    let tenant = tenant_of(&["/schedules", "/plugins/allowlist"]).await;
    let examined = machine.examine(&tenant.url(), KEY).await;
    examined.has_only("routes", "create_schedule");
    examined.has("routes", "problem", "set_plugin_allowlist");
    let seen = tenant.seen();
    assert!(seen.len() <= 40 && seen.iter().all(|one| one.method == "GET"), "{} requests", seen.len());
    assert!(!seen.iter().any(|one| one.path.contains("approvals/pending")));
    let mut narrow = machine.command(&tenant.url(), KEY);
    narrow.env("MOLECULE_MCP_TOOLSETS", "secrets,budgets,governance");
    Examined::of(narrow).await.has("routes", "ok", "all there");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_is_no_problem() {
    let (machine, tenant) = (Machine::new(), tenant_of(&[]).await);
    let examined = machine.examine(&tenant.url(), KEY).await;
    let behind = (3595..=3600).any(|seconds| {
        examined.of_check("clock")["found"].as_str().unwrap().contains(&format!("{seconds} s ahead of the tenant's"))
    });
    assert!(behind, "{}", examined.of_check("clock"));
    examined.has("clock", "warning", "NTP");
    assert_eq!(examined.code, 0);
}

#[tokio::test]
async fn a_tls_that_doesnt_come_about_is_told() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let url = host.url.replace("http://", "https://");
    let examined = machine.examine(&url, KEY).await;
    examined.has("tls", "problem", "openssl");
    examined.has("tenant", "problem", "See `tls`.");
}

#[tokio::test]
async fn whatever_never_answers_is_given_up_in_time() {
    let dead = FaultyTenant::start(|_| Reply::stall()).await;
    let healthy = FaultyTenant::start(|seen| match seen.path.as_str() {
        "/health" => Reply::json(200, &json!({ "status": "ok" })),
        _ => Reply::stall(),
    });
    let healthy = healthy.await;
    let busy = FaultyTenant::start(|seen| match seen.path.as_str() {
        "/health" => Reply::json(200, &json!({ "status": "ok" })),
        "/org/tokens" => Reply::json(200, &json!({ "tokens": [] })).after(Duration::from_secs(4)),
        _ => Reply::stall(),
    });
    let busy = busy.await;
    let began = Instant::now();
    let machines = [Machine::new(), Machine::new(), Machine::new()];
    let (dead, healthy, busy) = tokio::join!(
        async { machines[0].examine(&dead.url(), KEY).await },
        async { machines[1].examine(&healthy.url(), KEY).await },
        async { machines[2].examine(&busy.url(), KEY).await },
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    dead.has_only("tenant", "doesn't answer");
    healthy.has("key", "unknown", "didn't answer");
    busy.has("routes", "unknown", "weren't answered");
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_may_read_is_told() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let key = machine.home.path().join("key");
    fs::write(&key, host.key.expose_secret()).unwrap();
    allow(&key, 0o644);
    allow(machine.data.path(), 0o755);
    let mut command = machine.command(&host.url, "");
    command.env("MOLECULE_ORG_TOKEN_FILE", &key);
    let examined = Examined::of(command).await;
    examined.has_only("data_directory", "chmod -R go=");
    examined.has("key_file", "warning", "chmod 600");
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_is_handed_over_or_cant_be_rotated_is_told_as_such() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let (directory, key) = (machine.home.path().join("handed"), machine.home.path().join("handed/key"));
    fs::create_dir(&directory).unwrap();
    fs::write(&key, host.key.expose_secret()).unwrap();
    let from = |file: &Path, below: &Path| {
        let mut command = machine.command(&host.url, "");
        command.env("MOLECULE_ORG_TOKEN_FILE", file).env("CREDENTIALS_DIRECTORY", below);
        command
    };
    for (mode, below, words) in [
        (0o440, directory.as_path(), "can't be replaced by this server, so `rotate_org_key`"),
        (0o400, machine.home.path(), "can't be replaced by this server, so `rotate_org_key`"),
        (0o440, machine.data.path(), "can be read by others"),
    ] {
        allow(&key, mode);
        Examined::of(from(&key, below)).await.has("key_file", "warning", words);
    }
    let pipe = machine.home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    Examined::of(from(&pipe, &directory)).await.has_only("configuration", "a pipe");
}

#[tokio::test]
async fn a_proxy_that_isnt_used_is_told() {
    let machine = Machine::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = machine.command(&format!("http://{gone}"), KEY);
    command.env("https_proxy", "http://127.0.0.1:3128");
    Examined::of(command).await.has_only("tenant", "this program uses no proxy");
}

#[tokio::test]
async fn a_broken_database_is_told_and_so_is_a_journal_that_was_changed() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let key = host.key.expose_secret();
    let call = async || ended(machine.command(&host.url, key), &["call", "whoami"]).await;
    assert_eq!(call().await.code, 0);
    let database = machine.data.path().join("state.db");
    let open = Connection::open(&database).unwrap();
    open.execute("UPDATE journal SET tool = 'other' WHERE position = 1", []).unwrap();
    drop(open);
    machine.examine(&host.url, key).await.has_only("journal", "its hash doesn't fit");

    for side in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(machine.data.path().join(side));
    }
    fs::write(&database, "this was a database once").unwrap();
    let examined = machine.examine(&host.url, key).await;
    examined.has_only("database", "state.db can't be read");
    examined.has("journal", "unknown", "");
    examined.has("key", "ok", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_died_is_told() {
    let machine = Machine::new();
    let host = Host::start(false, Duration::ZERO);
    let mut served = Running::start(machine.command(&host.url, host.key.expose_secret()), &["stdio"]);
    served.greet();
    served.call(1, "whoami", json!({}));
    served.answer();
    machine.examine(&host.url, host.key.expose_secret()).await.has("processes", "ok", "1 at work");
    served.kill();
    machine.examine(&host.url, host.key.expose_secret()).await.has("processes", "warning", "1 died");
}

#[tokio::test]
async fn mistakes_in_what_was_chosen_are_told_and_dont_hide_each_other() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let key = host.key.expose_secret();
    let policy = machine.home.path().join("policy.toml");
    fs::write(&policy, "[ceiling]\nread-only = true\n").unwrap();
    let with = |name: &str, value: &str| {
        let mut command = machine.command(&host.url, key);
        command.env(name, value);
        command
    };
    let examined = Examined::of(with("MOLECULE_MCP_POLICY", policy.to_str().unwrap())).await;
    examined.has_only("policy", "did you mean `read_only`");
    examined.has("key", "ok", "");
    examined.has("consent", "unknown", "policy");

    let grant = format!("mog_{KEY}");
    Examined::of(with("MOLECULE_MCP_GRANT", &grant)).await.has_only("grant", "isn't known");
    let file = with("MOLECULE_MCP_GRANT_FILE", "/nowhere/grant");
    Examined::of(file).await.has_only("grant", "/nowhere/grant");

    for (name, value, words) in [
        ("MOLECULE_MCP_READONLY", "1", "did you mean `MOLECULE_MCP_READ_ONLY`"),
        ("MOLECULE_MCP_DATABASE_URL", "postgres://x", "can't honour"),
    ] {
        let examined = Examined::of(with(name, value)).await;
        examined.has_only("configuration", words);
        examined.has("database", "unknown", "configuration");
    }
    let examined = Examined::of(with("MOLECULE_ORG", "acme")).await;
    examined.has_only("configuration", "both set");
    examined.has("disk", "ok", "");
}

#[tokio::test]
async fn a_program_that_the_policy_names_has_to_be_there() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let policy = machine.home.path().join("policy.toml");
    fs::write(&policy, "[credentials.commands]\nvault = { sink = [\"/nowhere/vault\", \"put\"] }\n").unwrap();
    let mut command = machine.command(&host.url, host.key.expose_secret());
    command.env("MOLECULE_MCP_POLICY", &policy);
    Examined::of(command).await.has_only("commands", "vault: /nowhere/vault");
}

#[tokio::test]
async fn clients_that_wouldnt_start_it_are_told() {
    let (machine, host) = (Machine::new(), Host::start(false, Duration::ZERO));
    let (key, program) = (host.key.expose_secret(), env!("CARGO_BIN_EXE_molecule-org-mcp"));
    let entry = |command: &str, variables: Value| json!({ "command": command, "args": [], "env": variables });
    let at = |file: &str, entry: Value| {
        let place = machine.home.path().join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, json!({ "mcpServers": { "molecule": entry } }).to_string()).unwrap();
    };
    let file = machine.home.path().join("key");
    fs::write(&file, key).unwrap();
    #[cfg(unix)]
    allow(&file, 0o600);
    let whole =
        json!({ "MOLECULE_URL": host.url, "MOLECULE_ORG_TOKEN_FILE": file, "MOLECULE_MCP_DATA": machine.data.path() });
    at(".claude.json", entry(program, whole.clone()));
    let well = machine.examine(&host.url, key).await;
    well.has("clients", "ok", "starts this version");
    assert_eq!(fs::read_dir(machine.data.path()).unwrap().count(), 0, "a trial leaves nothing behind");

    for (broken, words) in [
        (entry("/nowhere/molecule-org-mcp", whole.clone()), "isn't there"),
        (entry(program, json!({ "MOLECULE_URL": host.url })), "no org key"),
        (entry(program, json!({ "MOLECULE_URL": host.url, "MOLECULE_ORG_TOKEN": "${NOT_SET_HERE}" })), "NOT_SET_HERE"),
    ] {
        at(".claude.json", broken);
        machine.examine(&host.url, key).await.has_only("clients", words);
    }
    let pattern = json!({ "MOLECULE_URL": format!("${{NOT_SET_HERE:-{}}}", host.url),
        "MOLECULE_ORG_TOKEN_FILE": "${HOME}/key", "MOLECULE_MCP_DATA": machine.data.path() });
    let directory = Path::new(program).parent().unwrap().display().to_string();
    at(".claude.json", entry(&program.replace(&directory, "${BIN}"), pattern));
    let mut filled = machine.command(&host.url, key);
    filled.env("BIN", directory);
    Examined::of(filled).await.has("clients", "ok", "starts this version");

    at(".claude.json", entry(program, whole));
    fs::create_dir_all(machine.home.path().join(".cursor")).unwrap();
    fs::write(machine.home.path().join(".cursor/mcp.json"), "{").unwrap();
    let both = machine.examine(&host.url, key).await;
    both.has("clients", "ok", "Claude Code");
    let states: Vec<&Value> = both.findings().iter().filter(|one| one["check"] == "clients").collect();
    assert!(states.len() == 2 && states[1]["state"] == "warning", "{states:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn programs_that_hang_leave_nothing_behind() {
    let machine = Machine::new();
    let (temporary, program) = (machine.home.path().join("tmp"), machine.home.path().join("molecule-org-mcp"));
    fs::create_dir(&temporary).unwrap();
    fs::write(&program, "#!/bin/sh\necho $$ >> \"$HOME/started\"\nexec sleep 600\n").unwrap();
    allow(&program, 0o755);
    let entries: serde_json::Map<String, Value> =
        (0..12).map(|count| (format!("m{count}"), json!({ "command": program, "env": {} }))).collect();
    fs::write(machine.home.path().join(".claude.json"), json!({ "mcpServers": entries }).to_string()).unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = machine.command(&format!("http://{gone}"), KEY);
    command.env("TMPDIR", &temporary);
    let examined = Examined::of(command).await;
    let of_state = |state: &str| {
        let found = examined.findings().iter().filter(|one| one["check"] == "clients" && one["state"] == state);
        found.count()
    };
    assert_eq!(of_state("problem") + of_state("unknown"), entries.len(), "each by name: {}", examined.verdict);
    assert!(
        of_state("unknown") > 0 && examined.verdict.to_string().contains("`m9` wasn't tried"),
        "{}",
        examined.verdict
    );
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    let started = fs::read_to_string(machine.home.path().join("started")).unwrap();
    assert_eq!(started.lines().count(), of_state("problem"));
    for process in started.lines() {
        let is_there =
            Command::new("sh").args(["-c", &format!("kill -0 {process}")]).output().unwrap().status.success();
        assert!(!is_there, "{process} runs on");
    }
}

#[tokio::test]
async fn doctor_used_wrongly_ends_with_two() {
    let machine = Machine::new();
    let Ended { code, out, err } = ended(machine.command("http://127.0.0.1:1", KEY), &["doctor", "--jsn"]).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("--json"), "{err}");
}

#[tokio::test]
async fn an_embedded_tenant_isnt_started_to_be_looked_at() {
    let machine = Machine::new();
    let mut command = bare(machine.data.path());
    command.env("HOME", machine.home.path()).arg("--embedded");
    let examined = Examined::of(command).await;
    assert_eq!(examined.code, 0, "{}", examined.verdict);
    examined.has("tenant", "unknown", "embedded");
    assert_eq!(fs::read_dir(machine.data.path()).unwrap().count(), 0);
}
