//! The journal by itself: its chain, its checkpoints, what the verifier finds, and what it does when the
//! disk doesn't take it.

mod anchors;
mod before;
mod bytes;
mod changes;
mod commands;
mod found;
mod pruned;
mod together;
mod trouble;
mod who_sees;

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use molecule_org_mcp::journal::entry::{Intent, IntentDetail, Outcome, OutcomeDetail};
use molecule_org_mcp::journal::verify::{self, Kept, Report};
use molecule_org_mcp::journal::{Checkpoint, Journal, SigningKey};
use molecule_org_mcp::store::{Store, open_to_read};
use molecule_org_mcp::tools::effect::Effect;
use serde_json::json;
use uuid::Uuid;

pub const TENANT: &str = "https://acme.example";

pub fn open(home: &Path) -> Journal {
    Journal::open(Store::open(home), home, TENANT)
}

pub fn intent(tool: &str, effect: Effect, change: impl FnOnce(&mut IntentDetail)) -> Intent {
    let mut detail = IntentDetail {
        tenant: TENANT.into(),
        caller: "local".into(),
        door: "stdio".into(),
        arguments: "00".into(),
        decision: "allowed".into(),
        rule: "default".into(),
        ..IntentDetail::default()
    };
    change(&mut detail);
    let key_prefix = "abcdefgh".to_owned();
    Intent { invocation: Uuid::now_v7(), at: Utc::now(), tool: tool.into(), effect, key_prefix, detail }
}

pub fn outcome(of: &Intent, result: &str) -> Outcome {
    Outcome {
        invocation: of.invocation,
        at: Utc::now(),
        tool: of.tool.clone(),
        effect: of.effect,
        key_prefix: of.key_prefix.clone(),
        result: result.into(),
        detail: OutcomeDetail { changed: "yes".into(), ..OutcomeDetail::default() },
    }
}

/// One invocation from its intent to its outcome.
pub async fn one(journal: &Journal, intent: Intent) -> Uuid {
    let outcome = outcome(&intent, "done");
    journal.intend(intent).await.unwrap();
    let id = outcome.invocation;
    journal.conclude(outcome).await.unwrap();
    id
}

/// So many invocations, with a checkpoint after every ten of them; all checkpoints.
pub async fn written(journal: &Journal, invocations: usize) -> Vec<Checkpoint> {
    let mut checkpoints = Vec::new();
    for n in 1..=invocations {
        let effect = if n % 4 == 0 { Effect::Read } else { Effect::Write };
        let about = format!("workspace-{}", n % 3);
        one(
            journal,
            intent("update_workspace", effect, |detail| _ = detail.targets.insert("workspace_id".into(), about)),
        )
        .await;
        if n % 10 == 0 {
            checkpoints.extend(journal.checkpoint().await.unwrap());
        }
    }
    journal.flush().await.unwrap();
    checkpoints
}

pub fn verified(home: &Path, kept: &Kept) -> Report {
    let key = SigningKey::find(home).unwrap().map(|key| key.public());
    verify::database::all(&open_to_read(home).unwrap(), key, kept)
}

#[tokio::test]
async fn a_chain_is_whole_and_checkpoints_cover_it() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let checkpoints = written(&journal, 34).await;
    assert_eq!(checkpoints.iter().map(|one| (one.number, one.count)).collect::<Vec<_>>(), [(1, 20), (2, 40), (3, 60)]);
    let mut kept = Kept::default();
    kept.add(checkpoints[1].clone());
    let report = verified(home.path(), &kept);
    assert!(report.ok, "{report:?}");
    let chain = &report.chains[0];
    assert_eq!((report.chains.len(), chain.tenant.as_str(), chain.count), (1, TENANT, 68));
    // The flush at the end made the fourth.
    assert_eq!((chain.checkpoints, chain.kept_checkpoints), (4, 1));
    assert_eq!(chain.last_checkpoint.as_ref().unwrap().count, 68);
    assert!(journal.checkpoint().await.unwrap().is_none(), "there is nothing that none covers");
}

#[tokio::test]
async fn each_tenant_has_a_chain_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path());
    for tenant in ["https://a.example", "https://b.example", "https://a.example"] {
        let journal = Journal::open(store.clone(), home.path(), tenant);
        written(&journal, 3).await;
    }
    let report = verified(home.path(), &Kept::default());
    assert!(report.ok, "{report:?}");
    let told: Vec<_> = report.chains.iter().map(|one| (one.tenant.as_str(), one.count)).collect();
    assert_eq!(told, [("https://a.example", 12), ("https://b.example", 6)]);
    let journal = Journal::open(store, home.path(), "https://b.example");
    let query = molecule_org_mcp::journal::query::Query { limit: 100, ..Default::default() };
    assert_eq!(journal.query(query).await.unwrap().records.len(), 3, "nobody reads another tenant's");
}

#[tokio::test]
async fn a_checkpoint_follows_a_burst_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    one(&journal, intent("update_workspace", Effect::Write, |_| ())).await;
    let begun = Instant::now();
    while verified(home.path(), &Kept::default()).chains[0].checkpoints == 0 {
        assert!(begun.elapsed() < Duration::from_secs(12), "there is no checkpoint");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(4), "one for every entry would be too many");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_entries_get_a_checkpoint_at_once() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    journal.flush().await.unwrap();
    let begun = Instant::now();
    for _ in 0..502 {
        let intent = intent("get_workspace", Effect::Read, |_| ());
        let outcome = outcome(&intent, "done");
        journal.note(intent, outcome);
    }
    while verified(home.path(), &Kept::default()).chains.first().is_none_or(|chain| chain.checkpoints == 0) {
        assert!(begun.elapsed().as_secs() < 4, "it took as long as any checkpoint");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_tool_says_whether_the_journal_is_whole() {
    use crate::support::{House, Plan, state};
    let house = House::open(Plan::default());
    house.call("create_workspace", json!({ "name": "A", "external": true, "url": "https://a.example" })).await;
    let verified = house.call("verify_journal", json!({})).await;
    assert_eq!((&verified["ok"], &verified["problem"]), (&json!(true), &json!(null)), "{verified}");
    assert!(verified["count"].as_u64().unwrap() >= 3, "{verified}");
    state(house.home.path())
        .execute("UPDATE journal SET effect = 'read' WHERE tool = 'create_workspace' AND kind = 'intent'", [])
        .unwrap();
    let verified = house.call("verify_journal", json!({})).await;
    assert_eq!((&verified["ok"], &verified["problem"]["position"]), (&json!(false), &json!(1)), "{verified}");
    let typo = house.refusal("query_journal", json!({ "outcome": "dnoe" })).await;
    assert!(typo.contains("did you mean `done`"), "{typo}");
    let invocation = house.journal("create_workspace").await["invocation"].clone();
    assert_eq!(verified["problem"]["invocation"], invocation);
}
