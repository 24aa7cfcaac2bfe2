//! `install`: what it writes into clients' own files, what it leaves alone there, and that what it wrote starts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Ended, Running, ended, waived};

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
const CLIENTS: [&str; 6] = ["claude-code", "claude-desktop", "cursor", "vscode", "codex", "gemini-cli"];

/// A home that nothing was installed in.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn file(&self, client: &str) -> PathBuf {
        let desktop = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        self.at(&match client {
            "claude-code" => ".claude.json".to_owned(),
            "claude-desktop" => format!("{desktop}/Claude/claude_desktop_config.json"),
            "cursor" => ".cursor/mcp.json".to_owned(),
            "vscode" => format!("{desktop}/Code/User/mcp.json"),
            "codex" => ".codex/config.toml".to_owned(),
            "gemini-cli" => ".gemini/settings.json".to_owned(),
            other => panic!("{other}"),
        })
    }

    fn text(&self, client: &str) -> String {
        fs::read_to_string(self.file(client)).unwrap()
    }

    fn write(&self, client: &str, text: &str) {
        let file = self.file(client);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_molecule-org-mcp"));
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    async fn install(&self, arguments: &[&str]) -> Ended {
        self.install_with(&[], arguments).await
    }

    async fn install_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.command();
        command.envs(variables.iter().copied());
        ended(command, &[&["install"], arguments].concat()).await
    }

    /// Everything below it, with what it holds.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for one in fs::read_dir(directory).unwrap().map(|one| one.unwrap().path()) {
                match one.is_dir() {
                    true => walk(&one, found),
                    false => drop(found.insert(one.clone(), fs::read(&one).unwrap())),
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self.0.path(), &mut found);
        found
    }

    /// The entry as another reader than ours understands it.
    fn entry(&self, client: &str, name: &str) -> Value {
        self.all(client)[name].clone()
    }

    fn all(&self, client: &str) -> Value {
        let text = self.text(client);
        match client {
            "codex" => {
                serde_json::to_value(toml::from_str::<toml::Value>(&text).unwrap()).unwrap()["mcp_servers"].clone()
            }
            "vscode" => serde_json::from_str::<Value>(&text).unwrap()["servers"].clone(),
            _ => serde_json::from_str::<Value>(&text).unwrap()["mcpServers"].clone(),
        }
    }

    /// What the client would start, with references replaced as it replaces them.
    fn started(&self, client: &str, name: &str, surroundings: &[(&str, &str)]) -> Command {
        let entry = self.entry(client, name);
        let mut command = Command::new(entry["command"].as_str().unwrap());
        command.args(entry["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()));
        command.env_clear().env("HOME", self.0.path());
        if !["codex", "claude-desktop"].contains(&client) {
            command.envs(surroundings.iter().copied());
        }
        for (name, text) in entry["env"].as_object().into_iter().flatten() {
            let mut text = text.as_str().unwrap().to_owned();
            for (variable, value) in surroundings {
                let written = match client {
                    "claude-code" | "gemini-cli" => format!("${{{variable}}}"),
                    _ => format!("${{env:{variable}}}"),
                };
                text = text.replace(&written, value);
            }
            command.env(name, text);
        }
        for passed in entry["env_vars"].as_array().into_iter().flatten() {
            let (name, value) = surroundings.iter().find(|(name, _)| passed == name).unwrap();
            command.env(name, value);
        }
        command
    }
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn kept(file: &Path) -> PathBuf {
    let name = format!("{}.before-molecule-org-mcp", file.file_name().unwrap().to_str().unwrap());
    file.with_file_name(name)
}

/// A file with somebody's own things in it.
fn lived_in(client: &str) -> &'static str {
    match client {
        "codex" => {
            "# mine\nmodel = \"o9\" # the good one\n\n[mcp_servers.other]\ncommand = \"other\" # keep\nargs = [\n  \"a\",\n]\n\n[tui]\n# quiet\nnotifications = false\n"
        }
        "vscode" => {
            "{\n\t// mine\n\t\"inputs\": [],\n\t\"servers\": {\n\t\t/* keep */\n\t\t\"other\": { \"type\": \"http\", \"url\": \"https://a.example\" }, // last\n\t},\n\t\"zebra\": 1,\n}\n"
        }
        "gemini-cli" => {
            "{\n    // mine\n    \"theme\": \"dark\",\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\", \"args\": [] }\n        // the end\n    },\n    \"a\": [1, 2]\n}"
        }
        _ => {
            "{\n  \"zebra\": 1.0,\n  \"mcpServers\": {\n    \"other\": {\n      \"command\": \"x\",\n      \"env\": { \"K\": \"\\u00e9\" }\n    }\n  },\n  \"apple\": { \"b\": 1e3 }\n}\n"
        }
    }
}

#[tokio::test]
async fn each_client_is_set_up_once_and_taken_out_again() {
    for client in CLIENTS {
        let home = Home::new();
        let made = home.install(&[client, "--embedded"]).await;
        assert_eq!(made.code, 0, "{client}: {}", made.err);
        let file = home.file(client);
        assert!(made.out.contains(file.to_str().unwrap()), "{client}: {}", made.out);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{client}");
        let entry = home.entry(client, "molecule");
        assert_eq!(entry["args"], json!(["stdio", "--embedded"]), "{client}");
        let program = Path::new(env!("CARGO_BIN_EXE_molecule-org-mcp")).canonicalize().unwrap();
        assert_eq!(Path::new(entry["command"].as_str().unwrap()), program, "{client}");
        assert!(made.err.contains("where cargo builds"), "{client}: {}", made.err);

        let before = home.files();
        let again = home.install(&[client, "--embedded"]).await;
        assert_eq!((again.code, again.out.contains("already set up")), (0, true), "{client}: {}", again.err);
        assert_eq!(home.files(), before, "{client}");

        let gone = home.install(&[client, "--uninstall"]).await;
        assert_eq!(gone.code, 0, "{client}: {}", gone.err);
        assert!(!home.text(client).contains("molecule"), "{client}: {}", home.text(client));
        let before = home.files();
        let again = home.install(&[client, "--uninstall"]).await;
        assert_eq!((again.code, again.out.contains("not set up")), (0, true), "{client}: {}", again.err);
        assert_eq!(home.files(), before, "{client}");
    }
}

#[tokio::test]
async fn what_else_stands_in_the_file_stays_to_the_byte() {
    for client in CLIENTS {
        let home = Home::new();
        let original = lived_in(client);
        home.write(client, original);
        let file = home.file(client);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let made = home.install(&[client, "--embedded"]).await;
        assert_eq!(made.code, 0, "{client}: {}", made.err);
        let text = home.text(client);
        let mut rest = text.lines();
        for line in original.lines() {
            // A comma may follow what was last.
            let same = |other: &str| other.replacen(',', "", 9) == line.replacen(',', "", 9);
            assert!(rest.by_ref().any(same), "{client}: {line:?} is gone from\n{text}");
        }
        assert!(text.contains("molecule-org-mcp"), "{client}: {text}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "{client}");
        assert_eq!(fs::read_to_string(kept(&file)).unwrap(), original, "{client}");
        assert_eq!(fs::metadata(kept(&file)).unwrap().permissions().mode() & 0o777, 0o640, "{client}");
        assert!(made.out.contains(kept(&file).to_str().unwrap()), "{client}: {}", made.out);

        let gone = home.install(&[client, "--uninstall"]).await;
        assert_eq!(gone.code, 0, "{client}: {}", gone.err);
        assert_eq!(home.text(client), original, "{client}");
        assert_eq!(home.files().len(), 2, "{client}: one that is kept, whatever happened");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_starts_and_holds_no_key() {
    let grant = format!("mog_{KEY}");
    for client in CLIENTS.into_iter().filter(|client| *client != "claude-desktop") {
        let home = Home::new();
        let secrets = [("MOLECULE_ORG_TOKEN", KEY), ("MOLECULE_MCP_GRANT", grant.as_str())];
        let set = [&secrets[..], &[("MOLECULE_ORG", "acme"), ("MOLECULE_ORG_ID", "1")]].concat();
        let shown = home.install_with(&set, &[client, "--print"]).await;
        let made = home.install_with(&set, &[client]).await;
        assert_eq!((shown.code, made.code), (0, 0), "{client}: {}", made.err);
        let written: String = home.files().into_values().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        for text in [&written, &shown.out, &shown.err, &made.out, &made.err] {
            assert!(!text.contains(KEY), "{client}: {text}");
        }
        assert!(made.err.contains("MOLECULE_MCP_GRANT and MOLECULE_ORG_TOKEN must be set"), "{client}: {}", made.err);
        let env = &home.entry(client, "molecule")["env"];
        assert_eq!((&env["MOLECULE_ORG"], &env["MOLECULE_ORG_ID"]), (&json!("acme"), &json!("1")), "{client}");

        let started = home.started(client, "molecule", &secrets);
        let has = |name: &str, value: &str| {
            started.get_envs().any(|(key, set)| key == name && set.is_some_and(|set| set == value))
        };
        assert!(has("MOLECULE_ORG_TOKEN", KEY) && has("MOLECULE_MCP_GRANT", &grant), "{client}");
        // A reference that nobody replaced is no key, and no grant.
        let mut refused =
            home.started(client, "molecule", &[("MOLECULE_MCP_GRANT", &grant), ("MOLECULE_ORG_TOKEN", "")]);
        refused.env("MOLECULE_ORG_TOKEN", "${MOLECULE_ORG_TOKEN}");
        let refused = ended(refused, &[]).await;
        assert_eq!(refused.code, 2, "{client}: {}", refused.err);
        assert!(refused.err.contains("refers to a variable that isn't set"), "{client}: {}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_entry_answers_with_the_surface_that_suits_its_client() {
    let home = Home::new();
    private(&home.at("key"), KEY);
    let mut listed = BTreeMap::new();
    for client in CLIENTS {
        let set = [("MOLECULE_ORG", "acme"), ("MOLECULE_ORG_TOKEN_FILE", "key")];
        let made = home.install_with(&set, &[client]).await;
        assert_eq!(made.code, 0, "{client}: {}", made.err);
        let file = home.entry(client, "molecule")["env"]["MOLECULE_ORG_TOKEN_FILE"].clone();
        assert_eq!(Path::new(file.as_str().unwrap()), home.at("key"), "{client}");
        // What the client's shell has set besides contradicts nothing.
        let others = [("MOLECULE_ORG_TOKEN", KEY), ("MOLECULE_URL", "https://b.example")];
        let mut served = Running::start(home.started(client, "molecule", &others), &[]);
        served.greet();
        served.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
        listed.insert(client, served.answer()["result"]["tools"].as_array().unwrap().len());
    }
    let full = listed["claude-code"];
    assert_eq!(listed["codex"], full);
    assert!(["claude-desktop", "cursor", "vscode", "gemini-cli"].iter().all(|client| listed[client] * 2 < full));
    home.install_with(&[("MOLECULE_MCP_SURFACE", "full")], &["cursor", "--embedded"]).await;
    assert_eq!(home.entry("cursor", "molecule")["env"]["MOLECULE_MCP_SURFACE"], "full");
    // What the configuration file says is nobody else's to say.
    fs::write(home.at("config.toml"), "surface = \"compact\"\n").unwrap();
    home.install(&["codex", "--embedded", "--config", "config.toml"]).await;
    let entry = home.entry("codex", "molecule");
    assert_eq!(entry["args"], json!(["stdio", "--embedded", "--config", home.at("config.toml")]));
    assert_eq!(entry["env"], Value::Null);
}

#[tokio::test]
async fn choices_go_along_with_whole_paths() {
    let home = Home::new();
    private(&home.at("key"), KEY);
    private(&home.at("policy.toml"), &fs::read_to_string(waived()).unwrap());
    let flags =
        ["--org", "beta", "--key-file", "key", "--toolsets", "org,keys", "--read-only", "--policy", "policy.toml"];
    let more = ["--name", "beta", "--data", "state", "--log", "info"];
    let set = [("MOLECULE_ORG", "acme"), ("MOLECULE_ORG_TOKEN", KEY), ("MOLECULE_ORG_ID", "b-1")];
    let made = home.install_with(&set, &[&["claude-desktop"][..], &flags, &more].concat()).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let expected = json!({
        "MOLECULE_ORG": "beta",
        "MOLECULE_ORG_ID": "b-1",
        "MOLECULE_ORG_TOKEN_FILE": home.at("key"),
        "MOLECULE_MCP_DATA": home.at("state"),
        "MOLECULE_MCP_LOG": "info",
        "MOLECULE_MCP_POLICY": home.at("policy.toml"),
        "MOLECULE_MCP_READ_ONLY": "true",
        "MOLECULE_MCP_SURFACE": "compact",
        "MOLECULE_MCP_TOOLSETS": "org,keys",
    });
    assert_eq!(home.entry("claude-desktop", "beta")["env"], expected);
    assert!(!home.at("state").exists(), "nothing is started yet");
    // Where the platform's data directory was moved, the state is there for every client.
    home.install_with(&[("XDG_DATA_HOME", "/moved")], &["codex", "--embedded"]).await;
    let data = home.entry("codex", "molecule")["env"]["MOLECULE_MCP_DATA"].clone();
    assert_eq!(data, if cfg!(target_os = "linux") { json!("/moved/molecule-org-mcp") } else { Value::Null });
}

#[tokio::test]
async fn several_of_us_stand_side_by_side_and_others_are_left_alone() {
    for client in CLIENTS {
        let home = Home::new();
        for name in ["acme", "beta"] {
            assert_eq!(home.install(&[client, "--embedded", "--name", name]).await.code, 0);
        }
        let all = home.all(client);
        assert_eq!(all.as_object().unwrap().len(), 2, "{client}: {all}");
        let gone = home.install(&[client, "--uninstall", "--name", "acme"]).await;
        assert!(gone.out.contains("still:") && gone.out.contains("`beta`"), "{client}: {}", gone.out);
        assert!(home.entry(client, "acme").is_null() && !home.entry(client, "beta").is_null(), "{client}");

        let home = Home::new();
        home.write(client, lived_in(client));
        for more in ["--embedded", "--uninstall"] {
            let other = home.install(&[client, more, "--name", "other"]).await;
            assert_eq!(other.code, 1, "{client}: {}", other.err);
            assert!(other.err.contains("doesn't start this program"), "{client}: {}", other.err);
        }
        assert_eq!(home.text(client), lived_in(client), "{client}");
    }
}

#[tokio::test]
async fn what_a_person_added_to_our_entry_stays() {
    let home = Home::new();
    for client in ["gemini-cli", "codex"] {
        home.install(&[client, "--embedded", "--read-only"]).await;
        let text = home.text(client);
        let added = match client {
            "codex" => text
                .replace("args =", "startup_timeout_sec = 20 # slow\nargs =")
                .replace("[mcp_servers.molecule.env]", "[mcp_servers.molecule.env]\nHTTPS_PROXY = \"http://p\" # ours"),
            _ => text
                .replace("\"args\":", "// slow\n\"timeout\": 20, \"args\":")
                .replace("\"env\": {", "\"env\": { \"HTTPS_PROXY\": \"http://p\","),
        };
        home.write(client, &added);
        let made = home.install(&[client, "--embedded", "--toolsets", "org"]).await;
        assert_eq!(made.code, 0, "{client}: {}", made.err);
        let text = home.text(client);
        for stays in ["slow", "HTTPS_PROXY", "http://p", "20"] {
            assert!(text.contains(stays), "{client}: {stays} is gone from\n{text}");
        }
        assert!(text.contains("MOLECULE_MCP_TOOLSETS") && !text.contains("READ_ONLY"), "{client}: {text}");
    }
}

#[tokio::test]
async fn shown_is_exactly_what_would_be_written_and_nothing_is() {
    for client in CLIENTS {
        let home = Home::new();
        home.write(client, lived_in(client));
        let before = home.files();
        let shown = home.install(&[client, "--embedded", "--print"]).await;
        assert_eq!((shown.code, home.files()), (0, before.clone()), "{client}: {}", shown.err);
        assert!(shown.err.contains(home.file(client).to_str().unwrap()), "{client}: {}", shown.err);
        assert!(!shown.out.contains("other"), "{client}: only ours is shown: {}", shown.out);
        home.write(client, &shown.out);
        let printed = home.all(client);
        let again = home.install(&[client, "--embedded"]).await;
        assert!(again.out.contains("already set up"), "{client}: {} {printed}", again.out);
        let before = home.files();
        let would = home.install(&[client, "--uninstall", "--print"]).await;
        assert_eq!((would.code, home.files()), (0, before), "{client}: {}", would.err);
        assert!(would.out.contains("would no longer be set up"), "{client}: {}", would.out);
    }
}

#[tokio::test]
async fn a_file_that_cant_be_understood_is_never_touched() {
    for client in CLIENTS {
        let broken: &[(&str, &str)] = match client {
            "codex" => {
                &[("a = 1\n[x\nk = \"s3cr3t\"", "line 2, column "), ("mcp_servers = \"s3cr3t\"", "isn't a table")]
            }
            _ => &[
                ("{\n  \"a\": \"s3cr3t\",\n  b: 1\n}", "line 3, column 3"),
                ("{\n  \"a\": \"s3cr3t\"", "line 1, column 1"),
                ("[\"s3cr3t\"]", "it isn't an object"),
                ("{ \"servers\": [\"s3cr3t\"], \"mcpServers\": 7 }", "ervers` isn't an object"),
                ("{ \"mcpServers\": {}, \"servers\": {}, \"mcpServers\": {}, \"servers\": {} }", "stands in it twice"),
            ],
        };
        for (text, told) in broken {
            for more in [&["--embedded"][..], &["--uninstall"], &["--embedded", "--print"]] {
                let home = Home::new();
                home.write(client, text);
                let before = home.files();
                let wrong = home.install(&[&[client], more].concat()).await;
                assert_eq!((wrong.code, home.files()), (1, before), "{client}: {text}: {}", wrong.err);
                assert!(wrong.err.contains(told), "{client}: {text}: {}", wrong.err);
                assert!(wrong.err.contains(home.file(client).to_str().unwrap()), "{client}: {}", wrong.err);
                assert!(!wrong.err.contains("s3cr3t") && !wrong.out.contains("s3cr3t"), "{client}: {}", wrong.err);
            }
        }
    }
}

#[tokio::test]
async fn a_link_stays_a_link_and_what_cant_be_written_stays() {
    for client in CLIENTS {
        let home = Home::new();
        let file = home.file(client);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::create_dir(home.at("dotfiles")).unwrap();
        fs::write(home.at("dotfiles/it"), lived_in(client)).unwrap();
        symlink(home.at("dotfiles/it"), &file).unwrap();
        assert_eq!(home.install(&[client, "--embedded"]).await.code, 0);
        assert!(file.is_symlink(), "{client}");
        assert!(fs::read_to_string(home.at("dotfiles/it")).unwrap().contains("molecule-org-mcp"), "{client}");
        assert_eq!(fs::read_to_string(kept(&home.at("dotfiles/it"))).unwrap(), lived_in(client), "{client}");

        // One that leads nowhere, one that may only be read, and one whose directory is none.
        let dangling = Home::new();
        fs::create_dir_all(dangling.file(client).parent().unwrap()).unwrap();
        symlink(dangling.at("nowhere"), dangling.file(client)).unwrap();
        let guarded = Home::new();
        guarded.write(client, lived_in(client));
        fs::set_permissions(guarded.file(client), fs::Permissions::from_mode(0o444)).unwrap();
        for home in [dangling, guarded] {
            let names = || fs::read_dir(home.file(client).parent().unwrap()).unwrap().count();
            let before = names();
            let wrong = home.install(&[client, "--embedded"]).await;
            assert_eq!((wrong.code, names()), (1, before), "{client}: {}", wrong.err);
            assert!(wrong.err.contains("nothing was changed"), "{client}: {}", wrong.err);
        }
    }
    let home = Home::new();
    fs::write(home.at(".cursor"), "").unwrap();
    let wrong = home.install(&["cursor", "--embedded"]).await;
    assert_eq!((wrong.code, wrong.err.contains("nothing was changed")), (1, true), "{}", wrong.err);
}

#[tokio::test]
async fn clients_files_are_found_where_they_were_moved_to() {
    let home = Home::new();
    for (client, variable, file) in [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("gemini-cli", "GEMINI_CLI_HOME", ".gemini/settings.json"),
    ] {
        let moved = home.at(variable);
        let made = home.install_with(&[(variable, moved.to_str().unwrap())], &[client, "--embedded"]).await;
        assert_eq!((made.code, moved.join(file).is_file()), (0, true), "{client}: {}", made.err);
        assert!(!home.file(client).exists(), "{client}");
    }
    for (client, file) in [
        ("claude-code", ".mcp.json"),
        ("cursor", ".cursor/mcp.json"),
        ("vscode", ".vscode/mcp.json"),
        ("codex", ".codex/config.toml"),
        ("gemini-cli", ".gemini/settings.json"),
    ] {
        let (home, project) = (Home::new(), tempfile::tempdir().unwrap());
        let mut command = home.command();
        command.current_dir(project.path());
        let made = ended(command, &["install", client, "--embedded", "--project"]).await;
        assert_eq!((made.code, project.path().join(file).is_file()), (0, true), "{client}: {}", made.err);
        assert!(
            made.err.contains("paths of this machine") && made.out.contains("--project --uninstall"),
            "{}",
            made.err
        );
        assert!(home.files().is_empty(), "{client}");
    }
}

#[tokio::test]
async fn what_wouldnt_start_isnt_written() {
    let home = Home::new();
    private(&home.at("key"), KEY);
    fs::write(home.at("open-grant"), format!("mog_{KEY}")).unwrap();
    fs::set_permissions(home.at("open-grant"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(home.at("config.toml"), "data = \"state\"\n").unwrap();
    let org = ("MOLECULE_ORG", "acme");
    let token = ("MOLECULE_ORG_TOKEN", KEY);
    let before = home.files();
    for (set, arguments, words) in [
        (&[][..], &["claude-cod"][..], "claude-code"),
        (&[], &["cursor"], "--embedded"),
        (&[org], &["cursor"], "MOLECULE_ORG_TOKEN_FILE"),
        (&[token], &["cursor"], "MOLECULE_ORG"),
        (&[org, ("MOLECULE_ORG_TOKEN_FILE", "nowhere")], &["cursor"], "nowhere"),
        (&[org, token], &["claude-desktop"], "MOLECULE_ORG_TOKEN_FILE"),
        (&[org, token, ("MOLECULE_ORG_TOKEN_FILE", "key")], &["cursor"], "give one"),
        (&[("MOLECULE_MCP_GRANT_FILE", "open-grant")], &["cursor", "--embedded"], "chmod 600"),
        (&[], &["cursor", "--embedded", "--policy", "none.toml"], "none.toml"),
        (&[], &["cursor", "--embedded", "--config", "config.toml"], "whole path"),
        (&[], &["cursor", "--embedded", "--data", "a$b"], "for a variable"),
        (&[], &["cursor", "--embedded", "--name", "a b"], "letters"),
        (&[], &["gemini-cli", "--embedded", "--name", "a_b"], "use `-`"),
        (&[], &["claude-desktop", "--embedded", "--project"], "--project"),
        (&[("MOLECULE_MCP_READONLY", "1")], &["cursor", "--embedded"], "MOLECULE_MCP_READ_ONLY"),
    ] {
        let wrong = home.install_with(set, arguments).await;
        assert_eq!(wrong.code, 2, "{arguments:?}: {}{}", wrong.out, wrong.err);
        assert!(wrong.err.contains(words), "{arguments:?}: {}", wrong.err);
        assert!(!wrong.err.contains(KEY), "{arguments:?}");
    }
    assert_eq!(home.files(), before);
    fs::set_permissions(home.at("key"), fs::Permissions::from_mode(0o640)).unwrap();
    let open = home.install_with(&[org], &["cursor", "--key-file", "key"]).await;
    assert_eq!((open.code, open.err.contains("others can read it")), (0, true), "{}", open.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_install_at_the_same_time_all_stand_there() {
    for client in ["cursor", "codex"] {
        let home = Home::new();
        let names: Vec<String> = (0..8).map(|number| format!("m-{number}")).collect();
        let all = names.iter().map(|name| {
            let child = home
                .command()
                .args(["install", client, "--embedded", "--name", name])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            child.unwrap()
        });
        // Every one is started before the first is waited for.
        let all: Vec<_> = all.collect();
        let ended = all.into_iter().map(|mut child| child.wait().unwrap().code());
        assert!(ended.eq([Some(0); 8]), "{client}");
        let stand = home.all(client);
        assert!(names.iter().all(|name| !stand[name].is_null()), "{client}: {stand}");
    }
}

#[tokio::test]
async fn a_key_that_stood_in_the_entry_is_told_of_and_kept_from_others() {
    for (client, text) in [
        (
            "cursor",
            "{ 'mcpServers': { 'molecule': { 'command': 'molecule-org-mcp', 'env': { 'MOLECULE_ORG_TOKEN': 'KEY' } } } }",
        ),
        ("codex", "[mcp_servers.molecule]\ncommand = 'molecule-org-mcp'\nenv = { MOLECULE_MCP_GRANT = 'KEY' }\n"),
    ] {
        for more in ["--embedded", "--uninstall"] {
            let home = Home::new();
            home.write(client, &text.replace('\'', "\"").replace("KEY", KEY));
            let file = home.file(client);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            let made = home.install(&[client, more]).await;
            let told = format!("the key still stands in {}: delete that", kept(&file).display());
            assert_eq!((made.code, made.err.contains(&told)), (0, true), "{client}: {}", made.err);
            assert!(!home.text(client).contains(KEY) && !made.err.contains(KEY), "{client}");
            let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&kept(&file)), mode(&file)), (0o600, 0o644), "{client}");
        }
    }
}

#[tokio::test]
async fn a_file_keeps_its_mark_and_its_line_ends() {
    for client in CLIENTS {
        let home = Home::new();
        let original = format!("\u{feff}{}", lived_in(client).replace('\n', "\r\n"));
        home.write(client, &original);
        let made = home.install(&[client, "--embedded"]).await;
        assert_eq!(made.code, 0, "{client}: {}", made.err);
        let text = home.text(client);
        assert!(text.starts_with('\u{feff}') && text.contains("molecule-org-mcp"), "{client}: {text:?}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{client}: {text:?}");
        assert!(home.install(&[client, "--embedded"]).await.out.contains("already set up"), "{client}");
        assert_eq!(home.install(&[client, "--uninstall"]).await.code, 0, "{client}");
        assert_eq!(home.text(client), original, "{client}");
    }
}

#[tokio::test]
async fn an_entry_that_stands_there_twice_is_taken_out_twice() {
    let home = Home::new();
    let ours = r#""molecule": { "command": "molecule-org-mcp" }"#;
    let text = format!("{{ \"mcpServers\": {{ {ours}, \"other\": {{ \"command\": \"o\" }}, {ours} }} }}");
    home.write("cursor", &text);
    let made = home.install(&["cursor", "--embedded"]).await;
    assert_eq!((made.code, made.err.contains("stands in it twice")), (1, true), "{}", made.err);
    let gone = home.install(&["cursor", "--uninstall"]).await;
    assert_eq!((gone.code, gone.out.contains("still:")), (0, false), "{}", gone.out);
    assert_eq!(home.all("cursor"), json!({ "other": { "command": "o" } }));
    // One of them is somebody else's.
    home.write("cursor", &text.replacen("molecule-org-mcp", "another", 1));
    let refused = home.install(&["cursor", "--uninstall"]).await;
    assert_eq!((refused.code, refused.err.contains("doesn't start this program")), (1, true), "{}", refused.err);
}

#[tokio::test]
async fn an_entrys_name_says_nothing_to_the_terminal() {
    let home = Home::new();
    let strange = r#"{ "mcpServers": { "molecule": { "command": "molecule-org-mcp" },
        "a\u001b[2Jb\nc": { "command": "molecule-org-mcp" } } }"#;
    home.write("cursor", strange);
    let gone = home.install(&["cursor", "--uninstall"]).await;
    assert!(gone.out.contains("as `a[2Jb c` in") && !gone.out.contains('\u{1b}'), "{:?}", gone.out);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_told() {
    let home = Home::new();
    fs::create_dir(home.at(".cursor")).unwrap();
    symlink(home.at("nowhere"), home.file("cursor")).unwrap();
    let wrong = home.install(&["cursor", "--embedded"]).await;
    let told = format!("a link to {}, which isn't there", home.at("nowhere").display());
    assert_eq!((wrong.code, wrong.err.contains(&told)), (1, true), "{}", wrong.err);
}

#[tokio::test]
async fn what_path_finds_is_written_where_it_leads_to_this_program() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_molecule-org-mcp");
    let link = home.at("bin/molecule-org-mcp");
    fs::create_dir(home.at("bin")).unwrap();
    symlink(program, &link).unwrap();
    let path = home.at("bin");
    let made = home.install_with(&[("PATH", path.to_str().unwrap())], &["cursor", "--embedded"]).await;
    assert_eq!(home.entry("cursor", "molecule")["command"], json!(link), "{}", made.err);
    assert!(made.err.contains("install it for good (docs/install.md)"), "{}", made.err);
    // Another of the same name isn't this program.
    fs::remove_file(&link).unwrap();
    fs::copy("/bin/sh", &link).unwrap();
    home.install_with(&[("PATH", path.to_str().unwrap())], &["cursor", "--embedded"]).await;
    let this = Path::new(program).canonicalize().unwrap();
    assert_eq!(home.entry("cursor", "molecule")["command"], json!(this));
}
