//! What the recordings can't show: the state outlives the process, several processes share it, nothing
//! secret lies in it in clear, the simulated provisioner keeps its word, and the demo is worth a look.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use molecule_org_mcp::backend::embedded::{Settings, Tenant};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::exchange::{Answer, Request};
use super::play::start;

const VALUE: &str = "correct-horse-battery-staple";

pub(super) struct Caller {
    pub(super) address: SocketAddr,
    pub(super) key: String,
}

impl Caller {
    pub(super) async fn on(tenant: &Tenant, key: &str) -> Self {
        Self { address: start(tenant).await, key: key.to_owned() }
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send_with(method, path, body, ("Accept", "application/json")).await
    }

    pub(super) async fn send_with(&self, method: &str, path: &str, body: Value, (name, value): (&str, &str)) -> Answer {
        let bearer = ("Authorization".to_owned(), format!("Bearer {}", self.key));
        let headers = vec![bearer, (name.to_owned(), value.to_owned())];
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
        Request { method, path: path.to_owned(), headers, body }.send(self.address).await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}

pub(super) fn open(directory: &Path) -> Tenant {
    let pace = Duration::from_millis(30);
    Tenant::open(Settings { pace, ..Settings::everyday(directory.to_owned()) }).unwrap()
}

pub(super) fn key_of(tenant: &Tenant) -> String {
    tenant.mint_org_key("test", "start-up").unwrap().expose_secret().to_owned()
}

pub(super) async fn status_in_the_end(caller: &Caller, id: &str, wanted: &str) {
    for _ in 0..200 {
        if caller.get(&format!("/workspaces/{id}")).await["status"] == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{id} never became {wanted}");
}

#[tokio::test]
async fn state_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    assert!(tenant.is_empty().unwrap());
    let key = key_of(&tenant);
    let caller = Caller::on(&tenant, &key).await;
    let made = caller.send("POST", "/workspaces", json!({ "name": "Lasting" })).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let secret = json!({ "key": "API_KEY", "value": VALUE });
    assert_eq!(caller.send("POST", &format!("/workspaces/{id}/secrets"), secret).await.status, 200);
    drop(tenant);

    let tenant = open(directory.path());
    assert!(!tenant.is_empty().unwrap());
    let caller = Caller::on(&tenant, &key).await;
    assert_eq!(caller.get("/workspaces").await[0]["name"], "Lasting");
    assert_eq!(caller.get(&format!("/workspaces/{id}/secrets/values")).await["API_KEY"], VALUE);
    status_in_the_end(&caller, &id, "online").await;
}

#[tokio::test]
async fn nothing_secret_lies_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let key = key_of(&tenant);
    let caller = Caller::on(&tenant, &key).await;
    caller.send("PUT", "/settings/secrets", json!({ "key": "K", "value": VALUE })).await;
    let made = caller.send("POST", "/workspaces", json!({ "name": "Remote", "external": true })).await;
    let token = made.body["connection"]["auth_token"].as_str().unwrap().to_owned();

    for file in ["tenant.db", "tenant.db-wal"] {
        let bytes = fs::read(directory.path().join(file)).unwrap_or_default();
        for secret in [VALUE, &key, &token] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{file} holds a secret in clear");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_vaults_key_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let mode = fs::metadata(directory.path().join("secrets.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn two_tenants_share_one_state() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (open(directory.path()), open(directory.path()));
    let (first, second) = (key_of(&one), key_of(&one));
    let here = Caller::on(&one, &first).await;
    let there = Caller::on(&other, &second).await;

    here.send("PUT", "/settings/secrets", json!({ "key": "K", "value": VALUE })).await;
    let made = there.send("POST", "/workspaces", json!({ "name": "Seen" })).await;
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(here.get("/workspaces").await[0]["name"], "Seen");
    assert_eq!(there.get(&format!("/workspaces/{id}/secrets/values")).await["K"], VALUE);

    let keys = here.get("/org/tokens").await;
    let revoked = keys["tokens"][0]["id"].as_str().unwrap();
    assert_eq!(here.send("DELETE", &format!("/org/tokens/{revoked}"), Value::Null).await.status, 200);
    assert_eq!(there.send("GET", "/workspaces", Value::Null).await.status, 401);
}

#[tokio::test]
async fn the_first_key_of_the_vault_is_everybodys() {
    let directory = tempfile::tempdir().unwrap();
    let tenants: Vec<_> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(directory.path()))).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    let key = key_of(&tenants[0]);
    let writer = Caller::on(&tenants[0], &key).await;
    let made = writer.send("POST", "/workspaces", json!({ "name": "W", "secrets": { "K": VALUE } })).await;
    let path = format!("/workspaces/{}/secrets/values", made.body["id"].as_str().unwrap());
    for tenant in &tenants {
        assert_eq!(Caller::on(tenant, &key).await.get(&path).await["K"], VALUE);
    }
}

