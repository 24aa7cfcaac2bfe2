//! The ledger that a demo begins with is whole, and a tenant without a salt doesn't guess.

use molecule_org_mcp::backend::embedded::{Settings, Tenant};
use serde_json::{Value, json};

use super::state::{Caller, key_of};

const LEDGER: &str = "/workspaces/de300000-0000-4000-8000-000000000002/audit";

async fn demo(salt: Option<&str>) -> (tempfile::TempDir, Caller) {
    let directory = tempfile::tempdir().unwrap();
    let everyday = Settings::everyday(directory.path().to_owned());
    let tenant = Tenant::open(Settings { ledger_salt: salt.map(str::to_owned), ..everyday }).unwrap();
    tenant.seed_demo().unwrap();
    let caller = Caller::on(&tenant, &key_of(&tenant)).await;
    (directory, caller)
}

#[tokio::test]
async fn the_demos_ledger_is_whole() {
    let (_directory, caller) = demo(Some("everyday")).await;
    let all = caller.get(LEDGER).await;
    assert_eq!((&all["chain_valid"], &all["total"]), (&json!(true), &json!(8)));
    let (first, second) = (&all["events"][0], &all["events"][1]);
    assert_eq!((&first["prev_hmac"], &second["prev_hmac"]), (&Value::Null, &first["hmac"]));
    // one of its sessions alone doesn't begin the chain
    let later = caller.get(&format!("{LEDGER}?session_id=release-4.18")).await;
    assert_eq!((&later["chain_valid"], &later["total"]), (&json!(false), &json!(3)));
    assert_eq!(caller.get(&format!("{LEDGER}?offset=1")).await["chain_valid"], Value::Null);
}

#[tokio::test]
async fn without_a_salt_nothing_is_said() {
    let (_directory, caller) = demo(None).await;
    let all = caller.get(LEDGER).await;
    assert_eq!((&all["chain_valid"], &all["total"]), (&Value::Null, &json!(8)));
}

#[tokio::test]
async fn a_changed_entry_is_noticed() {
    let (directory, caller) = demo(Some("everyday")).await;
    let rows = rusqlite::Connection::open(directory.path().join("tenant.db")).unwrap();
    rows.execute("UPDATE audit_events SET risk_flag = 0 WHERE id = 'demo-build-runner-4'", []).unwrap();
    assert_eq!(caller.get(LEDGER).await["chain_valid"], false);
    assert_eq!(caller.get(&format!("{LEDGER}?limit=3")).await["chain_valid"], true);
}
