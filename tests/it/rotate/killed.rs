//! Killed at every request of what mints: before the tenant did it, and after. The next start leaves no key that
//! nobody holds, and what was asked for can be done.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use molecule_org_mcp::journal::verify::Kept;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{delivered, live, minted};
use crate::journal::verified;
use crate::process::{Running, command, towards};
use crate::support::{Host, state};

/// What is done, and how it is done again; with a place of its own each time.
trait Deed: Sync {
    fn tool(&self) -> &'static str;
    fn wish(&self, place: &str) -> Value;
    fn command(&self, host: &Host, data: &Path) -> Command {
        towards(&host.url, host.key.expose_secret(), data)
    }
    /// Where a key stands that somebody holds.
    fn held(&self, data: &Path) -> Vec<String> {
        delivered(data)
    }
}

struct Mint;

impl Deed for Mint {
    fn tool(&self) -> &'static str {
        "mint_org_key"
    }

    fn wish(&self, place: &str) -> Value {
        json!({ "name": "new", "sink": format!("file:{place}") })
    }
}

struct Rotate(String);

impl Deed for Rotate {
    fn tool(&self) -> &'static str {
        "rotate_org_key"
    }

    fn wish(&self, place: &str) -> Value {
        json!({ "key": self.0, "sink": format!("file:{place}") })
    }
}

struct RotateOwn(String);

impl Deed for RotateOwn {
    fn tool(&self) -> &'static str {
        "rotate_org_key"
    }

    fn wish(&self, _: &str) -> Value {
        json!({ "key": self.0 })
    }

    fn command(&self, host: &Host, data: &Path) -> Command {
        let mut command = command(data);
        command.env("MOLECULE_URL", &host.url).env("MOLECULE_ORG_TOKEN_FILE", data.join("key"));
        command
    }

    fn held(&self, data: &Path) -> Vec<String> {
        vec![fs::read_to_string(data.join("key")).unwrap().trim().to_owned()]
    }
}

struct Token(String);

impl Deed for Token {
    fn tool(&self) -> &'static str {
        "create_workspace_token"
    }

    fn wish(&self, place: &str) -> Value {
        json!({ "workspace_id": self.0, "sink": format!("file:{place}") })
    }
}