#[tokio::test]
async fn simulated_workspaces_do_what_they_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let made = caller.send("POST", "/workspaces", json!({ "name": "Runner" })).await;
    assert_eq!(made.body["status"], "provisioning");
    let id = made.body["id"].as_str().unwrap();
    status_in_the_end(&caller, id, "online").await;
    for (verb, answered, settled) in [
        ("restart", "provisioning", "online"),
        ("pause", "paused", "paused"),
        ("resume", "provisioning", "online"),
        ("hibernate", "hibernated", "hibernated"),
    ] {
        let answer = caller.send("POST", &format!("/workspaces/{id}/{verb}"), Value::Null).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!(answered)), "{verb}");
        status_in_the_end(&caller, id, settled).await;
    }
    assert_eq!(caller.send("DELETE", &format!("/workspaces/{id}"), Value::Null).await.status, 200);
}

#[tokio::test]
async fn the_demo_is_worth_a_look() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    tenant.seed_demo().unwrap();
    tenant.seed_demo().unwrap();
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;

    let workspaces = caller.get("/workspaces").await;
    let workspaces = workspaces.as_array().unwrap();
    assert!(workspaces.len() >= 12);
    assert_eq!(workspaces.iter().filter(|workspace| workspace["parent_id"].is_null()).count(), 3);
    for status in ["online", "degraded", "paused", "failed", "offline", "hibernated"] {
        assert!(workspaces.iter().any(|workspace| workspace["status"] == status), "none is {status}");
    }
    assert!(
        workspaces.iter().any(|workspace| workspace["budget_limit"].as_i64() < workspace["monthly_spend"].as_i64())
    );

    let pending = caller.get("/approvals/pending").await;
    assert!((2..=4).contains(&pending.as_array().unwrap().len()));

    let keys = caller.get("/org/tokens").await;
    let keys = keys["tokens"].as_array().unwrap();
    let minter = |name: &str| keys.iter().find(|key| key["name"] == name).unwrap()["created_by"].as_str().unwrap();
    let prefix = |name: &str| keys.iter().find(|key| key["name"] == name).unwrap()["prefix"].as_str().unwrap();
    assert_eq!(minter("release-bot"), format!("org-token:{}", prefix("ci-deploy")));
    assert!(keys.iter().any(|key| key.get("name").is_none()));
    let orphan = minter("contractor-dashboard").trim_start_matches("org-token:").to_owned();
    assert!(keys.iter().all(|key| key["prefix"] != orphan), "its minter should be revoked");

    assert_eq!(caller.get("/org/templates").await.as_array().unwrap().len(), 2);
    let refused = caller.send("POST", "/org/import", json!({ "dir": "research-desk" })).await;
    assert_eq!(refused.status, 412);
    let schedules = caller.get("/admin/schedules/health").await;
    assert!(schedules.as_array().unwrap().iter().any(|schedule| schedule["status"] == "stale"));
}

#[test]
fn a_seed_names_what_it_can_not_hold() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rows.jsonl");
    fs::write(&file, r#"{"table": "sqlite_master", "name": "x"}"#).unwrap();
    let error = open(directory.path()).seed_rows(&file).unwrap_err().to_string();
    assert!(error.contains("sqlite_master"), "{error}");
}

#[tokio::test]
async fn listing_what_is_pending_denies_what_waited_too_long() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rows.jsonl");
    let id = "00000000-0000-4000-8000-000000000001";
    let rows = [
        json!({ "table": "workspaces", "id": id, "name": "Asker" }),
        json!({ "table": "approval_requests", "workspace_id": id, "action": "old", "created_at": { "$seconds_from_now": -601 } }),
        json!({ "table": "approval_requests", "workspace_id": id, "action": "new", "created_at": { "$seconds_from_now": -5 } }),
    ];
    fs::write(&file, rows.map(|row| row.to_string()).join("\n")).unwrap();
    let tenant = open(directory.path());
    tenant.seed_rows(&file).unwrap();
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;

    let pending = caller.get("/approvals/pending").await;
    assert_eq!((pending.as_array().unwrap().len(), &pending[0]["action"]), (1, &json!("new")));
    let all = caller.get(&format!("/workspaces/{id}/approvals")).await;
    assert_eq!(all[1]["decided_by"], "auto-expired");
}

#[tokio::test]
async fn an_import_takes_its_time_and_places_children() {
    let directory = tempfile::tempdir().unwrap();
    let tenant = open(directory.path());
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    let began = std::time::Instant::now();
    let imported = caller.send("POST", "/org/import", json!({ "dir": "starter-team" })).await;
    assert_eq!((imported.status, &imported.body["count"]), (201, &json!(3)));
    assert!(began.elapsed() >= Duration::from_millis(60));
    let workspaces = caller.get("/workspaces").await;
    assert_eq!(workspaces[1]["parent_id"], workspaces[0]["id"]);
    assert_ne!(workspaces[1]["x"], workspaces[2]["x"]);
}
