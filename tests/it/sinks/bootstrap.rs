//! `keys bootstrap`: the first org key, with the admin token; and a tenant that needs none.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::private;
use crate::process::{Ended, Running, bare, command, ended, towards};
use crate::support::http;

const ADMIN: &str = "the-admin-token-of-this-test";

/// A tenant as the binary serves it, and where things of ours are.
struct Place {
    _tenant: Running,
    url: String,
    home: TempDir,
}

impl Place {
    fn open(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let all = [&["tenant", "--listen", "127.0.0.1:0", "--empty"][..], arguments].concat();
        let mut tenant = Running::start(command(&home.path().join("tenant")), &all);
        let url = tenant.told("ready ").trim_start_matches("ready ").to_owned();
        private(&home.path().join("admin"), &format!("{ADMIN}\n"));
        Self { _tenant: tenant, url, home }
    }

    fn guarded() -> Self {
        Self::open(&["--admin-token", ADMIN])
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn admin(&self) -> PathBuf {
        self.home.path().join("admin")
    }

    async fn bootstrap(&self, url: &str, admin: &Path, sink: &str) -> Ended {
        let mut command = command(&self.data());
        command.env("MOLECULE_URL", url);
        let admin = admin.display().to_string();
        let arguments = ["keys", "bootstrap", "--name", "operations", "--sink", sink, "--admin-token-file", &admin];
        ended(command, &arguments).await
    }

    /// How many keys there are.
    async fn keys(&self) -> usize {
        let bearer = format!("Bearer {ADMIN}");
        let (status, text) = http("GET", &format!("{}/org/tokens", self.url), &[("Authorization", &bearer)], "").await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["tokens"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn the_first_key_is_minted_with_the_admin_token_and_works() {
    let place = Place::guarded();
    let minted = place.bootstrap(&place.url, &place.admin(), "file:operations").await;
    assert_eq!(minted.code, 0, "{}", minted.err);
    let told = minted.json();
    assert_eq!((&told["name"], &told["sink"]), (&json!("operations"), &json!("file:operations")));
    assert!(minted.err.contains("MOLECULE_ORG_TOKEN_FILE"), "{}", minted.err);
    let key = fs::read_to_string(told["location"].as_str().unwrap()).unwrap().trim().to_owned();
    assert!(key.starts_with(told["prefix"].as_str().unwrap()));
    for said in [&minted.out, &minted.err] {
        assert!(!said.contains(&key) && !said.contains(ADMIN), "{said}");
    }
    let me = ended(towards(&place.url, &key, &place.data()), &["call", "whoami"]).await.json();
    assert_eq!((&me["key_name"], me.get("warning")), (&json!("operations"), None));
    let journal =
        ended(towards(&place.url, &key, &place.data()), &["call", "query_journal", "tool=mint_org_key"]).await;
    let entry = &journal.json()["items"][0];
    assert!(entry["key_prefix"].as_str().is_some_and(|tag| tag.starts_with("other:")), "{entry}");
    assert!(!entry.to_string().contains(ADMIN));
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_minted() {
    let place = Place::guarded();
    let wrong = place.home.path().join("wrong");
    private(&wrong, "another-token\n");
    let refused = place.bootstrap(&place.url, &wrong, "file").await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("UNAUTHENTICATED: the tenant refused the admin token"), "{}", refused.err);

    let nobody = place.bootstrap("http://127.0.0.1:1", &place.admin(), "file").await;
    assert_eq!(nobody.code, 1);
    assert!(nobody.err.contains("TENANT_UNREACHABLE: "), "{}", nobody.err);

    fs::create_dir_all(place.data().join("credentials")).unwrap();
    private(&place.data().join("credentials/taken"), "x");
    for (sink, code) in
        [("file:taken", 1), ("file:../x", 2), ("fle:x", 2), ("command:vault", 3), ("env_file:taken#A", 1)]
    {
        let refused = place.bootstrap(&place.url, &place.admin(), sink).await;
        assert_eq!(refused.code, code, "{sink}: {}", refused.err);
    }
    assert_eq!(place.keys().await, 0);
}

#[tokio::test]
async fn the_admin_token_comes_from_its_owners_file_or_a_terminal() {
    let place = Place::guarded();
    let mut piped = command(&place.data());
    piped.env("MOLECULE_URL", &place.url);
    let without = ended(piped, &["keys", "bootstrap", "--name", "x", "--sink", "file"]).await;
    assert_eq!(without.code, 2);
    assert!(without.err.contains("--admin-token-file"), "{}", without.err);
    #[cfg(unix)]
    {
        let open = place.home.path().join("open");
        private(&open, ADMIN);
        fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let refused = place.bootstrap(&place.url, &open, "file").await;
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains("chmod 600"), "{}", refused.err);
    }
    let admin = place.admin().display().to_string();
    let arguments = ["keys", "bootstrap", "--name", "x", "--sink", "file", "--admin-token-file", &admin];
    let nowhere = ended(command(&place.data()), &arguments).await;
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("MOLECULE_ORG"), "{}", nowhere.err);
    // The built-in policy wants a person for whatever gives power.
    let mut asking = bare(&place.data());
    asking.env("MOLECULE_URL", &place.url);
    let asked = ended(asking, &arguments).await;
    assert_eq!(asked.code, 3);
    assert!(asked.err.contains("CONSENT_REQUIRED"), "{}", asked.err);
    assert_eq!(place.keys().await, 0);
}

#[tokio::test]
async fn a_tenant_that_lets_everybody_in_is_told_with_what_ends_it() {
    let place = Place::open(&["--environment", "development"]);
    let me = ended(towards(&place.url, &"k".repeat(43), &place.data()), &["call", "whoami"]).await.json();
    let warning = me["warning"].as_str().unwrap();
    assert!(warning.contains("EVERYBODY") && warning.contains("ADMIN_TOKEN"), "{warning}");
}