/// Until nothing is left of what the dead process had begun.
fn settles(data: &Path) {
    let until = Instant::now() + Duration::from_secs(20);
    let open = || {
        let state = state(data);
        let sql = "SELECT (SELECT count(*) FROM deliveries WHERE step <> 'delivered') + (SELECT count(*) FROM journal i
            WHERE i.kind = 'intent' AND NOT EXISTS
                (SELECT 1 FROM journal o WHERE o.invocation = i.invocation AND o.kind = 'outcome'))";
        state.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    while open() > 0 {
        assert!(Instant::now() < until, "{} things are still open", open());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills that left something to be revoked.
fn found_revoked(data: &Path) -> u32 {
    let sql = "SELECT count(*) FROM journal WHERE kind = 'found' AND result = 'revoked'";
    state(data).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn prefixes(keys: Vec<String>) -> BTreeSet<String> {
    keys.into_iter().filter(|key| !key.is_empty()).map(|key| key[..8].to_owned()).collect()
}

struct Scene<'a, D> {
    host: &'a Host,
    data: &'a Path,
    deed: D,
    /// A list of what is live, as prefixes.
    path: String,
    watcher: SecretString,
}

impl<D: Deed> Scene<'_, D> {
    async fn live(&self) -> BTreeSet<String> {
        let (_, all) = self.host.ask("GET", &self.path, self.watcher.expose_secret(), Value::Null).await;
        let all = all["tokens"].as_array().unwrap().clone();
        all.iter().map(|one| one["prefix"].as_str().unwrap().to_owned()).collect()
    }

    /// False where it was done before so many requests had been made.
    async fn killed_at(&self, count: u64, done_first: bool) -> bool {
        let before = self.live().await;
        let mut process = Running::start(self.deed.command(self.host, self.data), &[]);
        process.greet();
        // What the start asks by itself isn't counted.
        process.call(1, "whoami", json!({}));
        process.answer();
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.host.halt_after(count, done_first);
        let place = format!("first-{count}-{done_first}");
        process.call(2, self.deed.tool(), self.deed.wish(&place));
        let halted = tokio::time::timeout(Duration::from_secs(6), self.host.halted()).await.is_ok();
        self.host.halt_no_more();
        process.kill();
        if !halted {
            return false;
        }
        let case = format!("{} killed at {count}, done first: {done_first}", self.deed.tool());
        let mut process = Running::start(self.deed.command(self.host, self.data), &[]);
        process.greet();
        settles(self.data);
        let held = prefixes(self.deed.held(self.data));
        let live = self.live().await;
        let orphans: Vec<&String> = live.iter().filter(|key| !before.contains(*key) && !held.contains(*key)).collect();
        assert!(orphans.is_empty(), "{case}: {orphans:?} live and nobody holds them");
        assert!(verified(self.data, &Kept::default()).ok, "{case}");
        drop(process);
        true
    }

    /// Every request in turn; how many kills that were.
    async fn killed_everywhere(&self) -> u64 {
        let mut kills = 0;
        for count in 0.. {
            for done_first in [false, true] {
                if !self.killed_at(count, done_first).await {
                    return kills;
                }
                kills += 1;
            }
        }
        kills
    }

    /// In one go.
    fn done(&self, wish: Value) -> Value {
        let mut process = Running::start(self.deed.command(self.host, self.data), &[]);
        process.greet();
        process.call(3, self.deed.tool(), wish);
        let answer = process.answer();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        answer["result"]["structuredContent"].clone()
    }
}

fn scene<'a, D>(host: &'a Host, data: &'a Path, deed: D, watcher: &SecretString) -> Scene<'a, D> {
    Scene { host, data, deed, path: "/org/tokens".to_owned(), watcher: watcher.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mint() {
    let (host, data) = (Host::start(false, Duration::ZERO), tempfile::tempdir().unwrap());
    let scene = scene(&host, data.path(), Mint, &host.mint("watcher"));
    let kills = scene.killed_everywhere().await;
    assert!(kills >= 4 && found_revoked(data.path()) > 0, "{kills} kills");
    println!("{kills} kills in a mint, no key that nobody holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation() {
    let (host, data) = (Host::start(false, Duration::ZERO), tempfile::tempdir().unwrap());
    let watcher = host.mint("watcher");
    let mut kills = 0;
    for count in 0..5 {
        for done_first in [false, true] {
            let (_, id) = minted(&host, "ci").await;
            let scene = scene(&host, data.path(), Rotate(id.clone()), &watcher);
            assert!(scene.killed_at(count, done_first).await, "{count} requests");
            kills += 1;
            let gone_on = live(&host, &watcher).await.len();
            // The last request ends the old key: done, there is nothing left to do.
            if (count, done_first) != (4, true) {
                let answer = scene.done(scene.deed.wish(&format!("second-{count}-{done_first}")));
                assert_eq!(answer["revoked"], id.as_str());
                let new = answer["prefix"].as_str().unwrap();
                assert!(delivered(data.path()).iter().any(|key| key.starts_with(new)), "{new} is held");
                let live = live(&host, &watcher).await;
                assert!(live.iter().any(|key| key == new), "{new} lives");
                assert!(live.len() <= gone_on, "one for one");
            }
        }
    }
    assert!(found_revoked(data.path()) > 0);
    println!("{kills} kills in a rotation, no key that nobody holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_the_servers_own_key() {
    let (host, data) = (Host::start(false, Duration::ZERO), tempfile::tempdir().unwrap());
    let watcher = host.mint("watcher");
    let mut kills = 0;
    for count in 0..5 {
        for done_first in [false, true] {
            let (key, id) = minted_by(&host, &watcher, "own").await;
            fs::write(data.path().join("key"), &key).unwrap();
            let scene = scene(&host, data.path(), RotateOwn(id), &watcher);
            assert!(scene.killed_at(count, done_first).await, "{count} requests");
            kills += 1;
            // It starts and works with whatever stands in its file.
            let now = scene.deed.held(data.path()).remove(0);
            assert!(live(&host, &watcher).await.contains(&now[..8].to_owned()), "{count} {done_first}");
            if (count, done_first) != (4, true) {
                scene.done(scene.deed.wish(""));
                let now = scene.deed.held(data.path()).remove(0);
                let live = live(&host, &watcher).await;
                assert!(live.contains(&now[..8].to_owned()) && !live.contains(&key[..8].to_owned()));
            }
        }
    }
    assert!(found_revoked(data.path()) > 0);
    println!("{kills} kills in a rotation of the server's own key, and it always had one that works");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspaces_token() {
    let (host, data) = (Host::start(false, Duration::ZERO), tempfile::tempdir().unwrap());
    let wish = json!({ "name": "Steady", "external": true, "url": "https://a.example" });
    let id = host.ask_as_owner("POST", "/workspaces", wish).await.1["id"].as_str().unwrap().to_owned();
    let path = format!("/workspaces/{id}/tokens");
    let scene = Scene { path, ..scene(&host, data.path(), Token(id), &host.key) };
    let kills = scene.killed_everywhere().await;
    assert!(kills >= 6 && found_revoked(data.path()) > 0, "{kills} kills");
    println!("{kills} kills while a workspace's token was made, none that nobody holds");
}

async fn minted_by(host: &Host, by: &SecretString, name: &str) -> (String, String) {
    let (_, key) = host.ask("POST", "/org/tokens", by.expose_secret(), json!({ "name": name })).await;
    (key["auth_token"].as_str().unwrap().to_owned(), key["id"].as_str().unwrap().to_owned())
}
