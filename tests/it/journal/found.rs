//! Keys that were being minted when a process died: the next start asks the tenant what became of them.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use molecule_org_mcp::journal::Journal;
use molecule_org_mcp::journal::verify::Kept;
use molecule_org_mcp::store::Store;
use molecule_org_mcp::tools::effect::Effect;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{intent, outcome, verified};
use crate::process::{Running, command, ended, towards};
use crate::support::{Host, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_finds_out_what_became_of_a_mint() {
    let host = Host::start(false, Duration::ZERO);
    let home = tempfile::tempdir().unwrap();
    let key = host.key.expose_secret();
    let mint = async |name: &str| host.ask_as_owner("POST", "/org/tokens", json!({ "name": name })).await.1;
    mint("twice").await;
    let journal = Journal::open(Store::open(home.path()), home.path(), &host.url);
    let seen: Vec<Value> = vec![json!(&key[..8])];
    for (name, seen) in [("never", None), ("once", Some(&seen)), ("twice", None)] {
        let mut unclear = intent("mint_org_key", Effect::Escalate, |detail| {
            detail.kept.insert("name".into(), json!(name));
            detail.seen = seen.map(|seen| json!(seen));
        });
        unclear.key_prefix = key[..8].to_owned();
        unclear.at = Utc::now() - TimeDelta::seconds(60);
        let unknown = outcome(&unclear, "unknown");
        journal.intend(unclear).await.unwrap();
        journal.conclude(unknown).await.unwrap();
    }
    journal.flush().await.unwrap();
    let once = mint("once").await["id"].clone();
    mint("twice").await;
    drop(journal);

    for _ in 0..2 {
        let process = Running::start(towards(&host.url, key, home.path()), &[]);
        let until = Instant::now() + Duration::from_secs(10);
        let count = || {
            let state = state(home.path());
            state
                .query_row("SELECT count(*) FROM journal WHERE kind = 'found'", [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        while count() < 3 {
            assert!(Instant::now() < until, "{} were found", count());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.close();
        assert_eq!(count(), 3, "what was found isn't looked up again");
    }
    let told =
        ended(command(home.path()), &["journal", "query", "--tool", "mint_org_key", "--outcome", "unknown"]).await;
    let told: Vec<Value> = told.out.lines().rev().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = told.iter().map(|one| one["found"].as_str().unwrap()).collect();
    assert_eq!(found, ["not_done", "done", "ambiguous"]);
    assert_eq!(told[1]["candidates"], json!([once]));
    assert_eq!(told[2]["candidates"].as_array().unwrap().len(), 2);
    assert!(verified(home.path(), &Kept::default()).ok);
    // Nobody touched them.
    assert_eq!(host.ask_as_owner("GET", "/org/tokens", Value::Null).await.1["count"], 4);
}
