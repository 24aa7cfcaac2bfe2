//! The policy file through the real binary: what it forbids, what it can't be, and that it holds over flags.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::process::{Ended, bare, ended};

pub const VIEWERS: &str = "[callers]\ncli = \"viewer\"\nstdio = \"viewer\"\n";

/// A policy file, and a data directory beside it.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn with(policy: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.say(policy);
        place
    }

    pub fn say(&self, policy: &str) {
        // As an editor does it: a new file in the place of the old one.
        let draft = self.0.path().join("draft");
        fs::write(&draft, policy).unwrap();
        fs::rename(&draft, self.policy()).unwrap();
    }

    pub fn policy(&self) -> PathBuf {
        self.0.path().join("policy.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let policy = self.policy();
        let all = [&["--policy", policy.to_str().unwrap()], arguments].concat();
        ended(bare(&self.data()), &all).await
    }
}

#[tokio::test]
async fn a_policy_forbids_and_no_flag_lifts_it() {
    let place = Place::with("[callers]\ncli = \"operator\"\n[ceiling]\ntoolsets = [\"workspaces\", \"governance\"]");
    let create = ["--embedded", "--toolsets", "all", "call", "create_workspace", "name=a"];
    assert_eq!(place.run(&create).await.code, 0);
    let refused = place.run(&["--embedded", "--toolsets", "all", "call", "list_org_keys"]).await;
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("FORBIDDEN_BY_POLICY: list_org_keys belongs to the toolset `keys`, which is off"));
    let both = place.run(&["--toolsets", "keys,governance", "--surface", "full", "tools"]).await.out;
    assert!(both.contains("whoami") && !both.contains("create_workspace") && !both.contains("list_org_keys"), "{both}");

    place.say(VIEWERS);
    let refused = place.run(&create).await;
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("which the role `viewer` may not"), "{}", refused.err);
    let who = place.run(&["--embedded", "call", "whoami"]).await.json();
    assert_eq!(who["policy"].as_str().unwrap().len(), 12, "{who}");
    let listed = place.run(&["--embedded", "call", "query_journal", "tool=create_workspace", "limit=1"]).await.json();
    assert_eq!(listed["items"][0]["rule"], "role");
    assert_eq!(policy_of_newest(&place.data()), who["policy"].as_str().unwrap());

    let without = ended(bare(&place.data()), &["--embedded", "call", "whoami"]).await.json();
    assert_eq!(without["policy"], "built-in");
}

/// The digest that stands in the newest intent.
fn policy_of_newest(data: &Path) -> String {
    let sql = "SELECT json_extract(body, '$.policy') FROM journal WHERE kind = 'intent' ORDER BY rowid DESC LIMIT 1";
    crate::support::state(data).query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_kind_of_place_that_the_policy_leaves_out_is_refused_before_anything_is_sent() {
    let place = Place::with("[credentials]\nsinks = []\nsources = [\"file\"]\n[consent]\nescalate = \"waived\"");
    let embedded = |arguments: &[&'static str]| [&["--embedded", "call"], arguments].concat();
    let refused = place.run(&embedded(&["mint_org_key", "name=ci", "sink=file"])).await;
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("allows no sink of the kind `file`"), "{}", refused.err);
    let keys = place.run(&embedded(&["list_org_keys"])).await.json();
    assert!(!keys.to_string().contains("\"ci\""), "{keys}");
    let refused = place.run(&embedded(&["set_global_secret", "key=A", "source=env:PATH"])).await;
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("no source of the kind `env`") && refused.err.contains("source: file"),
        "{}",
        refused.err
    );
}

#[tokio::test]
async fn a_mistake_in_it_stops_the_start() {
    let place = Place::with("[ceiling]\nread_onyl = true\n");
    for arguments in
        [&["--embedded"][..], &["--embedded", "http"], &["demo"], &["tools"], &["--embedded", "call", "whoami"]]
    {
        let wrong = place.run(arguments).await;
        assert_eq!(wrong.code, 2, "{arguments:?}: {}", wrong.err);
        let told = "policy.toml: line 2, column 1: unknown key `read_onyl`; did you mean `read_only`?";
        assert!(wrong.err.contains(told), "{}", wrong.err);
    }
    assert!(!place.data().exists());
    for named in [json!("MOLECULE_MCP_POLICY"), json!("config")] {
        let mut command = bare(&place.data());
        let config = place.data().with_file_name("config.toml");
        fs::write(&config, format!("policy = {:?}", place.policy())).unwrap();
        let arguments = match named.as_str() {
            Some("config") => vec!["--config", config.to_str().unwrap(), "tools"],
            _ => {
                command.env("MOLECULE_MCP_POLICY", place.policy());
                vec!["tools"]
            }
        };
        assert_eq!(ended(command, &arguments).await.code, 2, "{named}");
    }
    fs::remove_file(place.policy()).unwrap();
    assert_eq!(place.run(&["tools"]).await.code, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_write_to_is_no_policy() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with("[ceiling]\n");
    for (mode, code) in [(0o600, 0), (0o644, 0), (0o444, 0), (0o664, 2), (0o646, 2), (0o666, 2)] {
        fs::set_permissions(place.policy(), fs::Permissions::from_mode(mode)).unwrap();
        let ended = place.run(&["tools"]).await;
        assert_eq!(ended.code, code, "{mode:o}: {}", ended.err);
        assert_eq!(ended.err.contains("chmod go-w"), code == 2, "{}", ended.err);
    }
}

#[tokio::test]
async fn what_it_waives_is_told_at_the_start() {
    let place = Place::with("[consent]\ndestroy = \"waived\"\ntools.mint_org_key = \"waived\"");
    let told = place.run(&["--embedded", "--log", "info", "call", "whoami"]).await.err;
    assert!(told.contains("the policy that holds") && told.contains("waived=destroy; mint_org_key"), "{told}");
}
